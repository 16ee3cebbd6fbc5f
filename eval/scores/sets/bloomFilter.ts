import { hashKey, type KeyBatch, type KeySet } from './keySet.js'

/** Bits that are set for each key. */
const hashes = 4

/**
 * A set that forgets no key and takes some others for members (Bloom 1970, Commun. ACM 13, 422-426), in as much memory
 * as it is given. A key's bits come from two hashes (Kirsch & Mitzenmacher 2008, Random Struct. Algorithms 33, 187-218).
 */
export class BloomFilter implements KeySet {
  readonly #bits: Uint8Array
  /** How far a hash is shifted to be the number of a bit. */
  readonly #shift: number

  /**
   * A filter of 2^`logBits` bits. `bits`: the contents of a filter of the same size.
   * @throws RangeError unless `logBits` is from 3 to 32, or for other contents.
   */
  constructor(logBits: number, bits?: Uint8Array) {
    if (!(Number.isInteger(logBits) && logBits >= 3 && logBits <= 32))
      throw new RangeError(`Bloom filter of 2^${logBits} bits: give a whole number from 3 to 32`)
    const bytes = 2 ** (logBits - 3)
    if (bits && bits.length !== bytes)
      throw new RangeError(`Bloom filter of 2^${logBits} bits: got ${bits.length} bytes, wanted ${bytes}`)
    this.#bits = bits ?? new Uint8Array(bytes)
    this.#shift = 32 - logBits
  }

  addAll({ high, low }: KeyBatch, count: number): void {
    const bits = this.#bits
    const shift = this.#shift
    for (let i = 0; i < count; i++) {
      let hash = hashKey(high[i], low[i], 0)
      const step = hashKey(high[i], low[i], 0x5bd1e995) | 1
      for (let n = 0; n < hashes; n++) {
        const bit = hash >>> shift
        bits[bit >>> 3] |= 1 << (bit & 7)
        hash = (hash + step) | 0
      }
    }
  }

  countMembers({ high, low }: KeyBatch, count: number): number {
    const bits = this.#bits
    const shift = this.#shift
    let members = 0
    for (let i = 0; i < count; i++) {
      let hash = hashKey(high[i], low[i], 0)
      const step = hashKey(high[i], low[i], 0x5bd1e995) | 1
      let all = 1
      for (let n = 0; n < hashes; n++) {
        const bit = hash >>> shift
        all &= bits[bit >>> 3] >>> (bit & 7)
        hash = (hash + step) | 0
      }
      members += all & 1
    }
    return members
  }

  /** The share of set bits to the power of the bits for each key. */
  falsePositiveRate(): number {
    let ones = 0
    for (const byte of this.#bits) for (let rest = byte; rest !== 0; rest &= rest - 1) ones++
    return (ones / (8 * this.#bits.length)) ** hashes
  }

  get arrays() {
    return { bits: this.#bits }
  }
}
