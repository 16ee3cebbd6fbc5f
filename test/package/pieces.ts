import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readReference } from '../../web/vite/documents/reference.js'
import { root } from './tarball.js'

/** A piece of code in a document. */
export type Piece = {
  /** Where it is from, and its number there: `README-1`. */
  readonly name: string
  readonly language: string
  /** The rest of the word after the language: `needs=FILE` of what only runs where there is such a file. */
  readonly mark: string
  readonly code: string
}

const guide = 'web/guide/chapters'
const chapters = readdirSync(join(root, guide))
  .filter(name => name.endsWith('.md'))
  .map(name => `${guide}/${name}`)

/** The documents whose code is run: README, the engine's guide, the chapters of the page's guide. */
export const documents = ['README.md', 'engine/GUIDE.md', ...chapters]

/** All pieces of code of a document that are in one of these languages. */
export function piecesOf(document: string, languages: readonly string[]): Piece[] {
  const blocks = readFileSync(join(root, document), 'utf8').matchAll(
    /^( *)```(\w+)(?: ([^\n]*))?\n([\s\S]*?)^\1```/gm,
  )
  const name = document.replace(/^.*\/|\.md$/g, '')
  return [...blocks]
    .filter(([, , language]) => languages.includes(language))
    .map(([, indent, language, mark = '', code], i) => {
      const lines = code.split('\n').map(line => line.slice(indent.length))
      return { name: `${name}-${i + 1}`, language, mark, code: lines.join('\n') }
    })
}

/** All public names, those in namespaces among them, by `xenograd/door name`. */
export const publicNames = readReference(root).flatMap(({ name: door, entries }) =>
  entries.flatMap(entry => [
    { door, ...entry },
    ...(entry.kind === 'namespace'
      ? entry.members.map(member => ({ door, ...member, name: `${entry.name}.${member.name}` }))
      : []),
  ]),
)

/** The examples in docstrings. */
export const examples: readonly Piece[] = publicNames.flatMap(({ door, name, examples: codes, members }) =>
  [...codes, ...members.flatMap(member => member.examples)].map((code, i) => ({
    name: `${door.replace('/', '-')}-${name}-${i + 1}`,
    language: 'ts',
    mark: '',
    code,
  })),
)
