import { reverseComplement, unknown } from '../../../data/index.js'
import type { PackedBases } from './packedBases.js'
import { pieceLength } from './pieces.js'
import { fillBuckets, type SeedIndex, seedSpan } from './seedIndex.js'

/** So many bases before a start are compared at once, in 24 bits. */
const compared = 12

/** Places of the genomes that the last bases before some base of a piece may be copied from, on one strand. */
export type Starts = {
  /** Bases of the piece, ascending. */
  readonly bases: number[]
  /** For each of them the place of a seed, that of the 20 bases before it. */
  readonly seeds: number[]
}

/**
 * Finds where copies may begin: where a seed is of a piece's last bases, and the very last ones are equal. Nearly all places
 * of seeds are chance, scattered over more memory than any cache has; so here is nothing but a loop that has many of them
 * fetched at a time.
 */
export class CopyStarts {
  readonly forward: Starts = { bases: [], seeds: [] }
  /** On the other strand: a place is where the complement of the base before is. */
  readonly reverse: Starts = { bases: [], seeds: [] }
  readonly #buckets = new Int32Array(pieceLength)
  readonly #words = new Int32Array(pieceLength)
  readonly #firsts = new Uint32Array(pieceLength)
  readonly #ends = new Uint32Array(pieceLength)
  /** Bits of a word that are compared. */
  readonly #forwardMask: number
  readonly #reverseMask: number

  /** `least`: how many of the last bases are equal; of those beyond 12, that is not looked at. */
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
      ends[i] = buckets[i] < 0 ? 0 : this.index.startOf(buckets[i] + 1)
    }
    const { places } = this.index
    const { packed } = this.genomes
    starts.bases.length = 0
    starts.seeds.length = 0
    for (let base = seedSpan; base < length; base++) {
      // Where in this strand the seed begins, and the bases that are compared, from there in the genomes, too.
      const seed = isReverse ? length - base : base - seedSpan
      const offset = isReverse ? 0 : seedSpan - compared
      const word = words[seed + offset]
      for (let slot = firsts[seed]; slot < ends[seed]; slot++) {
        const place = places[slot] + offset
        const byte = place >>> 2
        const bits =
          packed[byte] | (packed[byte + 1] << 8) | (packed[byte + 2] << 16) | (packed[byte + 3] << 24)
        if ((((bits >>> (2 * (place & 3))) ^ word) & mask) !== 0) continue
        starts.bases.push(base)
        starts.seeds.push(places[slot])
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
