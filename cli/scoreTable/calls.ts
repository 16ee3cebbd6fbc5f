import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseJson, removeAtExit } from '../../data/index.js'
import { FalseDiscovery, type TableRow } from '../../eval/index.js'

/** A row of the table before it is called, and what is to be written of it if it is kept. */
export type UncalledRow = TableRow & {
  /** The records of its reads. */
  readonly records: readonly (string | Uint8Array)[]
}

/** Rows, each group of them with the threshold that they are called with. */
export type RowsToCall = { readonly rows: readonly UncalledRow[]; readonly threshold: number }

/** Calls with one threshold for each row by itself. */
export async function* withRate(
  groups: AsyncIterable<readonly UncalledRow[]>,
  rate: number,
): AsyncGenerator<RowsToCall> {
  for await (const rows of groups) yield { rows, threshold: rate }
}

/**
 * Calls with the threshold of Benjamini and Hochberg, which depends on all p-values: rows wait in a temporary file until
 * the last one is there.
 */
export async function* withFalseDiscoveryRate(
  groups: AsyncIterable<readonly UncalledRow[]>,
  rate: number,
): AsyncGenerator<RowsToCall> {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-'))
  const forget = removeAtExit(folder)
  const file = join(folder, 'rows')
  const discovery = new FalseDiscovery()
  async function* lines(): AsyncGenerator<string> {
    for await (const rows of groups) {
      for (const { p } of rows) discovery.add(p)
      yield rows.map(row => `${JSON.stringify(packed(row))}\n`).join('')
    }
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(file))
    const threshold = discovery.threshold(rate)
    for await (const line of createInterface({ input: createReadStream(file) }))
      yield { rows: [unpacked(parseJson(line) as PackedRow)], threshold }
  } finally {
    await rm(folder, { recursive: true })
    forget()
  }
}

/** A row as JSON can have it. */
type PackedRow = Omit<UncalledRow, 'p' | 'records'> & { p: number | null; records: string[] }

const packed = (row: UncalledRow): PackedRow => ({
  ...row,
  p: Number.isNaN(row.p) ? null : row.p,
  records: row.records.map(record =>
    Buffer.from(typeof record === 'string' ? new TextEncoder().encode(record) : record).toString('base64'),
  ),
})

const unpacked = (row: PackedRow): UncalledRow => ({
  ...row,
  p: row.p ?? Number.NaN,
  records: row.records.map(record => Buffer.from(record, 'base64')),
})
