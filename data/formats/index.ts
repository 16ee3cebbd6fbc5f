/**
 * The formats of reads, told apart by their first bytes: this is the folder's door. `source` opens a file or stream,
 * unpacks gzip (`gunzip`) and finds out the format. FASTA, FASTQ and TSV are parsed from lines (`textSource`: what their parsers
 * get; `fasta`, `fastq`, `tsv`; `sequence` collects their bases); TFRecord from records of bytes (`tfrecord`), each of
 * which holds a message (`example`). The formats that are written, FASTA and TFRecord, have their writers beside their
 * parsers. A format's code is loaded when a file of it is opened: programs start sooner.
 */
import { lineBatches } from '../io/lines.js'
import type { Read } from '../read.js'
import type { OpenSource } from './source.js'
import type { TextSource } from './textSource.js'

export { asInputError, openSource, type Source } from './source.js'

type TextParser = (source: TextSource) => AsyncGenerator<Read>

const textParsers: Readonly<Record<'fasta' | 'fastq' | 'tsv', () => Promise<TextParser>>> = {
  fasta: async () => (await import('./fasta.js')).parseFasta,
  fastq: async () => (await import('./fastq.js')).parseFastq,
  tsv: async () => (await import('./tsv.js')).parseTsv,
}

/** What a line may have beside the bases: a read's name, its columns. In bytes. */
const lineAllowance = 2 ** 16

/**
 * The reads of an open source, in their order.
 * @param maxLength the longest read that is taken, in bases
 * @throws InputError (the generator) when the source is damaged, at the place of the damage.
 */
export async function parseReads(
  { name, bytes, format }: OpenSource,
  maxLength: number,
): Promise<AsyncGenerator<Read>> {
  if (format === 'tfrecord') return (await import('./tfrecord.js')).parseTfrecord(bytes, name, maxLength)
  const parse = await textParsers[format]()
  return parse({
    batches: lineBatches(bytes.chunks(), name, maxLength + lineAllowance),
    file: name,
    maxLength,
  })
}

/** From a read to what a file of a format has for it. */
export const encoderOf = async (
  format: 'fasta' | 'tfrecord',
): Promise<(read: Read) => Uint8Array | string> =>
  format === 'fasta' ? (await import('./fasta.js')).fastaOf : (await import('./tfrecord.js')).tfrecordOf
