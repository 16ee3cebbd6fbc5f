import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript5'

/** What a module exports under one name: its declarations (overloads, a class and an interface), or a module of its own. */
export type Exported =
  | { readonly declarations: readonly ts.Node[] }
  /** `export * as name`: the file of the module. */
  | { readonly namespace: string }

type Exports = ReadonlyMap<string, Exported>

/**
 * Reads what modules of the project export, without types: from the text of the files alone, following `export … from`.
 * That takes less time than TypeScript's checker, and leaves signatures as they are written.
 */
export class ExportReader {
  readonly #root: string
  readonly #files = new Map<string, ts.SourceFile>()
  readonly #exports = new Map<string, Exports>()

  constructor(root: string) {
    this.#root = root
  }

  /** The parsed text of a file, whose path is from the project's root. */
  file(path: string): ts.SourceFile {
    const known = this.#files.get(path)
    if (known) return known
    const text = readFileSync(join(this.#root, path), 'utf8')
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    this.#files.set(path, file)
    return file
  }

  /** All that a file exports, by name. @throws Error when it exports what is nowhere declared. */
  exportsOf(path: string): Exports {
    const known = this.#exports.get(path)
    if (known) return known
    const exports = new Map<string, Exported>()
    for (const statement of this.file(path).statements)
      if (ts.isExportDeclaration(statement)) this.#addReexports(exports, path, statement)
      else if (isExported(statement))
        for (const [name, node] of declaredBy(statement)) {
          const before = exports.get(name)
          const others = before && 'declarations' in before ? before.declarations : []
          exports.set(name, { declarations: [...others, node] })
        }
    this.#exports.set(path, exports)
    return exports
  }

  /** What a name means in a file that declares or imports it. */
  named(path: string, name: string): Exported | undefined {
    const { statements } = this.file(path)
    const declarations = statements.flatMap(statement =>
      declaredBy(statement).flatMap(([declared, node]) => (declared === name ? [node] : [])),
    )
    if (declarations.length) return { declarations }
    for (const statement of statements) {
      const bindings = ts.isImportDeclaration(statement) && statement.importClause?.namedBindings
      if (!bindings || !ts.isNamedImports(bindings)) continue
      const imported = bindings.elements.find(element => element.name.text === name)
      if (imported)
        return this.exportsOf(target(path, statement.moduleSpecifier)).get(
          (imported.propertyName ?? imported.name).text,
        )
    }
    return undefined
  }

  #addReexports(exports: Map<string, Exported>, path: string, statement: ts.ExportDeclaration): void {
    const { exportClause, moduleSpecifier } = statement
    const from = moduleSpecifier ? target(path, moduleSpecifier) : path
    if (!exportClause) for (const [name, exported] of this.exportsOf(from)) exports.set(name, exported)
    else if (ts.isNamespaceExport(exportClause)) exports.set(exportClause.name.text, { namespace: from })
    else
      for (const { name, propertyName } of exportClause.elements) {
        const original = (propertyName ?? name).text
        const exported = moduleSpecifier ? this.exportsOf(from).get(original) : this.named(path, original)
        if (!exported) throw new Error(`${path}: ${from} does not export ${original}`)
        exports.set(name.text, exported)
      }
  }
}

/** The file that `from './name.js'` means in a file. */
const target = (path: string, specifier: ts.Expression): string =>
  join(dirname(path), (specifier as ts.StringLiteral).text).replace(/\.js$/, '.ts')

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** The names that a statement declares, each with the node that says what it is. */
function declaredBy(statement: ts.Statement): [name: string, node: ts.Node][] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(node => [node.name.getText(), node])
  const { name } = statement as ts.DeclarationStatement
  return name ? [[name.getText(), statement]] : []
}
