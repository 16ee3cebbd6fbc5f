/**
 * The formats of reads, told apart by their first bytes: this is the folder's door. `source` opens a file or stream,
 * unpacks gzip and finds out the format. FASTA, FASTQ and TSV are parsed from lines (`textSource`: what their parsers
 * get; `fasta`, `fastq`, `tsv`; `sequence` collects their bases); TFRecord from records of bytes (`tfrecord`), each of
 * which holds a message (`example`). The formats that are written, FASTA and TFRecord, have their writers beside their
 * parsers.
 */
import { lineBatches } from '../io/lines.js'
import type { Read } from '../read.js'
import { parseFasta } from './fasta.js'
import { parseFastq } from './fastq.js'
import type { OpenSource } from './source.js'
import { parseTfrecord } from './tfrecord.js'
import { parseTsv } from './tsv.js'

export { fastaOf } from './fasta.js'
export { asInputError, openSource, type Source } from './source.js'
export { tfrecordOf } from './tfrecord.js'

const textParsers = { fasta: parseFasta, fastq: parseFastq, tsv: parseTsv }

/** What a line may have beside the bases: a read's name, its columns. In bytes. */
const lineAllowance = 2 ** 16

/**
 * The reads of an open source, in their order.
 * @param maxLength the longest read that is taken, in bases
 * @throws InputError when the source is damaged, at the place of the damage.
 */
export function parseReads({ name, bytes, format }: OpenSource, maxLength: number): AsyncGenerator<Read> {
  if (format === 'tfrecord') return parseTfrecord(bytes, name, maxLength)
  const batches = lineBatches(bytes.chunks(), name, maxLength + lineAllowance)
  return textParsers[format]({ batches, file: name, maxLength })
}
