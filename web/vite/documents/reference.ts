import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript5'
import { type Exported, ExportReader } from './exports.js'
import { signatureOf } from './signature.js'

/** A public name of the package, or a member of one, as its source and its docstring say it. Texts are Markdown. */
export type Entry = {
  readonly name: string
  readonly kind: 'class' | 'function' | 'type' | 'constant' | 'namespace' | 'member'
  /** As TypeScript, without the body; overloads one after the other. */
  readonly signature: string
  /** What its docstring says, without the tags below; empty where there is none. */
  readonly text: string
  readonly parameters: readonly { readonly name: string; readonly text: string }[]
  readonly returns: string
  /** What it throws, and when. */
  readonly throws: readonly string[]
  /** Code, each of which runs by itself. */
  readonly examples: readonly string[]
  /** Where it is written, from the project's root, and in which line. */
  readonly file: string
  readonly line: number
  /** Its whole declaration. */
  readonly source: string
  /** Methods and properties of a class, functions of a namespace. */
  readonly members: readonly Entry[]
}

/** A door of the package. */
export type ReferenceModule = {
  /** What is imported: `xenograd/model`. */
  readonly name: string
  /** Its name in addresses: `model`; `xenograd` for the engine. */
  readonly id: string
  /** The comment that its file begins with, in Markdown. */
  readonly text: string
  readonly entries: readonly Entry[]
}

/** Doors that are no library but the command line. */
const commandLine = /^\.\/cli\b/

/** All public doors of the package in the order of its package.json. `root`: the project's. */
export function readReference(root: string): ReferenceModule[] {
  const { exports }: { exports: Record<string, { readonly types: string } | string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  const reader = new ExportReader(root)
  return Object.entries(exports).flatMap(([door, files]) => {
    if (typeof files === 'string' || commandLine.test(door)) return []
    const path = files.types.replace(/^\.\/dist\/|\.d\.ts$/g, '').concat('.ts')
    const name = `xenograd${door.slice(1)}`
    return [
      {
        name,
        id: name.replace('xenograd/', ''),
        text: headOf(reader.file(path)),
        entries: entriesOf(reader, path),
      },
    ]
  })
}

const entriesOf = (reader: ExportReader, path: string): Entry[] =>
  [...reader.exportsOf(path)]
    .map(([name, exported]) => entryOf(reader, name, exported))
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))

function entryOf(reader: ExportReader, name: string, exported: Exported): Entry {
  if ('namespace' in exported) {
    const file = reader.file(exported.namespace)
    const head = { name, kind: 'namespace', signature: `import { ${name} } from 'xenograd'` } as const
    const empty = { parameters: [], returns: '', throws: [], examples: [], line: 1, source: '' }
    return {
      ...head,
      ...empty,
      text: headOf(file),
      file: file.fileName,
      members: entriesOf(reader, exported.namespace),
    }
  }
  const { declarations } = exported
  // Of overloads the last one, which has the body, is no way to call it.
  const overloads = declarations.filter(node => ts.isFunctionDeclaration(node) && !node.body)
  const shown = overloads.length ? overloads : declarations.filter(node => !isMerged(node, declarations))
  const members = declarations.flatMap(node => membersOf(reader, node))
  return { ...described(name, shown), kind: kindOf(declarations[0]), members }
}

/** Whether it is an interface that only adds to a class of the same name. */
const isMerged = (node: ts.Node, declarations: readonly ts.Node[]): boolean =>
  ts.isInterfaceDeclaration(node) && declarations.some(ts.isClassDeclaration)

function kindOf(node: ts.Node): Entry['kind'] {
  if (ts.isClassDeclaration(node)) return 'class'
  if (ts.isFunctionDeclaration(node)) return 'function'
  if (!ts.isVariableDeclaration(node)) return 'type'
  const { initializer, type } = node
  const called = initializer && (ts.isArrowFunction(initializer) || ts.isCallExpression(initializer))
  return (called && !type) || type?.kind === ts.SyntaxKind.FunctionType ? 'function' : 'constant'
}

/** Methods and properties that users may use: of a class, and of the interfaces that one merged with it extends. */
function membersOf(reader: ExportReader, node: ts.Node): Entry[] {
  if (ts.isInterfaceDeclaration(node))
    return (node.heritageClauses ?? []).flatMap(({ types }) =>
      types.flatMap(({ expression }) => {
        const extended = reader.named(node.getSourceFile().fileName, expression.getText())
        if (!extended || 'namespace' in extended) return []
        return extended.declarations.flatMap(inherited =>
          ts.isInterfaceDeclaration(inherited) ? entriesOfMembers(inherited.members) : [],
        )
      }),
    )
  return ts.isClassDeclaration(node) ? entriesOfMembers(node.members) : []
}

/** A getter and a setter, and all overloads of a method, are one member. */
function entriesOfMembers(members: ts.NodeArray<ts.ClassElement | ts.TypeElement>): Entry[] {
  const byName = new Map<string, ts.Node[]>()
  for (const member of members.filter(isPublic)) {
    const name = member.name?.getText() ?? 'constructor'
    byName.set(name, [...(byName.get(name) ?? []), member])
  }
  return [...byName].map(([name, nodes]) => ({ ...described(name, nodes), kind: 'member', members: [] }))
}

function isPublic(member: ts.ClassElement | ts.TypeElement): boolean {
  const hidden = ts.canHaveModifiers(member)
    ? ts
        .getModifiers(member)
        ?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword)
    : false
  const { name } = member
  const internal = ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal')
  // What begins with _ is what Node's classes call.
  const written = name
    ? ts.isIdentifier(name) && !name.text.startsWith('_')
    : ts.isConstructorDeclaration(member)
  return written && !hidden && !internal
}

/** What is said of declarations: by their text, and by the docstring of the first one that has one. */
function described(name: string, nodes: readonly ts.Node[]): Omit<Entry, 'kind' | 'members'> {
  const documented = nodes.find(node => ts.getJSDocCommentsAndTags(node).some(ts.isJSDoc)) ?? nodes[0]
  const comments = ts.getJSDocCommentsAndTags(documented).filter(ts.isJSDoc)
  const tags = ts.getJSDocTags(documented)
  const textsOf = (tag: string): string[] =>
    tags.filter(({ tagName }) => tagName.text === tag).map(({ comment }) => textOf(comment))
  const file = documented.getSourceFile()
  const statement = ts.isVariableDeclaration(documented) ? documented.parent.parent : documented
  return {
    name,
    signature: nodes.map(signatureOf).join('\n'),
    text: textOf(comments.at(-1)?.comment),
    parameters: tags
      .filter(ts.isJSDocParameterTag)
      .map(tag => ({ name: tag.name.getText(), text: textOf(tag.comment).replace(/^- /, '') })),
    returns: textsOf('returns').join(' '),
    throws: textsOf('throws'),
    examples: textsOf('example').map(code => code.replace(/^```\w*\n|\n```$/g, '')),
    file: file.fileName,
    line: file.getLineAndCharacterOfPosition(statement.getStart()).line + 1,
    source: statement.getText(),
  }
}

const textOf = (comment: ts.JSDoc['comment']): string => (ts.getTextOfJSDocComment(comment) ?? '').trim()

/** The first docstring of a file, after its imports: what it says of the whole file. */
function headOf({ text }: ts.SourceFile): string {
  const [comment = ''] = /\/\*\*[\s\S]*?\*\//.exec(text) ?? []
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^ *\* ?/gm, '')
    .trim()
}
