/**
 * Many tests at once: the largest p-value that is rejected when the expected share of false ones among the rejected is to
 * be at most `level` (Benjamini & Hochberg 1995, equation 1), and 0 where none is. It holds for conformal p-values that
 * share their calibration scores, too (Bates et al. 2023, Testing for outliers with conformal p-values, theorem 2).
 *
 * p-values come as a stream, and only the distinct ones are held: conformal ones have few.
 */
export class FalseDiscovery {
  readonly #counts = new Map<number, number>()
  #tests = 0

  /** Takes one more test; NaN is none. */
  add(p: number): void {
    if (Number.isNaN(p)) return
    this.#tests++
    this.#counts.set(p, (this.#counts.get(p) ?? 0) + 1)
  }

  /** The threshold: all p up to it are rejected. */
  threshold(level: number): number {
    const distinct = [...this.#counts.keys()].sort((a, b) => a - b)
    let threshold = 0
    let rank = 0
    for (const p of distinct) {
      rank += this.#counts.get(p)!
      if (p <= (level * rank) / this.#tests) threshold = p
    }
    return threshold
  }
}
