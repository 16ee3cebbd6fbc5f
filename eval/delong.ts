/**
 * Variance and comparison of AUROCs after DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837–845, from mid-ranks
 * in O(n log n) (Sun & Xu, IEEE Signal Processing Letters 21 (2014) 1389–1393). With cluster labels it is Obuchowski's
 * extension, Biometrics 53 (1997) 567–578: the sums over clusters take the place of the reads. It is asymptotic in the
 * number of clusters; with few (ten genera) its intervals are somewhat too narrow.
 */
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { aurocOf } from './metrics.js'
import { type Estimate, type Interval, twoSidedP, zConfidence } from './normal.js'
import { type Ranking, rank, type Scores } from './ranking.js'

/** Scores of the same reads in both classes. */
export type ClassScores = {
  in: Scores
  ood: Scores
}

export type PairedTest = {
  /** AUROC of the first score minus AUROC of the second, with its 95 % interval. */
  difference: Estimate
  z: number
  /** Two-sided. */
  p: number
}

/**
 * AUROC (see `auroc`) with a 95 % interval from DeLong's variance on the logit scale, which keeps it within (0, 1).
 * Where that variance is zero or undefined (perfect separation, constant scores, one read or cluster of a class) the
 * interval is the score interval with Hanley & McNeil's variance (Radiology 143 (1982) 29–36): never degenerate.
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
  const variance = varianceOf(placed, labels)
  const value = placed.auroc
  if (!(variance > 0) || value <= 0 || value >= 1) {
    return { value, ...hanleyMcNeilInterval(value, ranking.inLevels.length, ranking.oodLevels.length) }
  }
  const logit = Math.log(value / (1 - value))
  const margin = (zConfidence * Math.sqrt(variance)) / (value * (1 - value))
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
  return { value, low: logistic(logit - margin), high: logistic(logit + margin) }
}

/**
 * DeLong's estimate of the variance of the AUROC; NaN when a class has one read (or cluster).
 *
 * @throws RangeError as `aurocEstimate`.
 */
export const delongVariance = (inScores: Scores, oodScores: Scores, labels: ClusterLabels = {}): number =>
  varianceOf(placements(rank(inScores, oodScores)), labels)

/**
 * DeLong's test of two scores of the same reads: the difference of their AUROCs (first minus second), its interval, z,
 * and the two-sided p. Equal scores give z = 0 and p = 1; where the variance is undefined, or zero for different
 * AUROCs, interval, z and p are NaN.
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
  const deviation = Math.sqrt(varianceOf(difference, labels))
  const isRoundingOnly = deviation <= 1e-9 * Math.abs(value)
  if (value !== 0 && isRoundingOnly) {
    return { difference: { value, low: Number.NaN, high: Number.NaN }, z: Number.NaN, p: Number.NaN }
  }
  const z = deviation === 0 ? 0 : value / deviation
  const margin = zConfidence * deviation
  return { difference: { value, low: value - margin, high: value + margin }, z, p: twoSidedP(z) }
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

const varianceOf = (placed: Placements, labels: ClusterLabels): number =>
  classVariance(placed.in, placed.auroc, clustersOf(labels.in, placed.in.length)) +
  classVariance(placed.ood, placed.auroc, clustersOf(labels.ood, placed.ood.length))

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
 * The score interval: its ends are the θ at which |θ − value| is z standard errors, the variance being Hanley &
 * McNeil's at θ itself, for `m` in-distribution and `n` out-of-distribution reads. Found by bisection.
 */
function hanleyMcNeilInterval(value: number, m: number, n: number): Interval {
  const variance = (theta: number): number => {
    const q1 = theta / (2 - theta)
    const q2 = (2 * theta * theta) / (1 + theta)
    return (theta * (1 - theta) + (m - 1) * (q1 - theta ** 2) + (n - 1) * (q2 - theta ** 2)) / (m * n)
  }
  const isWithin = (theta: number): boolean => (theta - value) ** 2 <= zConfidence ** 2 * variance(theta)
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
