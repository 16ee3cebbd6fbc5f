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
 * Mondrian conformal prediction, section 4.5 there), and at these lengths nothing is assumed of how scores are distributed.
 *
 * A length between two that were calibrated has quantiles between theirs, linear in the logarithm of the length, and
 * p-values by these. What is assumed: that the quantile functions of scores change with the length in this way, as those
 * of distributions do that differ in location and scale only. bench/RESULTS.md has how uniform p-values are there. With few
 * scores, calls become rarer rather than more frequent: distribution functions are convex in the lower tail, and so at a
 * mean of two order statistics at most the mean of what they are at each.
 *
 * Beyond the longest length, the p-value of the longest is given: means over more bases spread less, so that small
 * p-values become rarer, never more frequent, where the mean itself stays. Below the shortest there is none.
 *
 * A score that is a sum over bases (`isSum`), as leads of genera are, grows with them: between lengths and beyond the
 * longest its quantiles are taken per base.
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

  /**
   * The p-value of a fragment of `length` bases: the least rate at which it is called unknown, p <= rate if and only if
   * score < threshold(rate) (but for a score of Infinity, which has 1). NaN for a NaN score, and below the shortest length.
   */
  pValue(score: number, length: number, isSum = false): number {
    const quantiles = this.#quantilesAt(length, isSum)
    if (Number.isNaN(score) || !quantiles) return Number.NaN
    const isCalled = (rate: number): boolean => score < thresholdOf(quantiles, rate)
    const [shorter, longer] = [quantiles.shorter.scores.length + 1, quantiles.longer.scores.length + 1]
    const p = leastMultiple(shorter, isCalled)
    return longer === shorter ? p : Math.min(p, leastMultiple(longer, isCalled))
  }

  /**
   * The p-value of a read of which so many bases are predicted: that of a fragment without unknown bases of which as many
   * are (all but the first).
   */
  pValueOf(score: number, predictions: number, isSum = false): number {
    return this.pValue(score, predictions + 1, isSum)
  }

  /**
   * The least score at which a fragment of `length` bases has a p-value above `rate`: what scores below it is called
   * unknown. Infinity where every score is, -Infinity where none is; NaN for a length below the shortest.
   */
  threshold(rate: number, length: number, isSum = false): number {
    const quantiles = this.#quantilesAt(length, isSum)
    return quantiles ? thresholdOf(quantiles, rate) : Number.NaN
  }

  /** The least rate at which a fragment of `length` bases can be called: 1 / (n + 1); NaN below the shortest. */
  leastRate(length: number): number {
    const quantiles = this.#quantilesAt(length, false)
    return quantiles
      ? 1 / (Math.min(quantiles.shorter.scores.length, quantiles.longer.scores.length) + 1)
      : Number.NaN
  }

  /** Undefined below the shortest length. */
  #quantilesAt(length: number, isSum: boolean): Quantiles | undefined {
    if (!(length >= this.lengths[0])) return undefined
    const next = this.lengths.findIndex(calibrated => calibrated >= length)
    const at = (index: number): Scaled => ({
      scores: this.scores[index],
      scale: isSum ? length / this.lengths[index] : 1,
    })
    if (next < 0 || this.lengths[next] === length) {
      const nearest = at(next < 0 ? this.lengths.length - 1 : next)
      return { shorter: nearest, longer: nearest, weight: 0 }
    }
    const [shorter, longer] = [this.lengths[next - 1], this.lengths[next]]
    const weight = Math.log(length / shorter) / Math.log(longer / shorter)
    return { shorter: at(next - 1), longer: at(next), weight }
  }
}

/** Ascending scores, and what they are multiplied by: of a sum, how much longer the length is that they are taken for. */
type Scaled = { readonly scores: Float64Array; readonly scale: number }

/** What the quantiles of scores of one length are made of. */
type Quantiles = {
  /** Those of the next shorter and the next longer calibrated length; at a calibrated one, the same. */
  readonly shorter: Scaled
  readonly longer: Scaled
  /** How much of a quantile is that of the longer length: 0 to 1. */
  readonly weight: number
}

/** Rises with the rate, also as rounded: so the least rate above a score can be searched for by bisection. */
function thresholdOf({ shorter, longer, weight }: Quantiles, rate: number): number {
  const low = shorter.scale * leastAbove(shorter.scores, rate)
  if (shorter === longer) return low
  const high = longer.scale * leastAbove(longer.scores, rate)
  const between = (1 - weight) * low + weight * high
  // Of opposite infinities: nothing is called on account of one length alone.
  if (Number.isNaN(between)) return Number.NEGATIVE_INFINITY
  // Rounding must not move it out of the two, least of all where they are equal.
  return Math.min(Math.max(between, Math.min(low, high)), Math.max(low, high))
}

/** The least score that has a p-value above `rate` among n ascending ones: the k-th of them, for the largest k / (n + 1) <= rate. */
function leastAbove(sorted: Float64Array, rate: number): number {
  const total = sorted.length + 1
  const nearest = Math.round(rate * total)
  const k = nearest / total <= rate ? nearest : nearest - 1
  return k < 1 ? Number.NEGATIVE_INFINITY : (sorted[k - 1] ?? Number.POSITIVE_INFINITY)
}

/** The least of the rates 1 / total, 2 / total … 1 at which a score is called, by bisection; 1 if it is at none. */
function leastMultiple(total: number, isCalled: (rate: number) => boolean): number {
  let low = 1
  let high = total
  while (low < high) {
    const middle = (low + high) >> 1
    if (isCalled(middle / total)) high = middle
    else low = middle + 1
  }
  return low / total
}
