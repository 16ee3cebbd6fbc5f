import { reverseComplement, unknown } from '../../../data/index.js'
import type { PackedBases } from './packedBases.js'
import { pieceLength } from './pieces.js'
import { fillBuckets, type SeedIndex, seedSpan } from './seedIndex.js'

/** So many of the last bases are compared at once, in 24 bits. */
const compared = 12

/** Bases of a piece from which on it may be a copy of one strand of the genomes. */
export type Starts = {
  /** Ascending; one with several places stands there as often. */
  readonly bases: number[]
  /** Where in the genomes the 20 bases before are: the place of their seed. */
  readonly seeds: number[]
}

/**
 * Finds where copies may begin: at a seed whose last bases are equal, too. Nearly all places of a bucket are there by chance,
 * and scattered over more memory than a cache has; what is decided of each here is so little that the processor fetches
 * many of them at a time.
 */
export class CopyStarts {
  readonly forward: Starts = { bases: [], seeds: [] }
  /** Of the other strand: there the seed begins with the complement of the base before. */
  readonly reverse: Starts = { bases: [], seeds: [] }
  readonly #buckets = new Int32Array(pieceLength)
  readonly #words = new Int32Array(pieceLength)
  readonly #firsts = new Uint32Array(pieceLength)
  readonly #ends = new Uint32Array(pieceLength)
  /** Bits of a word that are compared. */
  readonly #forwardMask: number
  readonly #reverseMask: number

  /** `least`: how many of the last bases must be equal; here at most 12 of them are looked at. */
  constructor(
    readonly genomes: PackedBases,
    readonly index: SeedIndex,
    least: number,
  ) {
    const bits = 2 * Math.min(least, compared)
    // The last bases are highest on the forward strand, and lowest on the other.
    this.#reverseMask = 2 ** bits - 1
    this.#forwardMask = this.#reverseMask << (2 * compared - bits)
  }

  /** Turns to a piece: `forward` and `reverse` are of it then. */
  turnTo(piece: Uint8Array): void {
    fillBuckets(piece, this.#buckets)
    fillWords(piece, this.#words)
    this.#findStarts(piece.length, false, this.#forwardMask, this.forward)
    const complement = reverseComplement(piece)
    fillBuckets(complement, this.#buckets)
    fillWords(complement, this.#words)
    this.#findStarts(piece.length, true, this.#reverseMask, this.reverse)
  }

  /** Of the strand that buckets and words are of. */
  #findStarts(length: number, isReverse: boolean, mask: number, starts: Starts): void {
    const [buckets, words, firsts, ends] = [this.#buckets, this.#words, this.#firsts, this.#ends]
    for (let i = 0; i < length; i++) {
      firsts[i] = buckets[i] < 0 ? 0 : this.index.startOf(buckets[i])
      ends[i] = buckets[i] < 0 ? 0 : this.index.endOf(buckets[i])
    }
    const { packed } = this.genomes
    starts.bases.length = 0
    starts.seeds.length = 0
    for (let base = seedSpan; base < length; base++) {
      // Where in this strand the seed begins, and the bases that are compared, from there in the genomes, too.
      const seed = isReverse ? length - base : base - seedSpan
      const offset = isReverse ? 0 : seedSpan - compared
      const word = words[seed + offset]
      for (let slot = firsts[seed]; slot < ends[seed]; slot++) {
        const seedPlace = this.index.placeAt(slot, buckets[seed])
        if (seedPlace < 0) continue
        const place = seedPlace + offset
        const byte = place >>> 2
        const bits =
          packed[byte] | (packed[byte + 1] << 8) | (packed[byte + 2] << 16) | (packed[byte + 3] << 24)
        if ((((bits >>> (2 * (place & 3))) ^ word) & mask) !== 0) continue
        starts.bases.push(base)
        starts.seeds.push(seedPlace)
      }
    }
  }
}

/** Writes the bases from each one on, `compared` of them, the first in the lowest bits; unknown ones and none are 0. */
function fillWords(bases: Uint8Array, words: Int32Array): void {
  let word = 0
  for (let i = bases.length - 1; i >= 0; i--) {
    word = ((word << 2) | (bases[i] === unknown ? 0 : bases[i])) & (4 ** compared - 1)
    words[i] = word
  }
}
