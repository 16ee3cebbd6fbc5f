/** Counts are given so many at a time. */
export const windowsInBlock = 4096

/** Windows are counted in parts of so many, each of which stays in the cache while it is. */
const partBits = 16
/** So many windows of a part are collected before they are counted. */
const room = 2 ** 14

/**
 * How often each of many windows occurs. Most do so a few times at most: a byte each counts to 255, and beside them is noted
 * which of them ran over, as often as that. Windows come in no order, and the table is larger than the cache: they are
 * collected by the part of the table that counts them.
 */
export class WindowCounts {
  readonly #low: Uint8Array
  #overflows: number[] = []
  /** For each part `room` windows by their numbers in it, and how many there are. */
  readonly #collected: Uint16Array
  readonly #sizes: Int32Array

  /** @param size how many windows there are: a power of four */
  constructor(readonly size: number) {
    const parts = Math.ceil(size / 2 ** partBits)
    this.#low = new Uint8Array(size)
    this.#collected = new Uint16Array(parts * room)
    this.#sizes = new Int32Array(parts)
  }

  /** Begins anew. */
  clear(): void {
    this.#low.fill(0)
    this.#sizes.fill(0)
    this.#overflows = []
  }

  /** Counts windows by their numbers; those below zero are none. */
  add(windows: Int32Array, length: number): void {
    const collected = this.#collected
    const sizes = this.#sizes
    for (let i = 0; i < length; i++) {
      const window = windows[i]
      if (window < 0) continue
      const part = window >> partBits
      const size = sizes[part]++
      collected[part * room + size] = window
      if (size + 1 === room) this.#count(part)
    }
  }

  /** Counts what is collected of a part. */
  #count(part: number): void {
    const low = this.#low
    const collected = this.#collected
    const start = part * room
    const end = start + this.#sizes[part]
    for (let i = start; i < end; i++) {
      const window = (part << partBits) | collected[i]
      if (++low[window] === 256) this.#overflows.push(window)
    }
    this.#sizes[part] = 0
  }

  /** All counts in the order of the windows, so many at a time. The array is reused. */
  *blocks(): Generator<Uint32Array> {
    for (const part of this.#sizes.keys()) this.#count(part)
    const overflows = Int32Array.from(this.#overflows).sort()
    let next = 0
    const counts = new Uint32Array(Math.min(windowsInBlock, this.size))
    for (let first = 0; first < this.size; first += counts.length) {
      counts.set(this.#low.subarray(first, first + counts.length))
      for (; overflows[next] < first + counts.length; next++) counts[overflows[next] - first] += 256
      yield counts
    }
  }
}
