/**
 * The formats of reads, told apart by their first bytes: this is the folder's door. `source` opens a file or stream, has
 * it unpacked (`unpack`: by other programs, or by `gunzip`) and finds out the format. FASTA, FASTQ and TSV are parsed from
 * lines (`textSource`: what their parsers get; `fasta`, `fastq`, `tsv`; `sequence` makes a read of a record's lines);
 * TFRecord from records of bytes (`tfrecord`), each of which holds a message (`example`). The formats that are written, all
 * but TSV, have their writers beside their
 * parsers. A format's code is loaded when a file of it is opened: programs start sooner.
 */
import { basename } from 'node:path'
import { lineBatches } from '../io/lines.js'
import { maxReadLength, type Read } from '../read.js'
import type { OpenSource } from './source.js'
import type { RecordOptions, TextSource } from './textSource.js'

export {
  asInputError,
  type Format,
  type OpenSource,
  openSource,
  type Source,
  skipByteOrderMark,
} from './source.js'
export { unpackerOf } from './unpack.js'

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
 * @throws InputError (the generator) when the source is damaged, at the place of the damage.
 */
export async function parseReads(
  { name, bytes, format }: OpenSource,
  {
    maxLength = maxReadLength,
    maxForeign = 0.1,
    keepText = false,
    hasFileEnd = true,
    unnamed = number => `read${number}`,
  }: Partial<RecordOptions> = {},
): Promise<AsyncGenerator<Read>> {
  if (format === 'tfrecord')
    return (await import('./tfrecord.js')).parseTfrecord(bytes, name, maxLength, unnamed)
  const parse = await textParsers[format]()
  return parse({
    batches: lineBatches(bytes.chunks(), name, maxLength + lineAllowance),
    file: name,
    maxLength,
    maxForeign,
    keepText,
    hasFileEnd,
    unnamed,
  })
}

/** The header line of an open table, or one that means the same if it has none; the source is used up. */
export async function tableHeader({ name, bytes }: OpenSource): Promise<Uint8Array> {
  const { headerLineOf } = await import('./tsv.js')
  return headerLineOf(lineBatches(bytes.chunks(), name, maxReadLength + lineAllowance))
}

/** From a read to what a file of a format has for it. */
export type Encoder = (read: Read) => Uint8Array | string

const encoders = {
  fasta: async () => (await import('./fasta.js')).fastaOf,
  fastq: async () => (await import('./fastq.js')).fastqOf,
  tfrecord: async () => (await import('./tfrecord.js')).tfrecordOf,
} satisfies Record<string, () => Promise<Encoder>>

/** The encoder of the format that a file's name asks for: TFRecord or FASTQ if it says so, else FASTA. */
export function encoderFor(path: string): Promise<Encoder> {
  const name = basename(path)
  if (name.includes('.tfrecord')) return encoders.tfrecord()
  return /\.(fq|fastq)(\.gz)?$/i.test(name) ? encoders.fastq() : encoders.fasta()
}
