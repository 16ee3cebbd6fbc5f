import { bitsAt, purposeKey, seedPurposes } from '../engine/hostRandom.js'
import { type GenomePart, groupBy } from './genomes.js'
import { InputError } from './io/inputError.js'
import { integerAt, keyOfName, permutation } from './random.js'
import { type Read, reverseComplement } from './read.js'
import { readSegments, type Segment, Windows } from './segments.js'

/** Which reads are sampled from genomes. */
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
    const segments: Segment[] = []
    for (const part of partsOfGenus) segments.push(...(await readSegments(part)))
    const windows = new Windows(segments, length)
    if (windows.count === 0) {
      const files = partsOfGenus.map(part => part.genome.file).join(', ')
      throw new InputError(`${files}: no ${length} bases of ACGT in a row to sample a read of ${genus} from`)
    }
    reads.push(...drawReads(genus, windows, options))
  }
  const order = permutation(purposeKey(seed, seedPurposes.run.fragments), reads.length)
  return Array.from(order, i => reads[i])
}

/** `perGenus` reads of one genus, drawn from its windows with replacement. */
function* drawReads(
  genus: string,
  windows: Windows,
  { length, perGenus, seed, bothStrands = true, labels }: SampleOptions,
): Generator<Read> {
  const key = keyOfName(purposeKey(seed, seedPurposes.run.fragments), genus)
  const label = labels?.get(genus)
  for (let i = 0; i < perGenus; i++) {
    const { segment, first } = windows.place(integerAt(key, 0, i, windows.count))
    const { genome, contig } = segment
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
