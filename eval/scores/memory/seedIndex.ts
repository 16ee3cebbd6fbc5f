import { unknown } from '../../../data/index.js'
import type { PackedBases } from './packedBases.js'

/**
 * A seed: six of eight codons in a row, of which the first two bases of each must be the same. The third, which may differ
 * in most codons without a change of the protein, is not looked at (a spaced seed for codons: Brejová, Brown & Vinař 2003).
 * Two codons are left out, so that seeds at neighbouring codons have few of theirs in common: of two proteins alike in some
 * 60 % of their amino acids, more alignments have at least one seed then (Ma, Tromp & Li 2002).
 */
const countedCodons = '11011011'
/** Bases from a seed's first to its last. */
export const seedSpan = 3 * countedCodons.length - 1
/** Which of them it looks at, a bit each: the same from either end, so for both strands. */
export const seedBits = Array.from({ length: seedSpan }, (_, i) =>
  i % 3 < 2 && countedCodons[Math.floor(i / 3)] === '1' ? 2 ** i : 0,
).reduce((a, b) => a + b)
const bucketBits = 25

/** Seeds in more places than this are repeats, which tell little and cost much: they are in no place. */
export const mostPlaces = 300

/** Buckets are sorted in parts of so many, whose counts stay in the cache. */
const partBits = 16
/**
 * Of four buckets in a row is known where the first one begins; which of them a place is of is told by its highest bits,
 * which are free. A table of all buckets would take four times the memory.
 */
const neighbourBits = 2
const placeBits = 32 - neighbourBits
/** Where a bucket begins is told from where its group of so many does, in 16 bits: 2 ** 7 * mostPlaces is below 2 ** 16. */
const groupBits = 7

/** The text is gone through in blocks of so many bases. */
const blockLength = 2 ** 15

/**
 * Where seeds are in a text of bases: its positions, sorted by the bucket of the seed that begins there; other seeds may
 * share a bucket. The places of a bucket are in slots from `startOf` to before `endOf`, where `placeAt` tells them from
 * those of its neighbours.
 */
export class SeedIndex {
  readonly #slots: Uint32Array
  readonly #groupStarts = new Uint32Array(2 ** (bucketBits - groupBits) + 1)
  readonly #startsInGroup = new Uint16Array(2 ** (bucketBits - neighbourBits) + 1)

  /** @throws RangeError for more than 2^30 bases. */
  constructor(bases: PackedBases) {
    if (bases.length > 2 ** placeBits)
      throw new RangeError(
        `${bases.length} bases: seeds are found in ${2 ** placeBits} at most; remember fewer genomes`,
      )
    // Sorted by the high bits of the buckets, then each part by the low ones, as the whole is larger than any cache.
    const partEnds = new Uint32Array(2 ** (bucketBits - partBits) + 1)
    forEachBlock(bases, buckets => {
      for (let i = 0; i < buckets.length; i++) if (buckets[i] >= 0) partEnds[(buckets[i] >> partBits) + 1]++
    })
    for (let part = 1; part < partEnds.length; part++) partEnds[part] += partEnds[part - 1]
    const seeds = partEnds[partEnds.length - 1]
    const places = new Uint32Array(seeds)
    const lowBits = new Uint16Array(seeds)
    forEachBlock(bases, (buckets, start) => {
      for (let i = 0; i < buckets.length; i++) {
        const bucket = buckets[i]
        if (bucket < 0) continue
        // Filled from its start on, the end of the part before, which is then its own end.
        const slot = partEnds[bucket >> partBits]++
        places[slot] = start + i
        lowBits[slot] = bucket
      }
    })
    const sizes = partEnds.map((end, part) => (part === 0 ? end : end - partEnds[part - 1]))
    const ofPart = new Uint32Array(Math.max(...sizes))
    const slots = new Uint32Array(2 ** partBits)
    let kept = 0
    for (let part = 0; part + 1 < partEnds.length; part++) {
      const end = partEnds[part]
      const start = end - sizes[part]
      ofPart.set(places.subarray(start, end))
      const unsorted = { places: ofPart, lowBits: lowBits.subarray(start, end) }
      kept += this.#sortPart(part, unsorted, slots, places, kept)
    }
    this.#groupStarts[this.#groupStarts.length - 1] = kept
    this.#slots = places.subarray(0, kept)
  }

  /** How many places there are. */
  get size(): number {
    return this.#slots.length
  }

  /** The first slot of a bucket and its neighbours. */
  startOf(bucket: number): number {
    return this.#groupStarts[bucket >> groupBits] + this.#startsInGroup[bucket >> neighbourBits]
  }

  /** The slot after the last one of a bucket and its neighbours. */
  endOf(bucket: number): number {
    return this.startOf((bucket | (2 ** neighbourBits - 1)) + 1)
  }

  /** The place in a slot of a bucket and its neighbours; -1 if it is of a neighbour. */
  placeAt(slot: number, bucket: number): number {
    const place = this.#slots[slot]
    return place >>> placeBits === (bucket & (2 ** neighbourBits - 1)) ? place & (2 ** placeBits - 1) : -1
  }

  /**
   * Sorts the places of one part by the low bits of their buckets into `sorted`, from `from` on, without those of crowded
   * buckets; returns how many that are. `slots`: a number for each bucket of a part, to work with.
   */
  #sortPart(
    part: number,
    { places, lowBits }: { readonly places: Uint32Array; readonly lowBits: Uint16Array },
    slots: Uint32Array,
    sorted: Uint32Array,
    from: number,
  ): number {
    slots.fill(0)
    for (let i = 0; i < lowBits.length; i++) slots[lowBits[i]]++
    let next = from
    for (let low = 0; low < slots.length; low++) {
      const bucket = (part << partBits) | low
      const group = bucket >> groupBits
      if (bucket === group << groupBits) this.#groupStarts[group] = next
      if (bucket % 2 ** neighbourBits === 0)
        this.#startsInGroup[bucket >> neighbourBits] = next - this.#groupStarts[group]
      const count = slots[low]
      slots[low] = count > mostPlaces ? crowded : next
      if (count <= mostPlaces) next += count
    }
    for (let i = 0; i < lowBits.length; i++) {
      const slot = slots[lowBits[i]]
      if (slot === crowded) continue
      sorted[slot] = places[i] | (lowBits[i] << placeBits)
      slots[lowBits[i]]++
    }
    return next - from
  }
}

/** Stands where a bucket has no places, because it has too many. */
const crowded = 2 ** 32 - 1

/** Gives the buckets of the seeds of a text, as `fillBuckets` has them, block by block. The array is reused. */
function forEachBlock(bases: PackedBases, visit: (buckets: Int32Array, start: number) => void): void {
  const buckets = new Int32Array(blockLength + seedSpan - 1)
  for (let start = 0; start < bases.length; start += blockLength) {
    const block = bases.slice(start, Math.min(bases.length, start + blockLength + seedSpan - 1))
    fillBuckets(block, buckets)
    visit(buckets.subarray(0, Math.min(blockLength, block.length)), start)
  }
}

/** Writes into `buckets`, for each base, the bucket of the seed that begins there; -1 where it would have an unknown base. */
export function fillBuckets(bases: Uint8Array, buckets: Int32Array): void {
  // The key of eight codons, four bits each, is that of those from a codon before on, less the first and with one more.
  let key = 0
  let oneBefore = 0
  let twoBefore = 0
  let known = Number(bases[0] < unknown)
  for (let i = 1; i < bases.length; i++) {
    const base = bases[i]
    known = base < unknown ? known + 1 : 0
    const aCodonBefore = twoBefore
    twoBefore = oneBefore
    oneBefore = key
    key = (aCodonBefore << 4) | ((bases[i - 1] & 3) << 2) | (base & 3)
    const start = i - seedSpan + 1
    if (start >= 0)
      buckets[start] = known >= seedSpan ? Math.imul(counted(key), 0x9e3779b1) >>> (32 - bucketBits) : -1
  }
  buckets.fill(-1, Math.max(0, bases.length - seedSpan + 1), bases.length)
}

/** The bits of the codons that count, of those of eight codons. */
const counted = (key: number): number => (key & 0xff) | ((key >>> 4) & 0xff00) | ((key >>> 8) & 0xff0000)
