import { InputError } from '../io/inputError.js'
import { field } from '../io/printable.js'
import type { Read } from '../read.js'
import { Sequence } from './sequence.js'
import type { TextSource } from './textSource.js'

const tab = 9
const defaultColumns = ['seq', 'label', 'seq_info', 'domain']

/**
 * Reads of a table with tabs, as the TFDS release `genomics_ood` has it: a header line `seq label seq_info domain`,
 * columns in any order (`sequence` is understood for `seq`). Without a header line, these columns in this order, the
 * later ones optional, so that a plain list of sequences is such a table. `label` is a genus by name or a class by
 * number, `seq_info` the read's name; `domain` and other columns are ignored.
 * @throws InputError when the file is damaged; it names file, line and read.
 */
export async function* parseTsv({ batches, ...source }: TextSource): AsyncGenerator<Read> {
  const { file } = source
  let number = 0
  let records = 0
  let columns: readonly string[] | undefined
  const sequence = new Sequence(source)
  for await (const batch of batches)
    for (const line of batch) {
      number++
      const fields = splitAtTabs(line)
      if (isEmpty(fields)) continue
      if (columns === undefined) {
        const header = columnsOfHeader(fields)
        columns = header ?? defaultColumns
        if (header) continue
      }
      records++
      const column = (name: string) => fields[columns!.indexOf(name)]
      const name = textOf(column('seq_info')) || source.unnamed(records)
      const letters = column('seq')
      if (letters === undefined)
        throw new InputError(`${file} line ${number}: the column with the sequence is missing (read ${name})`)
      sequence.append(letters, number, name, records === 1 ? notAKnownFormat : '')
      const label = textOf(column('label'))
      yield sequence.complete({
        name,
        ...(label !== '' && (/^-?\d+$/.test(label) ? { label: Number(label) } : { genus: label })),
      })
    }
}

/**
 * The header line of a table whose first lines are given: its own, or, if it has none, one that means the same.
 */
export async function headerLineOf(batches: AsyncIterable<Uint8Array[]>): Promise<Uint8Array> {
  const standIn = new TextEncoder().encode(defaultColumns.join('\t'))
  for await (const batch of batches)
    for (const line of batch) {
      const fields = splitAtTabs(line)
      if (!isEmpty(fields)) return columnsOfHeader(fields) ? line : standIn
    }
  return standIn
}

const isEmpty = (fields: readonly Uint8Array[]): boolean => fields.length === 1 && textOf(fields[0]) === ''

/** What the first record's error may mean: a file of any text that is no other format is taken for a table. */
const notAKnownFormat =
  '; not FASTA, FASTQ or TFRecord, so taken as a table whose first column is the sequence'

/** The column names if the line is a header, which has a column `seq` or `sequence`. */
function columnsOfHeader(fields: readonly Uint8Array[]): string[] | undefined {
  const names = fields.map(field => textOf(field).toLowerCase().replace(/^#/, ''))
  const sequenceColumn = names.findIndex(name => name === 'seq' || name === 'sequence')
  return sequenceColumn < 0 ? undefined : names.with(sequenceColumn, 'seq')
}

const textOf = (bytes: Uint8Array | undefined): string => field(new TextDecoder().decode(bytes).trim())

function splitAtTabs(line: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = []
  let start = 0
  for (let end = line.indexOf(tab); end >= 0; end = line.indexOf(tab, start)) {
    fields.push(line.subarray(start, end))
    start = end + 1
  }
  fields.push(line.subarray(start))
  return fields
}
