import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InputError } from '../data/index.js'
import { interrupted } from './interrupt.js'
import { type ScoredFragment, ScoredSet, type SetName, setNames } from './scoredSet.js'

/** The columns that are no scores; every other column of a table is one. `relation` says `near` or `far`. */
const described = ['set', 'read', 'genus', 'genome', 'length', 'gc', 'relation'] as const
type DescribedColumn = (typeof described)[number]

/** The columns of a table of `xenograd score` that are no scores either. */
const ofCalls = ['p', 'call', 'file']

/** A table to read: one with a column `set`, or one that `xenograd score` wrote, whose rows are all of the set `set`. */
export type GivenTable = { readonly path: string; readonly set?: SetName }

/** The header of the table of scores per fragment. */
export const fragmentHeader = (scores: readonly string[]): string =>
  `#${['set', 'read', 'genus', 'genome', 'length', 'gc', ...scores].join('\t')}\n`

/** A row of that table: numbers with all their digits, so that what is read back ranks the same; NA for undefined. */
export function formatFragment(
  set: SetName,
  { name, genus, genome, length, gc, scores }: ScoredFragment,
): string {
  const number = (x: number): string => (Number.isNaN(x) ? 'NA' : String(x))
  return `${[set, name, genus ?? 'NA', genome ?? 'NA', length, number(gc), ...scores.map(number)].join('\t')}\n`
}

/** A table of scores per fragment, read. */
export type FragmentTable = {
  /** The names of the scores, in the order of their columns. */
  readonly names: readonly string[]
  readonly sets: Readonly<Record<SetName, ScoredSet>>
  /** The genera of out-of-distribution fragments that the table calls near; undefined without a column `relation`. */
  readonly near: readonly string[] | undefined
}

/**
 * Reads tables of scores per fragment (TSV with a header, plain or gzip) as one, as `xenograd evaluate --tsv` writes
 * them: `set` (`in` or `ood`), one column for each score, and as far as they are known `read`, `genus`, `genome`,
 * `length`, `gc` and `relation`, in any order; or as `xenograd score` writes them. An empty cell, `NA` and `NaN` stand for
 * undefined.
 *
 * @throws InputError, with the line, for a file that cannot be read or is no such table, for tables of different scores,
 * and for a set without rows.
 */
export async function readFragmentTable(...tables: readonly GivenTable[]): Promise<FragmentTable> {
  const interned = new Map<string, string>()
  const relations = new Map<string, string>()
  let sets: Record<SetName, ScoredSet> | undefined
  let names: readonly string[] = []
  let hasRelations = false
  for (const { path, set: setOfTable } of tables) {
    let header: Header | undefined
    let number = 0
    for await (const line of linesOf(path)) {
      number++
      if (line === '') continue
      const where = `${path} line ${number}`
      const cells = line.split('\t')
      if (!header) {
        header = parseHeader(cells, where, setOfTable)
        hasRelations ||= header.columns.has('relation')
        const columns = header.scores.map(({ name }) => name)
        if (sets && columns.join('\t') !== names.join('\t'))
          throw new InputError(
            `${where}: the scores are ${columns.join(', ')}, but those of ${tables[0].path} ${names.join(', ')}`,
          )
        names = columns
        sets ??= { in: new ScoredSet(names, interned), ood: new ScoredSet(names, interned) }
      } else if (sets) {
        const { set, relation, fragment } = parseRow(cells, header, where)
        sets[set].add(fragment)
        if (set === 'ood' && relation !== undefined) addRelation(relations, fragment.genus, relation, where)
      }
    }
    if (!header) throw new InputError(`${path}: is empty; wanted a table of scores with a header`)
  }
  if (!sets) throw new InputError('no table of scores')
  for (const name of setNames)
    if (sets[name].size === 0)
      throw new InputError(
        `${tables.map(({ path }) => path).join(', ')}: no row whose set is '${name}'; both sets are needed`,
      )
  const near = [...relations].filter(([, relation]) => relation === 'near').map(([genus]) => genus)
  return { names, sets, near: hasRelations ? near : undefined }
}

/** The lines of a text file, plain or gzip. @throws InputError for a file that cannot be read. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { signal: interrupted })
  // An error of either stream reaches whoever reads the last one.
  const text = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file
  let rest = ''
  try {
    for await (const chunk of text.setEncoding('utf8')) {
      const lines = `${rest}${chunk}`.split(/\r?\n/)
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new InputError(`${path}: ${code === 'ENOENT' ? 'no such file' : message}`)
  }
  if (rest !== '') yield rest
}

type Header = {
  /** The set of all rows, if no column says it. */
  readonly set: SetName | undefined
  readonly width: number
  readonly columns: ReadonlyMap<DescribedColumn, number>
  readonly scores: readonly { readonly name: string; readonly index: number }[]
}

function parseHeader(cells: readonly string[], where: string, set: SetName | undefined): Header {
  const names = cells.map((cell, i) => (i === 0 ? cell.replace(/^#\s*/, '') : cell))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new InputError(`${where}: two columns are called '${twice}'; give each its own name`)
  const isDescribed = (name: string): name is DescribedColumn => described.some(known => known === name)
  const columns = new Map(names.flatMap((name, i) => (isDescribed(name) ? [[name, i] as const] : [])))
  const isScore = (name: string) => !isDescribed(name) && !(set && ofCalls.includes(name))
  const scores = names.flatMap((name, index) => (isScore(name) ? [{ name, index }] : []))
  if (!set && !columns.has('set'))
    throw new InputError(`${where}: the header has no column 'set' (in or ood); got ${names.join(', ')}`)
  if (set && (columns.has('set') || !columns.has('read')))
    throw new InputError(`${where}: not a table of xenograd score for single reads; got ${names.join(', ')}`)
  if (scores.length === 0)
    throw new InputError(`${where}: the header has no score: no column beside ${described.join(', ')}`)
  return { set, width: names.length, columns, scores }
}

function parseRow(
  cells: readonly string[],
  { set: setOfTable, width, columns, scores }: Header,
  where: string,
): { set: SetName; relation: string | undefined; fragment: ScoredFragment } {
  if (cells.length !== width)
    throw new InputError(`${where}: ${cells.length} columns, but the header has ${width}`)
  const text = (column: DescribedColumn): string | undefined => {
    const cell = cells[columns.get(column) ?? -1]
    return cell === undefined || isUndefined(cell) ? undefined : cell
  }
  const name = text('read') ?? ''
  const number = (column: string, cell: string | undefined): number => {
    if (cell === undefined || isUndefined(cell)) return Number.NaN
    const value = Number(cell.replace(/^([+-]?)inf$/i, '$1Infinity'))
    if (Number.isNaN(value))
      throw new InputError(
        `${where}: '${cell}' in column ${column} is not a number${name && ` (read ${name})`}`,
      )
    return value
  }
  const given = setOfTable ?? text('set')
  const set = setNames.find(known => known === given)
  if (!set)
    throw new InputError(
      `${where}: the set is '${given ?? 'NA'}'; wanted in or ood${name && ` (read ${name})`}`,
    )
  return {
    set,
    relation: text('relation'),
    fragment: {
      name,
      ...(setOfTable ? originOf(name) : { genus: text('genus'), genome: text('genome') }),
      length: number('length', text('length')),
      gc: number('gc', text('gc')),
      scores: scores.map(({ name: score, index }) => number(score, cells[index])),
    },
  }
}

/** What the name of a sampled read says, `Genus|genome|…`. */
export function originOf(name: string): { genus?: string; genome?: string } {
  const [genus, genome, ...others] = name.split('|')
  return others.length > 0 ? { genus, genome } : {}
}

const isUndefined = (cell: string): boolean => /^(NA|nan|)$/i.test(cell)

/** Remembers whether a genus is near. @throws InputError for another word, no genus, or a genus that is both. */
function addRelation(
  relations: Map<string, string>,
  genus: string | undefined,
  relation: string,
  where: string,
): void {
  if (relation !== 'near' && relation !== 'far')
    throw new InputError(`${where}: the relation is '${relation}'; wanted near or far`)
  if (genus === undefined)
    throw new InputError(`${where}: ${relation}, but of no genus; fill in the column genus`)
  const before = relations.get(genus)
  if (before !== undefined && before !== relation)
    throw new InputError(`${where}: genus ${genus} is ${relation} here and ${before} before`)
  relations.set(genus, relation)
}
