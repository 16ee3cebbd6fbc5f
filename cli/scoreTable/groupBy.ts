import { readFile } from 'node:fs/promises'
import { InputError } from '../../data/index.js'
import { UsageError } from '../failure.js'
import type { Entry } from './entries.js'

/** The group that an entry belongs to; undefined for none. */
export type Grouping = (entry: Entry) => string | undefined

/** What is known of an entry beside its bases. */
const columns: Readonly<Record<string, Grouping>> = {
  file: ({ file }) => file,
  genus: ({ reads: [read] }) => read.genus,
}

/**
 * How `--group-by` is meant: a pattern with a group in parentheses, which the names of reads are matched with; `file` or
 * `genus`; or a table with tabs, whose first column has the names of reads and the second one their groups
 * (`MAP.tsv:COLUMN`: the column that its header line calls so).
 * @throws UsageError for a pattern that makes no sense; InputError for a table that cannot be read.
 */
export async function parseGrouping(spec: string): Promise<Grouping> {
  if (Object.hasOwn(columns, spec)) return columns[spec]
  return spec.includes('(') ? byPattern(spec) : byTable(spec)
}

function byPattern(spec: string): Grouping {
  let pattern: RegExp
  try {
    pattern = new RegExp(spec)
  } catch (error) {
    throw new UsageError(`--group-by ${spec}: ${(error as Error).message}`)
  }
  if (new RegExp(`${spec}|`).exec('')!.length < 2)
    throw new UsageError(
      `--group-by ${spec}: no group to take a name from; put the part that names it in ( )`,
    )
  return ({ name }) =>
    pattern
      .exec(name)
      ?.slice(1)
      .find(group => group !== undefined)
}

async function byTable(spec: string): Promise<Grouping> {
  const [, path, column] = /^(.*?)(?::([^:/\\]+))?$/.exec(spec)!
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file' : error.message
    throw new InputError(`${path}: ${why} (groups are a pattern with ( ), file, genus, or a table with tabs)`)
  })
  const rows = text.split(/\r?\n/).map(line => line.split('\t'))
  const header = column === undefined ? undefined : rows.shift()!
  const index = header?.findIndex(name => name.replace(/^#/, '') === column) ?? 1
  if (index < 0)
    throw new InputError(`${path} line 1: the header has no column '${column}' (${header?.join(', ')})`)
  const groups = new Map<string, string>()
  for (const [i, row] of rows.entries()) {
    const [name] = row
    if (row.length === 1 && name.trim() === '') continue
    if (header === undefined && name.startsWith('#')) continue
    const line = `${path} line ${i + (header ? 2 : 1)}`
    const group = row[index]?.trim()
    if (!group) throw new InputError(`${line}: read ${name} has no group in column ${column ?? 2}`)
    if ((groups.get(name) ?? group) !== group)
      throw new InputError(`${line}: read ${name} is in group ${group}, but in ${groups.get(name)} above`)
    groups.set(name, group)
  }
  return ({ name }) => groups.get(name)
}
