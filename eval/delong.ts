/**
 * Variance and comparison of AUROCs after DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837–845, from mid-ranks
 * in O(n log n) (Sun & Xu, IEEE Signal Processing Letters 21 (2014) 1389–1393). With cluster labels it is Obuchowski's
 * extension, Biometrics 53 (1997) 567–578: the sums over clusters take the place of the reads. Both are asymptotic in the
 * number of clusters; with few (ten genera) Student's t takes the place of the normal distribution. A class has one degree
 * of freedom less than clusters (as Cameron, Gelbach & Miller, Review of Economics and Statistics 90 (2008) 414–427, have it
 * for regressions), of clusters of different sizes their effective number (`ClassClusters`); the quantile of both together is
 * Cochran's (`varianceTerms`).
 * bench/coverage.js shows what the intervals cover.
 */
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { type Estimate, type Interval, logitInterval, noInterval } from './interval.js'
import { aurocOf } from './metrics.js'
import { type Ranking, rank, type Scores } from './ranking.js'
import { twoSidedP } from './student.js'
import { cochranConfidence, cochranDegreesOfFreedom, type VarianceTerm } from './varianceTerms.js'

/** Scores of the same reads in both classes. */
export type ClassScores = {
  in: Scores
  ood: Scores
}

/** Whether two scores of the same reads have different AUROCs. */
export type PairedTest = {
  /** AUROC of the first score minus AUROC of the second, with its 95 % interval. */
  difference: Estimate
  t: number
  /** Between those of either class (`cochranDegreesOfFreedom`), so not whole. */
  degreesOfFreedom: number
  /** Two-sided. */
  p: number
}

/**
 * AUROC (see `auroc`) with a 95 % interval from DeLong's variance on the logit scale, which keeps it within (0, 1).
 * Where that variance is zero (perfect separation, constant scores) the interval is the score interval with Hanley &
 * McNeil's variance (Radiology 143 (1982) 29–36), of as many reads as there are clusters: never degenerate. NaN where a
 * class has one read, or one cluster: nothing is known of the error.
 *
 * @throws RangeError for an empty class, a NaN, or labels that do not fit.
 */
export const aurocEstimate = (inScores: Scores, oodScores: Scores, labels: ClusterLabels = {}): Estimate =>
  aurocEstimateOf(rank(inScores, oodScores), labels)

/**
 * `aurocEstimate` of reads that are ranked already.
 * @throws RangeError when labels do not fit.
 */
export function aurocEstimateOf(ranking: Ranking, labels: ClusterLabels = {}): Estimate {
  const placed = placements(ranking)
  const { variance, terms, sizes } = spreadOf(placed, labels)
  const value = placed.auroc
  if (Math.min(...sizes) < 2) return { value, ...noInterval }
  const quantile = cochranConfidence(terms)
  if (!(variance > 0) || value <= 0 || value >= 1)
    return { value, ...hanleyMcNeilInterval(value, sizes, quantile) }
  return { value, ...logitInterval(value, (quantile * Math.sqrt(variance)) / (value * (1 - value))) }
}

/**
 * DeLong's estimate of the variance of the AUROC; NaN when a class has one read (or cluster).
 *
 * @throws RangeError as `aurocEstimate`.
 */
export const delongVariance = (inScores: Scores, oodScores: Scores, labels: ClusterLabels = {}): number =>
  spreadOf(placements(rank(inScores, oodScores)), labels).variance

/**
 * DeLong's test of two scores of the same reads: the difference of their AUROCs (first minus second), its interval, t,
 * and the two-sided p. Equal scores give t = 0 and p = 1; where the variance is undefined, or zero for different
 * AUROCs, interval, t and p are NaN.
 *
 * @throws RangeError as `aurocEstimate`, and when the two scores are not of the same number of reads.
 */
export const pairedDelong = (
  first: ClassScores,
  second: ClassScores,
  labels: ClusterLabels = {},
): PairedTest => pairedDelongOf(rank(first.in, first.ood), rank(second.in, second.ood), labels)

/**
 * `pairedDelong` of reads that are ranked already, in the same order in both rankings.
 * @throws RangeError when labels do not fit, or the rankings are of different numbers of reads.
 */
export function pairedDelongOf(first: Ranking, second: Ranking, labels: ClusterLabels = {}): PairedTest {
  const a = placements(first)
  const b = placements(second)
  if (a.in.length !== b.in.length || a.ood.length !== b.ood.length) {
    throw new RangeError(
      `a paired test needs the same reads: got ${a.in.length} and ${b.in.length} in-distribution, ` +
        `${a.ood.length} and ${b.ood.length} out-of-distribution scores`,
    )
  }
  // The variance of the difference is the variance of the placements' differences: no cancellation for like scores.
  const difference = {
    auroc: a.auroc - b.auroc,
    in: a.in.map((placement, i) => placement - b.in[i]),
    ood: a.ood.map((placement, i) => placement - b.ood[i]),
  }
  const value = difference.auroc
  const { variance, terms } = spreadOf(difference, labels)
  const degreesOfFreedom = cochranDegreesOfFreedom(terms)
  const deviation = Math.sqrt(variance)
  const isRoundingOnly = deviation <= 1e-9 * Math.abs(value)
  if (value !== 0 && isRoundingOnly)
    return { difference: { value, ...noInterval }, t: Number.NaN, degreesOfFreedom, p: Number.NaN }
  const t = deviation === 0 ? 0 : value / deviation
  const margin = deviation === 0 ? 0 : cochranConfidence(terms) * deviation
  return {
    difference: { value, low: value - margin, high: value + margin },
    t,
    degreesOfFreedom,
    p: twoSidedP(t, degreesOfFreedom),
  }
}

type Placements = {
  auroc: number
  /** Of every in-distribution read, the share of out-of-distribution reads that it outscores (ties one half). */
  in: Float64Array
  /** Of every out-of-distribution read, the share of in-distribution reads that outscore it. */
  ood: Float64Array
}

/** The structural components V10 and V01 of DeLong et al.: the mean of either is the AUROC. */
function placements(ranking: Ranking): Placements {
  const { inCounts, oodCounts, inLevels, oodLevels } = ranking
  const oodOutscored = new Float64Array(inCounts.length)
  const inOutscoring = new Float64Array(inCounts.length)
  let oodBelow = 0
  let inAbove = inLevels.length
  for (let i = 0; i < inCounts.length; i++) {
    inAbove -= inCounts[i]
    oodOutscored[i] = (oodBelow + oodCounts[i] / 2) / oodLevels.length
    inOutscoring[i] = (inAbove + inCounts[i] / 2) / inLevels.length
    oodBelow += oodCounts[i]
  }
  const lookUp = (levels: Int32Array, table: Float64Array): Float64Array => {
    const values = new Float64Array(levels.length)
    for (let i = 0; i < levels.length; i++) values[i] = table[levels[i]]
    return values
  }
  return { auroc: aurocOf(ranking), in: lookUp(inLevels, oodOutscored), ood: lookUp(oodLevels, inOutscoring) }
}

type Spread = {
  /** Of the AUROC, or of a difference of two; NaN when a class has one read (or cluster). */
  variance: number
  /** Either class' part of it. */
  terms: VarianceTerm[]
  /** How many reads (or clusters, effectively) there are of each class. */
  sizes: [number, number]
}

function spreadOf(placed: Placements, labels: ClusterLabels): Spread {
  const inside = clustersOf(labels.in, placed.in.length)
  const outside = clustersOf(labels.ood, placed.ood.length)
  const terms = [
    { variance: classVariance(placed.in, placed.auroc, inside), degreesOfFreedom: inside.effective - 1 },
    { variance: classVariance(placed.ood, placed.auroc, outside), degreesOfFreedom: outside.effective - 1 },
  ]
  return {
    variance: terms[0].variance + terms[1].variance,
    terms,
    sizes: [inside.effective, outside.effective],
  }
}

/** One class' part of the AUROC's variance: the variance of the mean of its placements. */
function classVariance(placements: Float64Array, mean: number, { ids, count }: ClassClusters): number {
  if (count < 2) return Number.NaN
  const sums = new Float64Array(count)
  for (let i = 0; i < placements.length; i++) sums[ids[i]] += placements[i] - mean
  let squares = 0
  for (const sum of sums) squares += sum * sum
  return ((count / (count - 1)) * squares) / placements.length ** 2
}

/**
 * The score interval: its ends are the θ at which |θ − value| is `quantile` standard errors, the variance being Hanley &
 * McNeil's at θ itself, for `m` in-distribution and `n` out-of-distribution reads. Found by bisection.
 */
function hanleyMcNeilInterval(value: number, [m, n]: readonly [number, number], quantile: number): Interval {
  const variance = (theta: number): number => {
    const q1 = theta / (2 - theta)
    const q2 = (2 * theta * theta) / (1 + theta)
    return (theta * (1 - theta) + (m - 1) * (q1 - theta ** 2) + (n - 1) * (q2 - theta ** 2)) / (m * n)
  }
  const isWithin = (theta: number): boolean => (theta - value) ** 2 <= quantile ** 2 * variance(theta)
  const end = (edge: number): number => {
    if (isWithin(edge)) return edge
    let inside = value
    let outside = edge
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2
      if (isWithin(middle)) inside = middle
      else outside = middle
    }
    return inside
  }
  return { low: end(0), high: end(1) }
}
