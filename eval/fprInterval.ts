/**
 * The interval of FPR at a TPR. Two errors make it up: that of the threshold, which the worst in-distribution reads
 * decide, hence at a TPR of 95 % one or two of ten genera, and that of the share of out-of-distribution reads above it.
 *
 * The threshold's interval is an inverted test (Woodruff, J. Am. Stat. Assoc. 47 (1952) 635–646): all thresholds whose
 * TPR does not differ from the wanted one by its own standard error over clusters, on the logit scale. (The standard error
 * at the best threshold alone would not do: a sample without a genus of low scores has both, a threshold too high and a
 * standard error too small. For the same reason half the variance of the opposite tail is the least.) Of clusters of
 * which few decide, not all count as degrees of freedom: the variance of n values is known as well as one of
 * 2 (n − 1) / (κ − 1) degrees, κ being their kurtosis (by the moments of a sample's variance, as Satterthwaite, Biometrics
 * Bulletin 2 (1946) 110–114). Where no read is left on one side of a threshold, so that there is no standard error,
 * Wilson's interval takes over, of as many independent reads as say as much (Korn & Graubard, Survey Methodology 24
 * (1998) 193–201).
 *
 * FPR at the ends of that interval, and the interval of FPR at the best threshold, are put together as the intervals of
 * independent terms of a sum (Zou & Donner, Statistics in Medicine 27 (2008) 1693–1702). bench/coverage.js shows what
 * the result covers.
 */
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { type Interval, logitInterval, noInterval } from './interval.js'
import type { Positive, Ranking } from './ranking.js'
import { tConfidence } from './student.js'

/** The reads of a class: their `ranks` in the order in which a threshold passes the distinct scores. */
type PassedReads = { ranks: Int32Array; clusters: ClassClusters }

/** The share of a class that a threshold calls positive, its standard error, and the kurtosis of what makes that up. */
type CalledShare = { share: number; deviation: number; kurtosis: number }

/** How an interval of a share is made: with so many standard errors, or, without one, as of so many independent reads. */
type Precision = { quantile: number; reads: number }

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
  const inside = { levels: ranking.inLevels, clusters: clustersOf(labels.in, ranking.inLevels.length) }
  const outside = { levels: ranking.oodLevels, clusters: clustersOf(labels.ood, ranking.oodLevels.length) }
  if (inside.clusters.count < 2 || outside.clusters.count < 2) return noInterval
  const last = ranking.scores.length - 1
  const passed = ({ levels, clusters }: typeof inside): PassedReads => ({
    ranks: positive === 'in' ? levels.map(level => last - level) : levels,
    clusters,
  })
  const [positives, negatives] = (positive === 'in' ? [inside, outside] : [outside, inside]).map(passed)

  const { fewest, best, most } = thresholdInterval(positives, tpr, last + 1)
  const called = calledShare(negatives, best)
  const own = shareInterval(called, precisionOf(called, negatives))
  const fpr = called.share
  const below = Math.hypot(fpr - calledShare(negatives, fewest).share, fpr - own.low)
  const above = Math.hypot(calledShare(negatives, most).share - fpr, own.high - fpr)
  return { low: Math.max(0, fpr - below), high: Math.min(1, fpr + above) }
}

/**
 * Thresholds, as numbers of distinct scores that they call positive, up to `all`: the one that `fprAtTpr` takes, and those
 * that call the fewest and the most of all whose TPR may be `tpr`.
 */
function thresholdInterval(
  positives: PassedReads,
  tpr: number,
  all: number,
): { fewest: number; best: number; most: number } {
  const firstWith = (share: number): number =>
    bisect(0, all, threshold => calledShare(positives, threshold).share >= share)
  const best = firstWith(tpr)
  const precision = precisionOf(calledShare(positives, best), positives)
  const oppositeTail = calledShare(positives, firstWith(1 - tpr))
  const leastMargin = logitMargin(oppositeTail, precisionOf(oppositeTail, positives)) / Math.SQRT2
  const tprInterval = (threshold: number): Interval =>
    shareInterval(calledShare(positives, threshold), precision, leastMargin)
  const isTooHigh = (threshold: number): boolean => tprInterval(threshold).low > tpr
  // The last threshold that leaves a positive read out, and those after it, which are all alike.
  const lastRank = positives.ranks.reduce((a, b) => Math.max(a, b))
  const most = bisect(best, Math.max(best, lastRank), threshold => isTooHigh(threshold + 1))
  return {
    fewest: bisect(0, best, threshold => tprInterval(threshold).high >= tpr),
    best,
    most: most >= lastRank && !isTooHigh(all) ? all : most,
  }
}

/** What a threshold that calls the reads of rank 0 to `threshold` - 1 calls of a class. */
function calledShare({ ranks, clusters }: PassedReads, threshold: number): CalledShare {
  const { ids, count, effective } = clusters
  const called = new Float64Array(count)
  const sizes = new Float64Array(count)
  let all = 0
  for (let read = 0; read < ranks.length; read++) {
    const cluster = ids[read]
    sizes[cluster]++
    if (ranks[read] >= threshold) continue
    called[cluster]++
    all++
  }
  const share = all / ranks.length
  let squares = 0
  let fourths = 0
  for (let cluster = 0; cluster < count; cluster++) {
    const square = (called[cluster] - share * sizes[cluster]) ** 2
    squares += square
    fourths += square ** 2
  }
  if (!(squares > 1e-12)) return { share, deviation: 0, kurtosis: 1 }
  return {
    share,
    deviation: Math.sqrt((effective / (effective - 1)) * squares) / ranks.length,
    kurtosis: Math.max(1, (count * fourths) / squares ** 2),
  }
}

function precisionOf(
  { share, deviation, kurtosis }: CalledShare,
  { ranks, clusters: { count, effective } }: PassedReads,
): Precision {
  return {
    quantile: tConfidence(Math.min(effective - 1, (2 * (count - 1)) / (kurtosis - 1))),
    reads: Math.min(ranks.length, Math.max(effective, (share * (1 - share)) / deviation ** 2 || 0)),
  }
}

/** Half the interval of a share on the logit scale; 0 without a standard error. */
const logitMargin = ({ share, deviation }: CalledShare, { quantile }: Precision): number =>
  deviation > 0 ? (quantile * deviation) / (share * (1 - share)) : 0

/** The interval of a share: on the logit scale, or, without a standard error, Wilson's. */
function shareInterval(called: CalledShare, precision: Precision, leastMargin = 0): Interval {
  const { share, deviation } = called
  if (deviation > 0) return logitInterval(share, Math.max(leastMargin, logitMargin(called, precision)))
  const { reads } = precision
  const square = tConfidence(reads - 1) ** 2 / reads
  const center = (share + square / 2) / (1 + square)
  const half = Math.sqrt(square * share * (1 - share) + square ** 2 / 4) / (1 + square)
  return { low: center - half, high: center + half }
}

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
