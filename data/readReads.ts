import { asInputError, type OpenSource, openSource, parseReads, type Source } from './formats/index.js'
import { EmptyInputError, InputError } from './io/inputError.js'
import type { Read } from './read.js'
import { openStretch, type SeekableFile, type Stretch } from './shards/index.js'

/** How reads are read. */
export type ReadOptions = {
  /** What messages call the source; its path unless given. */
  readonly name?: string
  /** Longest read that is taken, in bases (default `maxReadLength`, 2^28); a longer one is an error. */
  readonly maxLength?: number
  /**
   * The largest share of a record's letters that may be letters of amino acids alone (E, F, I, J, L, O, P, Q, Z), above
   * which a file is refused as protein (default 0.1; 1: take everything).
   */
  readonly maxForeign?: number
  /** Give reads of FASTA and FASTQ the `text` of their records, to write them as they were (default false). */
  readonly keepText?: boolean
}

/**
 * The reads of a file, of standard input (`-`) or of a stream, in their order, one at a time: memory is bounded by
 * the longest read, whatever the length of the source.
 *
 * FASTA, FASTQ, TFRecord and TSV, each plain, gzip, zstd, xz or bzip2, told apart by their first bytes. Lower case is
 * accepted, U is T, any other letter is an unknown base (but what looks like protein is refused); reads of any length, none included, are given.
 * @throws InputError when the source cannot be opened, EmptyInputError when it holds no read, InputError when it is no DNA, and at its first damage: the reads before it
 * have been given and are sound.
 */
export async function* readReads(source: Source, options: ReadOptions = {}): AsyncGenerator<Read> {
  const { name, ...ofRecords } = options
  const opened = await openSource(source, name)
  if (!(yield* readsOf(opened, ofRecords))) throw new EmptyInputError(`${opened.name}: has no reads`)
}

/**
 * The reads of a file that begin in a stretch of it, in their order, and no more of the file than that; perhaps none. All
 * stretches of `stretchesOf` together have every read of the file once.
 * @throws InputError as `readReads`; also for a read without a name, which is otherwise called by its number in the file,
 * where the stretch does not begin with the file.
 */
export async function* readStretch(
  file: SeekableFile,
  stretch: Stretch,
  options: Omit<ReadOptions, 'name'> = {},
): AsyncGenerator<Read> {
  // Whole files may be packed in any way.
  const isWhole = stretch.start === 0 && stretch.end === file.size
  if (isWhole) return yield* readReads(file.bytes(0), { ...options, name: file.name })
  const opened = await openStretch(file, stretch)
  const unnamed = (number: number): never => {
    throw new InputError(
      `${opened.name} record ${number}: has no name; it would be called by its number in the file, which a shard does not know (give the reads names, or read the file as a whole)`,
    )
  }
  const { hasFileEnd } = opened
  yield* readsOf(opened, { ...options, hasFileEnd, ...(stretch.start > 0 && { unnamed }) })
}

/** The reads of an open source, which is closed at their end. Returns whether there was one. */
async function* readsOf(
  opened: OpenSource,
  options: Parameters<typeof parseReads>[1],
): AsyncGenerator<Read, boolean> {
  let last: string | undefined
  try {
    for await (const read of await parseReads(opened, options)) {
      last = read.name
      yield read
    }
  } catch (error) {
    throw asInputError(error, opened.name, last)
  } finally {
    await opened.bytes.close()
  }
  return last !== undefined
}
