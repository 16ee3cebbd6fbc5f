/** A bin: from `low` up to, but without, `high`. */
export type Bin = { readonly low: number; readonly high: number; readonly count: number }

/** Bins are no more than this. */
const most = 64

/** Narrower bins than this nobody needs: 2^-20. */
const narrowest = -20

/**
 * A histogram of a stream of numbers in bounded memory. Bins are a power of two wide and begin at multiples of it, the
 * narrowest with which all numbers lie within 64 of them, so it does not depend on the order of the numbers.
 */
export class RunningHistogram {
  #exponent = narrowest
  #counts = new Map<number, number>()
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  /** Takes one more number; what is not finite, or above 1e302, is left out. */
  add(x: number): void {
    // As if it had been there from the beginning: over the width, the smallest numbers were 0.
    const narrow = Math.floor(x / 2 ** narrowest)
    if (!Number.isFinite(narrow)) return
    this.#count(Math.floor(narrow / 2 ** (this.#exponent - narrowest)), 1)
    while (this.#last - this.#first >= most) this.#widen()
  }

  #count(bin: number, count: number): void {
    this.#counts.set(bin, (this.#counts.get(bin) ?? 0) + count)
    this.#first = Math.min(this.#first, bin)
    this.#last = Math.max(this.#last, bin)
  }

  /** Makes each two neighbours one. */
  #widen(): void {
    const narrow = this.#counts
    this.#exponent++
    this.#counts = new Map()
    this.#first = Number.POSITIVE_INFINITY
    this.#last = Number.NEGATIVE_INFINITY
    for (const [bin, count] of narrow) this.#count(Math.floor(bin / 2), count)
  }

  /** All bins from the first to the last that holds a number, empty ones among them. */
  bins(): readonly Bin[] {
    const width = 2 ** this.#exponent
    const length = this.#counts.size && this.#last - this.#first + 1
    return Array.from({ length }, (_, i) => {
      const bin = this.#first + i
      return { low: bin * width, high: (bin + 1) * width, count: this.#counts.get(bin) ?? 0 }
    })
  }
}
