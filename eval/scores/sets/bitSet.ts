import type { KeyBatch, KeySet } from './keySet.js'

/** The most keys that a bit each is kept for: 256 MB. */
export const maxBits = 2 ** 31

/** A set with a bit for every key from 0 to `size` - 1; for few keys, or many that are in it. */
export class BitSet implements KeySet {
  readonly #bits: Uint8Array

  /** `bits`: the contents of a set of the same size. @throws RangeError for more than `maxBits`, or other contents. */
  constructor(size: number, bits: Uint8Array = new Uint8Array(size <= maxBits ? Math.ceil(size / 8) : 0)) {
    if (size > maxBits || bits.length !== Math.ceil(size / 8))
      throw new RangeError(`set of ${size} bits: got ${bits.length} bytes, and ${maxBits} bits are the most`)
    this.#bits = bits
  }

  addAll({ low }: KeyBatch, count: number): void {
    const bits = this.#bits
    for (let i = 0; i < count; i++) bits[low[i] >>> 3] |= 1 << (low[i] & 7)
  }

  countMembers({ low }: KeyBatch, count: number): number {
    const bits = this.#bits
    let members = 0
    // No branch on what was found: the processor then waits for many lines of the cache at once.
    for (let i = 0; i < count; i++) members += (bits[low[i] >>> 3] >>> (low[i] & 7)) & 1
    return members
  }

  falsePositiveRate(): number {
    return 0
  }

  get arrays() {
    return { bits: this.#bits }
  }
}
