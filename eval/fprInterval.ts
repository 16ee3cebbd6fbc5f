/**
 * The interval of FPR at a TPR. Two errors make it up: that of the threshold, which the worst in-distribution reads
 * decide, hence at a TPR of 95 % one or two of ten genera, and that of the share of out-of-distribution reads above it.
 *
 * The threshold's interval is an inverted test (Woodruff, J. Am. Stat. Assoc. 47 (1952) 635–646): all thresholds at which
 * the TPR may pass the wanted one. A share of clustered reads is taken for one of as many independent reads as say as much,
 * fewer by the square of Student's t over the normal quantile, and never more than there are reads (Korn & Graubard,
 * Survey Methodology 24 (1998) 193–201), and tested by its deviance, which is skewed as a share is of which a few reads
 * decide. As a sample without a genus of low scores has both, a threshold too high and a variance too small, the variance
 * is averaged with that at a lower threshold. Of clusters of which few decide, not all count as degrees of freedom: the
 * variance of n values is known as well as one of 2 (n − 1) / (κ − 1) degrees, κ being their kurtosis (by the moments of a
 * sample's variance, as Satterthwaite, Biometrics Bulletin 2 (1946) 110–114).
 *
 * Both errors share one budget of deviance, as the terms of a sum do (Zou & Donner, Statistics in Medicine 27 (2008)
 * 1693–1702): an end of the interval is that of FPR at a threshold which has used its term's part, with what is left. (So
 * it holds where scores are tied, too, and a step in FPR costs little.) bench/coverage.js shows what the result covers.
 */
import { binomialDeviance, devianceInterval } from './binomialDeviance.js'
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { type Interval, noInterval } from './interval.js'
import type { Positive, Ranking } from './ranking.js'
import { normalConfidence, tConfidence } from './student.js'
import { welchConfidence } from './varianceTerms.js'

/** The reads of a class, in the order in which a threshold passes the distinct scores. */
type PassedReads = {
  ranks: Int32Array
  clusters: ClassClusters
  /** By threshold, as the number of distinct scores that it calls positive: the share of the reads that it calls so. */
  called: Float64Array
}

/** How well a share is known: as one of so many independent reads, which is an estimate of so many degrees of freedom. */
type Precision = { reads: number; degreesOfFreedom: number }

/**
 * The 95 % interval of `fprAtTpr`, over reads or over clusters of them. NaN where a class has one read (or cluster):
 * nothing is known of the error.
 *
 * @throws RangeError when `tpr` is not in (0, 1), or labels do not fit.
 */
export function fprAtTprInterval(
  ranking: Ranking,
  tpr: number,
  positive: Positive = 'in',
  labels: ClusterLabels = {},
): Interval {
  if (!(tpr > 0 && tpr < 1)) throw new RangeError(`true positive rate: got ${tpr}, give one in (0, 1)`)
  const { inLevels, oodLevels, scores } = ranking
  const inside = passedReads(inLevels, labels.in, scores.length, positive)
  const outside = passedReads(oodLevels, labels.ood, scores.length, positive)
  if (inside.clusters.count < 2 || outside.clusters.count < 2) return noInterval
  const [positives, negatives] = positive === 'in' ? [inside, outside] : [outside, inside]

  const thresholds = thresholdsAt(positives.called, tpr)
  const thresholdPrecision = precisionAtTpr(positives, tpr)
  const sharePrecision = precisionAt(negatives, thresholds.best)
  const fpr = negatives.called[thresholds.best]
  const quantile = welchConfidence([
    varianceTerm(thresholdPrecision, limit => ({
      low: negatives.called[thresholds.fewest(limit)],
      high: negatives.called[thresholds.most(limit)],
    })),
    varianceTerm(sharePrecision, limit => devianceInterval(fpr, 1, Math.sqrt(limit))),
  ])
  const limit = normalConfidence ** 2 / effectiveReads(thresholdPrecision, positives, quantile)
  const reads = effectiveReads(sharePrecision, negatives, quantile)
  const shareOnly = devianceInterval(fpr, reads, normalConfidence)
  const end = (side: 'low' | 'high'): number => {
    const within = side === 'low' ? thresholds.fewest : thresholds.most
    const farthest = within(limit)
    // No read bounds the threshold.
    if (side === 'low' ? farthest === 0 : farthest === scores.length) return side === 'low' ? 0 : 1
    const thresholdTerm = (negatives.called[farthest] - fpr) ** 2
    const shareTerm = (shareOnly[side] - fpr) ** 2
    const threshold = within((limit * thresholdTerm) / (thresholdTerm + shareTerm || 1))
    const left = Math.sqrt(1 - thresholds.deviance(threshold) / limit)
    return devianceInterval(negatives.called[threshold], reads, normalConfidence * left)[side]
  }
  return { low: end('low'), high: end('high') }
}

function passedReads(
  levels: Int32Array,
  labels: readonly string[] | undefined,
  distinct: number,
  positive: Positive,
): PassedReads {
  const ranks = positive === 'in' ? levels.map(level => distinct - 1 - level) : levels
  const called = new Float64Array(distinct + 1)
  for (const rank of ranks) called[rank + 1]++
  for (let threshold = 1; threshold <= distinct; threshold++) called[threshold] += called[threshold - 1]
  return { ranks, clusters: clustersOf(labels, ranks.length), called: called.map(n => n / ranks.length) }
}

/**
 * The threshold that `fprAtTpr` takes (`best`), how far others are from being the first whose TPR is `tpr`, as a deviance
 * per read, and those that call the fewest and the most of all within a limit of it.
 */
function thresholdsAt(called: Float64Array, tpr: number) {
  const all = called.length - 1
  const best = firstCalling(called, tpr)
  const deviance = (threshold: number): number => {
    if (called[threshold] < tpr) return binomialDeviance(called[threshold], tpr)
    return threshold > best ? binomialDeviance(called[threshold - 1], tpr) : 0
  }
  return {
    best,
    deviance,
    fewest: (limit: number) => bisect(0, best, threshold => deviance(threshold) <= limit),
    most: (limit: number) =>
      bisect(best, all, threshold => threshold === all || deviance(threshold + 1) > limit),
  }
}

const firstCalling = (called: Float64Array, share: number): number =>
  bisect(0, called.length - 1, threshold => called[threshold] >= share)

/** At the threshold for a TPR, with the variance averaged with that where about twice as many reads are on the rarer side. */
function precisionAtTpr(positives: PassedReads, tpr: number): Precision {
  const { reads, degreesOfFreedom } = precisionAt(positives, firstCalling(positives.called, tpr))
  const wider = tpr >= 0.5 ? tpr ** 2 : 1 - (1 - tpr) ** 2
  const there = precisionAt(positives, firstCalling(positives.called, wider))
  return { reads: 2 / (1 / reads + 1 / there.reads), degreesOfFreedom }
}

/** How well the share is known that a threshold calls positive; without a standard error, as from the clusters' number of reads. */
function precisionAt({ ranks, clusters, called }: PassedReads, threshold: number): Precision {
  const { ids, count, effective } = clusters
  const share = called[threshold]
  const residuals = new Float64Array(count)
  for (let read = 0; read < ranks.length; read++)
    residuals[ids[read]] += (ranks[read] < threshold ? 1 : 0) - share
  let squares = 0
  let fourths = 0
  for (const residual of residuals) {
    squares += residual ** 2
    fourths += residual ** 4
  }
  if (!(squares > 1e-12)) return { reads: effective, degreesOfFreedom: effective - 1 }
  const variance = ((effective / (effective - 1)) * squares) / ranks.length ** 2
  const kurtosis = Math.max(1, (count * fourths) / squares ** 2)
  return {
    reads: (share * (1 - share)) / variance,
    degreesOfFreedom: Math.min(effective - 1, (2 * (count - 1)) / (kurtosis - 1)),
  }
}

/** What one error alone, with its own quantile, adds to the variance of FPR; `interval`: within a deviance per read. */
function varianceTerm({ reads, degreesOfFreedom }: Precision, interval: (limit: number) => Interval) {
  const quantile = tConfidence(degreesOfFreedom)
  const { low, high } = interval(quantile ** 2 / reads)
  return { variance: ((high - low) / (2 * quantile)) ** 2, degreesOfFreedom }
}

/** As how many independent reads a class counts when deviances are compared with the normal quantile. */
const effectiveReads = ({ reads }: Precision, { ranks }: PassedReads, quantile: number): number =>
  Math.min(ranks.length, reads * (normalConfidence / quantile) ** 2)

/** The first whole number from `first` on that `holds`, as all after it do; `last` is taken to. */
function bisect(first: number, last: number, holds: (n: number) => boolean): number {
  let low = first
  let high = last
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
