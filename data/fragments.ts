/**
 * Fragments sampled on the fly: the batches of a training on whole genomes, which no set of reads made beforehand has to
 * hold. The genomes are in memory, one byte a base.
 */
import { createHash } from 'node:crypto'
import { bitsAt, type Key, purposeKey, seedPurposes } from '../engine/hostRandom.js'
import type { BatchOptions } from './batches.js'
import { type GenomePart, groupBy } from './genomes.js'
import { InputError } from './io/inputError.js'
import { mutate } from './mutate.js'
import { integerAt } from './random.js'
import { reverseComplement } from './read.js'
import { readReads } from './readReads.js'
import { readSegments, type Segment, segmentsOf, Windows } from './segments.js'

/** What fragments are drawn from: the segments of one genus, and its number if it has one. */
export type FragmentSource = {
  readonly genus: string
  readonly label?: number
  readonly segments: readonly Segment[]
}

/** How fragments are sampled from genomes. */
export type FragmentOptions = BatchOptions & {
  /** Bases of a window, at least 2. Of several lengths, each batch has one, all equally likely. */
  readonly lengths: readonly number[]
  /**
   * Windows that a fragment consists of (default 1): so many batches, one after the other, have the windows of the same
   * fragments. The last base of a window is the first of the next one, where a model takes it as its input only.
   */
  readonly windows?: number
  /** Take the reverse complement of every other fragment, by chance (default true). */
  readonly bothStrands?: boolean
}

/** The fragments of a batch, and from which of the sources each is. */
type Fragments = { readonly bases: readonly Uint8Array[]; readonly sources: readonly number[] }

/**
 * Batches of fragments from genomes. Batch `step` is a pure function of sources, options and `step`.
 *
 * Fragment number n is of source n modulo their number, so that every batch has equally many of each genus (one more or
 * less). Within a genus all windows without unknown bases that cross no end of a contig or of a part are equally likely.
 */
export class FragmentBatches {
  readonly batchSize: number
  readonly #sources: readonly FragmentSource[]
  readonly #options: Required<FragmentOptions>
  /** The windows of each source, by the length of a fragment. */
  readonly #windows = new Map<number, readonly Windows[]>()
  readonly #key: Key
  readonly #mutationKey: Key
  /** The fragments made last, since their windows are asked for one after the other. */
  #latest: { group: number; fragments: Fragments } | undefined

  /**
   * @throws InputError when a genus has no fragment of the longest length; RangeError when there is no source, or an
   * option makes no sense.
   */
  constructor(sources: readonly FragmentSource[], options: FragmentOptions) {
    const { batchSize, lengths, windows = 1, seed, mutationRate = 0, bothStrands = true } = options
    for (const [name, value, least] of [
      ['batch size', batchSize, 1],
      ['windows', windows, 1],
      ...lengths.map(length => ['length', length, 2] as const),
    ] as const)
      if (!Number.isInteger(value) || value < least)
        throw new RangeError(`${name}: got ${value}, give an integer of at least ${least}`)
    if (sources.length === 0 || lengths.length === 0)
      throw new RangeError(
        `fragments: ${sources.length} sources and ${lengths.length} lengths, give one or more`,
      )
    if (!(mutationRate >= 0 && mutationRate <= 1))
      throw new RangeError(`mutation rate: got ${mutationRate}, give a number from 0 to 1`)
    this.batchSize = batchSize
    this.#sources = sources
    this.#options = { ...options, windows, mutationRate, bothStrands }
    this.#key = purposeKey(seed, seedPurposes.run.trainingFragments)
    this.#mutationKey = purposeKey(seed, seedPurposes.run.mutation)
    for (const length of lengths) {
      const bases = windows * (length - 1) + 1
      this.#windows.set(
        bases,
        sources.map(source => windowsOf(source, bases)),
      )
    }
  }

  /**
   * The bases of batch `step`, mutated, one window after the other: [batchSize * length of this batch].
   * @throws RangeError when `step` is not an integer from 0 on.
   */
  batchAt(step: number): Int32Array {
    const { windows } = this.#options
    const { bases } = this.#fragmentsOf(step)
    const length = (bases[0].length - 1) / windows + 1
    const start = (step % windows) * (length - 1)
    const batch = new Int32Array(this.batchSize * length)
    for (const [i, fragment] of bases.entries())
      batch.set(fragment.subarray(start, start + length), i * length)
    return batch
  }

  /** The label of every window of batch `step`, -1 where its genus has none: [batchSize]. */
  labelsAt(step: number): Int32Array {
    return Int32Array.from(this.#fragmentsOf(step).sources, source => this.#sources[source].label ?? -1)
  }

  /** A checksum (SHA-256) of all that fragments are drawn from: genera, and the bases of their segments. */
  checksum(): string {
    const hash = createHash('sha256')
    for (const { genus, label, segments } of this.#sources) {
      hash.update(`${genus}\t${label}\t${segments.length}\n`)
      for (const { contig, start, end } of segments) hash.update(contig.bases.subarray(start, end))
    }
    return hash.digest('hex')
  }

  #fragmentsOf(step: number): Fragments {
    if (!Number.isSafeInteger(step) || step < 0)
      throw new RangeError(`step: got ${step}, give an integer from 0 on`)
    const group = Math.floor(step / this.#options.windows)
    if (this.#latest?.group !== group) this.#latest = { group, fragments: this.#draw(group) }
    return this.#latest.fragments
  }

  /** The fragments of a group of batches. Random numbers: stream 0 of windows, 1 of strands, 2 of lengths. */
  #draw(group: number): Fragments {
    const { mutationRate, bothStrands } = this.#options
    const lengths = [...this.#windows.keys()]
    const length = lengths[integerAt(this.#key, 2, group, lengths.length)]
    const windows = this.#windows.get(length) ?? []
    const numbers = Array.from({ length: this.batchSize }, (_, i) => group * this.batchSize + i)
    const sources = numbers.map(n => n % this.#sources.length)
    const bases = numbers.map((n, i) => {
      const ofGenus = windows[sources[i]]
      const { segment, first } = ofGenus.place(integerAt(this.#key, 0, n, ofGenus.count))
      const window = segment.contig.bases.subarray(first, first + length)
      const forward = !bothStrands || bitsAt(this.#key, 1, n) >= 0
      const fragment = forward ? window.slice() : reverseComplement(window)
      mutate(fragment, mutationRate, this.#mutationKey, n)
      return fragment
    })
    return { bases, sources }
  }
}

function windowsOf({ genus, segments }: FragmentSource, length: number): Windows {
  const windows = new Windows(segments, length)
  if (windows.count > 0) return windows
  const longest = segments.reduce((most, { start, end }) => Math.max(most, end - start), 0)
  throw new InputError(
    `${genus || 'records'}: no ${length} bases of ACGT in a row to sample a fragment from, at most ${longest}; take shorter fragments, or leave it out`,
  )
}

/**
 * The genera of some genomes as sources of fragments, their genomes read into memory. `labels`: numbers of the genera
 * (`numberGenera`).
 * @throws InputError when a file cannot be read, or has no bases.
 */
export async function genomeSources(
  parts: readonly GenomePart[],
  labels?: ReadonlyMap<string, number>,
): Promise<FragmentSource[]> {
  const sources: FragmentSource[] = []
  for (const [genus, partsOfGenus] of groupBy(parts, part => part.genome.genus)) {
    const segments: Segment[] = []
    for (const part of partsOfGenus) segments.push(...(await readSegments(part)))
    const label = labels?.get(genus)
    sources.push({ genus, segments, ...(label !== undefined && { label }) })
  }
  return sources
}

/**
 * The records of some files as sources of fragments: one for each genus that records name, and one for those without.
 * @throws InputError when a file cannot be read.
 */
export async function recordSources(files: readonly string[]): Promise<FragmentSource[]> {
  const sources = new Map<string, { label?: number; segments: Segment[] }>()
  for (const file of files)
    for await (const record of readReads(file)) {
      const { genus = '', label } = record
      const source = sources.get(genus) ?? { segments: [], ...(label !== undefined && { label }) }
      source.segments.push(...segmentsOf(file, record))
      sources.set(genus, source)
    }
  return [...sources].map(([genus, source]) => ({ genus, ...source }))
}

/**
 * A few lengths from `shortest` to `longest`, both included, each longer than the one before by the same factor (about
 * the root of two): a range of lengths to draw from, of each of which a program is compiled.
 */
export function lengthsBetween(shortest: number, longest: number): number[] {
  const steps = Math.min(7, Math.ceil(Math.log2(longest / shortest) * 2))
  if (steps === 0) return [longest]
  const lengths = Array.from({ length: steps + 1 }, (_, i) =>
    Math.round(shortest * (longest / shortest) ** (i / steps)),
  )
  return [...new Set(lengths)]
}
