import { asInputError, openSource, parseReads, type Source } from './formats/index.js'
import { InputError } from './io/inputError.js'
import { maxReadLength, type Read } from './read.js'

export type ReadOptions = {
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
 * any other letter is an unknown base; reads of any length, none included, are given.
 * @throws InputError when the source cannot be opened or holds no read, and at its first damage: the reads before it
 * have been given and are sound.
 */
export async function* readReads(source: Source, options: ReadOptions = {}): AsyncGenerator<Read> {
  const { name, maxLength = maxReadLength } = options
  const opened = await openSource(source, name)
  let last: string | undefined
  try {
    for await (const read of await parseReads(opened, maxLength)) {
      last = read.name
      yield read
    }
  } catch (error) {
    throw asInputError(error, opened.name, last)
  } finally {
    await opened.bytes.close()
  }
  if (last === undefined) throw new InputError(`${opened.name}: has no reads`)
}
