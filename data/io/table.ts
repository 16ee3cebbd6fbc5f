import { readFile } from 'node:fs/promises'
import { InputError, unreadable } from './inputError.js'

/** A row of a table. */
export type Row = {
  /** What messages about the row begin with: file and line. */
  readonly place: string
  /** Its number in the file, from 1; the header is the first. */
  readonly line: number
  /** The field in a column, without spaces around it; empty where there is none. */
  readonly value: (column: string) => string
}

/**
 * The rows of a small table with tabs and a header line, such as a manifest; empty lines are left out.
 * @throws InputError when there is no such file, or its header lacks one of `needed`, or has a column twice.
 */
export async function readTable(path: string, needed: readonly string[]): Promise<Row[]> {
  const text = await readFile(path, 'utf8').catch(unreadable(path, 'file'))
  const [header, ...rows] = text.split(/\r?\n/).map(line => line.split('\t').map(field => field.trim()))
  for (const column of needed)
    if (!header.includes(column)) throw new InputError(`${path} line 1: the header has no column '${column}'`)
  const twice = header.find((column, i) => column !== '' && header.indexOf(column) < i)
  if (twice !== undefined) throw new InputError(`${path} line 1: the header has the column '${twice}' twice`)
  return rows.flatMap((row, i) =>
    row.join('') === ''
      ? []
      : [{ place: `${path} line ${i + 2}`, line: i + 2, value: column => row[header.indexOf(column)] ?? '' }],
  )
}
