/** Scores of held-out in-distribution fragments of one length. */
export type CalibrationScores = {
  /** Their length in bases. */
  readonly length: number
  /** NaN (no score) is not among them. */
  readonly scores: ArrayLike<number>
}

/** The fewest scores that a length is calibrated with: p-values go down to 1 / (n + 1). */
export const fewestCalibrationScores = 19

/**
 * Conformal p-values of a score (higher = in-distribution) against held-out in-distribution fragments of like length
 * (Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World, section 2.2):
 *
 *     p = (1 + #{calibration scores <= score}) / (n + 1)
 *
 * If a fragment and the n calibration fragments are exchangeable, P(p <= a) <= a for every a, whatever the score: a call
 * at p <= 0.05 is wrong for at most 5 % of in-distribution fragments. Nothing is assumed of out-of-distribution ones.
 *
 * The spread of a mean over bases depends on their number, so every length has its own p-values (the categories of
 * Mondrian conformal prediction, section 4.5 there). A length between two that were calibrated gets the larger of both
 * p-values: it stays valid if the distribution of scores at that length lies between those of its neighbours. Beyond the
 * longest, the p-value of the longest is given: means over more bases spread less, so that small p-values become rarer,
 * never more frequent, where the mean itself stays. A score that is a sum over bases grows with them: beyond the longest
 * it is taken per base, as what the longest would have of it. Below the shortest there is none.
 * @example
 * ```ts
 * import { Calibration } from 'xenograd/eval'
 *
 * const scores = Float64Array.from({ length: 19 }, (_, i) => i)
 * const calibration = new Calibration([{ length: 250, scores }])
 * console.log(calibration.pValue(0, 250)) // 0.1
 * ```
 */
export class Calibration {
  /** The calibrated lengths in bases, ascending. */
  readonly lengths: readonly number[]
  /** For each length its scores, ascending. */
  readonly scores: readonly Float64Array[]

  /** @throws RangeError for a length given twice or that is no positive integer, for NaN, and for too few scores. */
  constructor(calibrated: Iterable<CalibrationScores>) {
    const byLength = [...calibrated].sort((a, b) => a.length - b.length)
    this.lengths = byLength.map(({ length }) => length)
    this.scores = byLength.map(({ scores }) => Float64Array.from(scores).sort())
    if (this.lengths.length === 0)
      throw new RangeError('calibration: no length has scores, give at least one')
    for (const [i, length] of this.lengths.entries()) {
      if (!Number.isInteger(length) || length < 1)
        throw new RangeError(`calibration: got length ${length}, give a positive integer`)
      if (length === this.lengths[i + 1]) throw new RangeError(`calibration: length ${length} is given twice`)
      const scores = this.scores[i]
      if (scores.length < fewestCalibrationScores)
        throw new RangeError(
          `calibration: length ${length} has ${scores.length} scores, give ${fewestCalibrationScores} or more`,
        )
      // Sorting puts NaN last.
      if (Number.isNaN(scores[scores.length - 1]))
        throw new RangeError(
          `calibration: a score of length ${length} is NaN; leave out fragments without a score`,
        )
    }
  }

  /** The p-value of a fragment of `length` bases; NaN for a NaN score, and for a length below the shortest. */
  pValue(score: number, length: number): number {
    if (Number.isNaN(score) || length < this.lengths[0]) return Number.NaN
    const longer = this.lengths.findIndex(calibrated => calibrated >= length)
    if (longer < 0) return conformalP(this.scores[this.scores.length - 1], score)
    const p = conformalP(this.scores[longer], score)
    return this.lengths[longer] === length ? p : Math.max(p, conformalP(this.scores[longer - 1], score))
  }

  /**
   * The p-value of a read of which so many bases are predicted: that of a fragment without unknown bases of which as many
   * are (all but the first). `isSum`: the score is a sum over the bases, as leads of genera are, and no mean.
   */
  pValueOf(score: number, predictions: number, isSum = false): number {
    const length = predictions + 1
    const longest = this.lengths[this.lengths.length - 1]
    return this.pValue(isSum && length > longest ? (score * longest) / length : score, length)
  }

  /**
   * The least score at which a fragment of `length` bases has a p-value above `rate`: what scores below it is called
   * unknown. Infinity where every score is, -Infinity where none is; NaN for a length below the shortest.
   */
  threshold(rate: number, length: number): number {
    if (length < this.lengths[0]) return Number.NaN
    const longer = this.lengths.findIndex(calibrated => calibrated >= length)
    if (longer < 0) return leastAbove(this.scores[this.scores.length - 1], rate)
    const threshold = leastAbove(this.scores[longer], rate)
    return this.lengths[longer] === length
      ? threshold
      : Math.min(threshold, leastAbove(this.scores[longer - 1], rate))
  }
}

/** The least score that has a p-value above `rate`. */
function leastAbove(sorted: Float64Array, rate: number): number {
  const total = sorted.length + 1
  // Below the first score p is 1 / total; at the i-th of them (from 0 on), (i + 2) / total or more.
  if (1 / total > rate) return Number.NEGATIVE_INFINITY
  const index = sorted.findIndex((_, i) => (i + 2) / total > rate)
  return index < 0 ? Number.POSITIVE_INFINITY : sorted[index]
}

/** (1 + #{x in sorted: x <= score}) / (n + 1), by bisection. */
function conformalP(sorted: Float64Array, score: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] <= score) low = middle + 1
    else high = middle
  }
  return (1 + low) / (sorted.length + 1)
}
