import { parseFasta } from './formats/fasta.js'
import { parseFastq } from './formats/fastq.js'
import { asInputError, type OpenSource, openSource, type Source } from './formats/source.js'
import { parseTfrecord } from './formats/tfrecord.js'
import { parseTsv } from './formats/tsv.js'
import { InputError } from './io/inputError.js'
import { lineBatches } from './io/lines.js'
import { maxReadLength, type Read } from './read.js'

export interface ReadOptions {
  /** What messages call the source; its path unless given. */
  readonly name?: string
  /** Longest read that is taken, in bases (default `maxReadLength`, 2^28); a longer one is an error. */
  readonly maxLength?: number
}

/**
 * The reads of a file, of standard input (`-`) or of a stream, in their order, one at a time: memory is bounded by
 * the longest read, whatever the length of the source.
 *
 * FASTA, FASTQ, TFRecord and TSV, each plain or gzip, told apart by their first bytes. Lower case is accepted, U is T,
 * any other letter is an unknown base; reads of any length, none included, are given. The iteration throws an
 * InputError at the first damage (or if there is no read at all); the reads before it are sound.
 */
export async function* readReads(source: Source, options: ReadOptions = {}): AsyncGenerator<Read> {
  const open = await openSource(source, options.name)
  let last: string | undefined
  try {
    for await (const read of parse(open, options.maxLength ?? maxReadLength)) {
      last = read.name
      yield read
    }
  } catch (error) {
    throw asInputError(error, open.name, last)
  } finally {
    await open.bytes.close()
  }
  if (last === undefined) throw new InputError(`${open.name}: has no reads`)
}

function parse({ name, bytes, format }: OpenSource, maxLength: number): AsyncGenerator<Read> {
  if (format === 'tfrecord') return parseTfrecord(bytes, name, maxLength)
  const lines = lineBatches(bytes.chunks(), name, maxLength + 2 ** 16)
  const parser = { fasta: parseFasta, fastq: parseFastq, tsv: parseTsv }[format]
  return parser(lines, name, maxLength)
}
