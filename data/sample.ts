import { bitsAt, purposeKey, seedPurposes } from '../engine/hostRandom.js'
import { type GenomePart, genomeName, groupBy } from './genomes.js'
import { InputError } from './io/inputError.js'
import { integerAt, keyOfName, permutation } from './random.js'
import { type Read, reverseComplement, unknown } from './read.js'
import { stretchesOf } from './stretches.js'

export type SampleOptions = {
  /** Bases per read. */
  readonly length: number
  /** Reads per genus. */
  readonly perGenus: number
  /** Decides windows, strands and order: an integer up to 2^53. */
  readonly seed: number
  /** Give the reverse complement of every other read, by chance (default true): a genome is read from both strands. */
  readonly bothStrands?: boolean
  /** Numbers of the genera (`numberGenera`); a genus that is not there has no label. */
  readonly labels?: ReadonlyMap<string, number>
}

/** Windows of known bases in one contig: `count` of them, the first at `start`, each one base after the last. */
type WindowRun = {
  readonly genome: string
  readonly contig: Read
  readonly start: number
  readonly count: number
}

/**
 * Reads from genomes: the same number from every genus, in an order mixed by the seed.
 *
 * All windows of a genus that have no base outside ACGT and cross no end of a contig or of a part are equally likely,
 * so each contig counts by its length; they are drawn with replacement. A read is named
 * `Genus|genome|contig:first-last|strand`, positions from 1 on the contig as it is in the file. What is drawn from one
 * genus does not depend on the others. Memory: the genomes of one genus, and the reads.
 *
 * @throws InputError when a genus has no such window, or a file cannot be read; RangeError for a length or a number of
 * reads that makes no sense.
 */
export async function sampleReads(parts: readonly GenomePart[], options: SampleOptions): Promise<Read[]> {
  const { length, perGenus, seed } = options
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`read length: got ${length}, give a positive integer`)
  if (!Number.isInteger(perGenus) || perGenus < 0)
    throw new RangeError(`reads per genus: got ${perGenus}, give an integer from 0 on`)
  const reads: Read[] = []
  for (const [genus, partsOfGenus] of groupBy(parts, part => part.genome.genus)) {
    const runs: WindowRun[] = []
    for (const part of partsOfGenus) runs.push(...(await findRuns(part, length)))
    if (runs.length === 0) {
      const files = partsOfGenus.map(part => part.genome.file).join(', ')
      throw new InputError(`${files}: no ${length} bases of ACGT in a row to sample a read of ${genus} from`)
    }
    reads.push(...drawReads(genus, runs, options))
  }
  const order = permutation(purposeKey(seed, seedPurposes.run.fragments), reads.length)
  return Array.from(order, i => reads[i])
}

/** The windows of `length` known bases in a part of a genome. */
async function findRuns(part: GenomePart, length: number): Promise<WindowRun[]> {
  const genome = genomeName(part.genome.file)
  const runs: WindowRun[] = []
  for (const { contig, start: first, end } of await stretchesOf(part))
    for (let start = first; start < end; ) {
      const nextUnknown = contig.bases.indexOf(unknown, start)
      const stop = nextUnknown < 0 ? end : Math.min(nextUnknown, end)
      const count = stop - start - length + 1
      if (count > 0) runs.push({ genome, contig, start, count })
      start = stop + 1
    }
  return runs
}

/** `perGenus` reads of one genus, drawn from its windows with replacement. */
function* drawReads(
  genus: string,
  runs: readonly WindowRun[],
  { length, perGenus, seed, bothStrands = true, labels }: SampleOptions,
): Generator<Read> {
  const key = keyOfName(purposeKey(seed, seedPurposes.run.fragments), genus)
  const ends = new Float64Array(runs.length) // how many windows there are up to and including each run
  let windows = 0
  for (const [i, { count }] of runs.entries()) {
    windows += count
    ends[i] = windows
  }
  const label = labels?.get(genus)
  for (let i = 0; i < perGenus; i++) {
    const window = integerAt(key, 0, i, windows)
    const run = firstAbove(ends, window)
    const { genome, contig, start, count } = runs[run]
    const first = start + window - (ends[run] - count)
    const bases = contig.bases.subarray(first, first + length)
    const forward = !bothStrands || bitsAt(key, 1, i) >= 0
    yield {
      name: `${genus}|${genome}|${contig.name}:${first + 1}-${first + length}|${forward ? '+' : '-'}`,
      bases: forward ? bases.slice() : reverseComplement(bases),
      genus,
      ...(label !== undefined && { label }),
    }
  }
}

/** The index of the first element of an increasing array that is greater than `value`. */
function firstAbove(increasing: Float64Array, value: number): number {
  let low = 0
  let high = increasing.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (increasing[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
