import { InputError } from '../io/inputError.js'
import { encodeInto, oneLine, type Read } from '../read.js'
import { notABase } from './fasta.js'

const tab = 9
const defaultColumns = ['seq', 'label', 'seq_info', 'domain']

/**
 * Reads of a table with tabs, as the TFDS release `genomics_ood` has it: a header line `seq label seq_info domain`,
 * columns in any order (`sequence` is understood for `seq`). Without a header line, these columns in this order, the
 * later ones optional, so that a plain list of sequences is such a table. `label` is a genus by name or a class by
 * number, `seq_info` the read's name; `domain` and other columns are ignored.
 *
 * Throws an InputError that names file, line and read of any damage.
 */
export async function* parseTsv(
  batches: AsyncIterable<Uint8Array[]>,
  file: string,
  maxLength: number,
): AsyncGenerator<Read> {
  let number = 0
  let records = 0
  let columns: readonly string[] | undefined
  for await (const batch of batches)
    for (const line of batch) {
      number++
      const fields = split(line)
      if (fields.length === 1 && text(fields[0]) === '') continue
      if (columns === undefined) {
        columns = headerOf(fields) ?? defaultColumns
        if (columns !== defaultColumns) continue
      }
      records++
      const field = (name: string): string => text(fields[columns!.indexOf(name)])
      const name = field('seq_info') || `read${records}`
      const sequence = fields[columns.indexOf('seq')]
      if (sequence === undefined)
        throw new InputError(`${file} line ${number}: the column with the sequence is missing (read ${name})`)
      if (sequence.length > maxLength)
        throw new InputError(
          `${file} line ${number}: sequence is longer than ${maxLength} bases (read ${name})`,
        )
      const bases = new Uint8Array(sequence.length)
      const bad = encodeInto(sequence, bases)
      if (bad >= 0) {
        const hint =
          records === 1
            ? '; not FASTA, FASTQ or TFRecord, so taken as a table whose first column is the sequence'
            : ''
        throw new InputError(notABase(file, number, sequence[bad], bad, name) + hint)
      }
      const label = field('label')
      yield {
        name,
        bases,
        ...(label !== '' && (/^-?\d+$/.test(label) ? { label: Number(label) } : { genus: label })),
      }
    }
}

/** The column names if the line is a header, which has a column `seq` or `sequence`. */
function headerOf(fields: readonly Uint8Array[]): string[] | undefined {
  const names = fields.map(field => text(field).toLowerCase().replace(/^#/, ''))
  const at = names.findIndex(name => name === 'seq' || name === 'sequence')
  return at < 0 ? undefined : names.with(at, 'seq')
}

const text = (field: Uint8Array | undefined): string => oneLine(new TextDecoder().decode(field))

function split(line: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = []
  let start = 0
  for (let end = line.indexOf(tab); end >= 0; end = line.indexOf(tab, start)) {
    fields.push(line.subarray(start, end))
    start = end + 1
  }
  fields.push(line.subarray(start))
  return fields
}
