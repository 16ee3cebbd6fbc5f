import { unknown } from '../../data/index.js'
import { type KeyBatch, keyBatch } from './sets/index.js'

/** The longest k-mer, in bases: two bits each leave two of the 64 bits of a key free. */
export const maxK = 31

const batchSize = 4096

/**
 * Gives the canonical k-mers of a sequence, batch by batch: of each k-mer without unknown bases and its reverse
 * complement the one that is the smaller number, two bits a base, the first base in the highest. A batch is reused.
 */
export class KmerKeys {
  readonly #batch: KeyBatch = keyBatch(batchSize)

  /** @throws RangeError unless k is a whole number from 1 to `maxK`. */
  constructor(readonly k: number) {
    if (!(Number.isInteger(k) && k >= 1 && k <= maxK))
      throw new RangeError(`k-mers of ${k} bases: give a whole number from 1 to ${maxK}`)
  }

  /** `visit`: is given batches and how many keys are in each. */
  forEachBatch(bases: Uint8Array, visit: (keys: KeyBatch, count: number) => void): void {
    // A batch of k-mers takes k - 1 bases more than it has k-mers.
    for (let start = 0; start === 0 || start + this.k <= bases.length; start += batchSize) {
      const piece = bases.subarray(start, start + batchSize + this.k - 1)
      const count = this.k <= 15 ? this.#shortKeys(piece) : this.#longKeys(piece)
      if (count > 0) visit(this.#batch, count)
    }
  }

  /** The keys of k-mers of up to 15 bases, whose two bits a base make a small integer. */
  #shortKeys(bases: Uint8Array): number {
    const { k } = this
    const { low } = this.#batch
    const mask = 4 ** k - 1
    const highest = 2 * (k - 1)
    let forward = 0
    let backward = 0
    let known = 0
    let count = 0
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i]
      if (base >= unknown) {
        known = 0
        continue
      }
      forward = ((forward << 2) | base) & mask
      backward = (backward >>> 2) | ((3 - base) << highest)
      if (++known < k) continue
      const difference = backward - forward
      low[count++] = forward + (difference & (difference >> 31)) // the smaller one, without a branch
    }
    return count
  }

  /** The keys of k-mers of 16 bases and more: the last 16 bases are in the lower half. */
  #longKeys(bases: Uint8Array): number {
    const { k } = this
    const { high, low } = this.#batch
    const mask = 4 ** (k - 16) - 1
    const highest = 2 * (k - 17) // of the upper half, if there is one
    let forwardHigh = 0
    let forwardLow = 0
    let backwardHigh = 0
    let backwardLow = 0
    let known = 0
    let count = 0
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i]
      if (base >= unknown) {
        known = 0
        continue
      }
      forwardHigh = ((forwardHigh << 2) | (forwardLow >>> 30)) & mask
      forwardLow = (forwardLow << 2) | base
      if (k === 16) backwardLow = (backwardLow >>> 2) | ((3 - base) << 30)
      else {
        backwardLow = (backwardLow >>> 2) | (backwardHigh << 30)
        backwardHigh = (backwardHigh >>> 2) | ((3 - base) << highest)
      }
      if (++known < k) continue
      const forwardIsSmaller =
        forwardHigh < backwardHigh || (forwardHigh === backwardHigh && forwardLow >>> 0 < backwardLow >>> 0)
      high[count] = forwardIsSmaller ? forwardHigh : backwardHigh
      low[count++] = forwardIsSmaller ? forwardLow : backwardLow
    }
    return count
  }
}
