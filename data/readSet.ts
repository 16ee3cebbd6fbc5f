import { checkObject, checkPaths } from './io/arguments.js'
import { InputError } from './io/inputError.js'
import { type Read, unknown } from './read.js'
import { readReads } from './readReads.js'

/** Reads of one length in memory, for training and validation. */
export type ReadSet = {
  /** Bases (0 to 3) of all reads, one read after the other: [count * length]. */
  readonly tokens: Uint8Array
  /** Label of every read, -1 where it has none: [count]. */
  readonly labels: Int32Array
  readonly count: number
  readonly length: number
  /** How many reads were left out, and why. */
  readonly skipped: { readonly short: number; readonly unknownBase: number; readonly otherLabel: number }
}

/** Which reads are collected. */
export type ReadSetOptions = {
  /** Bases per read, at least 2: a longer read gives its first `length` bases, a shorter one is left out. */
  readonly length: number
  /** Keep only the reads with this label; -1, the default, keeps all. */
  readonly filterLabel?: number
  /** Numbers of genera, for sources that name the genus but not the label (`readLabelDictionary`). */
  readonly labels?: ReadonlyMap<string, number>
  /** Keep the first so many reads; by default all. */
  readonly limit?: number
}

/**
 * The reads of some files, in the order of the files, as a training set. Left out, and counted: reads shorter than
 * `length`, reads with an unknown base in their first `length` bases (the model has no token for it), and reads of
 * other labels than `filterLabel`.
 * @throws InputError when nothing is left, or a file cannot be read; RangeError for a length that makes no sense.
 */
export async function loadReads(files: readonly string[], options: ReadSetOptions): Promise<ReadSet> {
  checkPaths('loadReads', files)
  async function* readFiles(): AsyncGenerator<Read> {
    for (const file of files) yield* readReads(file)
  }
  const set = await collectReads(readFiles(), options)
  if (set.count > 0) return set
  const { short, unknownBase, otherLabel } = set.skipped
  const reasons =
    `${short} are shorter, ${unknownBase} have a base outside ACGT, ` +
    `${otherLabel} another label than ${options.filterLabel ?? -1}`
  throw new InputError(
    `${files.join(', ') || 'no files'}: no read of ${options.length} bases to train on (${reasons})`,
  )
}

/**
 * As `loadReads`, for reads from anywhere; the set may be empty.
 * @throws RangeError for a length that makes no sense.
 */
export async function collectReads(
  reads: Iterable<Read> | AsyncIterable<Read>,
  options: ReadSetOptions,
): Promise<ReadSet> {
  checkObject('collectReads', '{ length }: how many bases a read has', options, ['length'])
  const { length, filterLabel = -1, labels: genusLabels, limit = Number.POSITIVE_INFINITY } = options
  if (!Number.isInteger(length) || length < 2)
    throw new RangeError(`read length: got ${length}, give an integer of at least 2`)
  let tokens = new Uint8Array(1024 * length)
  const labels: number[] = []
  const skipped = { short: 0, unknownBase: 0, otherLabel: 0 }
  for await (const read of reads) {
    if (labels.length >= limit) break
    const label = read.label ?? genusLabels?.get(read.genus ?? '') ?? -1
    const bases = read.bases.subarray(0, length)
    if (filterLabel !== -1 && label !== filterLabel) skipped.otherLabel++
    else if (bases.length < length) skipped.short++
    else if (bases.includes(unknown)) skipped.unknownBase++
    else {
      const offset = labels.length * length
      labels.push(label)
      if (offset === tokens.length) {
        const larger = new Uint8Array(2 * tokens.length)
        larger.set(tokens)
        tokens = larger
      }
      tokens.set(bases, offset)
    }
  }
  const count = labels.length
  return {
    tokens: tokens.subarray(0, count * length),
    labels: Int32Array.from(labels),
    count,
    length,
    skipped,
  }
}
