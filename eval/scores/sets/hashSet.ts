import { hashKey, type KeyBatch, type KeySet } from './keySet.js'

/** Slots of the largest table: 1 GB, for 94 million keys. */
const maxSlots = 2 ** 27
/** A table is doubled when it is fuller than this. */
const maxLoad = 0.7
/** Marks a slot as taken: keys leave the highest bit of their upper half free. */
const taken = 0x80000000

/**
 * An exact set of keys as a hash table with open addressing and linear probing (Knuth, The Art of Computer Programming,
 * volume 3, section 6.4, algorithm L).
 */
export class HashSet implements KeySet {
  #high: Uint32Array
  #low: Uint32Array
  #size = 0

  /** @throws RangeError for contents that are no table. */
  constructor(
    contents: { high: Uint32Array; low: Uint32Array } = {
      high: new Uint32Array(1024),
      low: new Uint32Array(1024),
    },
  ) {
    const { high, low } = contents
    if (high.length !== low.length || high.length < 2 || (high.length & (high.length - 1)) !== 0)
      throw new RangeError(
        `hash table: got ${high.length} and ${low.length} slots, wanted the same power of two`,
      )
    this.#high = high
    this.#low = low
    for (let i = 0; i < high.length; i++) if (high[i] !== 0) this.#size++
    if (this.#size === high.length) throw new RangeError('hash table: has no free slot, it is damaged')
  }

  /** @throws RangeError when more keys come than a table can have. */
  addAll({ high, low }: KeyBatch, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#size >= maxLoad * this.#high.length) this.#grow()
      if (this.#insert(high[i] | taken, low[i])) this.#size++
    }
  }

  /** Whether the key was new. `marked`: the upper half with the mark of a taken slot. */
  #insert(marked: number, low: number): boolean {
    const slot = this.#find(marked, low)
    if (this.#high[slot] !== 0) return false
    this.#high[slot] = marked
    this.#low[slot] = low
    return true
  }

  /** The slot of a key, or the free one where it would go. */
  #find(marked: number, low: number): number {
    const highs = this.#high
    const lows = this.#low
    const mask = highs.length - 1
    const wanted = marked >>> 0
    let slot = hashKey(marked, low, 0) & mask
    while (highs[slot] !== 0 && (lows[slot] !== low || highs[slot] !== wanted)) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const [high, low] = [this.#high, this.#low]
    if (2 * high.length > maxSlots)
      throw new RangeError(
        `${this.#size} different keys: an exact set has room for ${Math.floor(maxLoad * maxSlots)}; take a Bloom filter (set=bloom)`,
      )
    this.#high = new Uint32Array(2 * high.length)
    this.#low = new Uint32Array(2 * high.length)
    for (let i = 0; i < high.length; i++) if (high[i] !== 0) this.#insert(high[i], low[i])
  }

  countMembers({ high, low }: KeyBatch, count: number): number {
    let members = 0
    for (let i = 0; i < count; i++) if (this.#high[this.#find(high[i] | taken, low[i])] !== 0) members++
    return members
  }

  falsePositiveRate(): number {
    return 0
  }

  get arrays() {
    return { high: this.#high, low: this.#low }
  }
}
