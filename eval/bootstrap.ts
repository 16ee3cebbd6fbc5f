/**
 * Intervals by the bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap, 1993), stratified: each class is
 * resampled to its own number of reads, or of clusters. The interval is Student's, with the bootstrap's standard error
 * on the logit scale (their chapter 12; for areas under precision-recall curves Boyd, Eng & Page, ECML PKDD 2013,
 * 451–466). Two corrections are for few clusters: resampling k of them shows a variance that is (k − 1)/k of the true
 * one (Hesterberg, The American Statistician 69 (2015) 371–386), and the quantile has k − 1 degrees of freedom (Cameron,
 * Gelbach & Miller, Review of Economics and Statistics 90 (2008) 414–427), k being the effective number of clusters
 * (`ClassClusters`) in the class that has fewer. (Apart for each class, as for AUROC, the intervals would be too narrow: of the
 * larger class a few clusters decide, too.) bench/coverage.js shows what the intervals cover.
 *
 * For means over all reads, as AUPRC is one. What a few reads decide has an interval of its own (`fprInterval`).
 */
import { type Key, purposeKey, seedPurposes, threefry2x32 } from '../engine/hostRandom.js'
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { type Interval, logitInterval, noInterval } from './interval.js'
import { type Counts, coarseRanking, type Ranking } from './ranking.js'
import { tConfidence } from './student.js'

/** How the bootstrap draws. */
export type BootstrapOptions = {
  /** Resampled data sets; default 1000. With fewer than 2 all intervals are NaN. */
  replicates?: number
  /** An integer; the intervals are a function of it and of the data. Default 1. */
  seed?: number
  /** With labels, whole clusters are drawn instead of reads. */
  labels?: ClusterLabels
}

/** More clusters than this are drawn in groups of equal size, and more distinct scores than this are taken together. */
const mostDrawn = 10_000
const mostLevels = 65_536

/**
 * For every statistic, which has values from 0 to 1, the 95 % interval. Rankings of the same reads see the same
 * resampled reads. NaN where a class has one read (or cluster), or where all replicates agree, so that nothing is known
 * of the error.
 *
 * Of a million reads, groups of a hundred (put together by chance) are drawn instead of reads, which estimates the same
 * variance; a replicate then takes about 10 ms.
 *
 * @throws RangeError for labels that do not fit, or a bad number of replicates.
 */
export function bootstrapIntervals<Name extends string>(
  ranking: Ranking,
  statistics: Readonly<Record<Name, (counts: Counts) => number>>,
  { replicates = 1000, seed = 1, labels = {} }: BootstrapOptions = {},
): Record<Name, Interval> {
  if (!Number.isInteger(replicates) || replicates < 0) {
    throw new RangeError(`bootstrap replicates: got ${replicates}, give a whole number`)
  }
  const names = Object.keys(statistics) as Name[]
  const { bootstrapIn, bootstrapOod } = seedPurposes.evaluation
  const coarse = coarseRanking(ranking, mostLevels)
  const inside = clustersOf(labels.in, ranking.inLevels.length)
  const outside = clustersOf(labels.ood, ranking.oodLevels.length)
  const resampleIn = resampler(coarse.inLevels, coarse.inCounts, inside, purposeKey(seed, bootstrapIn))
  const resampleOod = resampler(coarse.oodLevels, coarse.oodCounts, outside, purposeKey(seed, bootstrapOod))
  const counts = {
    inCounts: new Float64Array(coarse.inCounts.length),
    oodCounts: new Float64Array(coarse.oodCounts.length),
  }
  const values = names.map(() => new Float64Array(replicates))
  for (let replicate = 0; replicate < replicates; replicate++) {
    resampleIn(replicate, counts.inCounts)
    resampleOod(replicate, counts.oodCounts)
    for (const [s, name] of names.entries()) values[s][replicate] = statistics[name](counts)
  }
  const fewest = Math.min(inside.effective, outside.effective)
  const pairs = inside.ids.length * outside.ids.length
  const intervals = names.map((name, s) => [
    name,
    studentInterval(statistics[name](ranking), values[s], fewest, pairs),
  ])
  return Object.fromEntries(intervals) as Record<Name, Interval>
}

/**
 * Student's interval of a value from 0 to 1, with the standard error that the replicates show on the logit scale.
 * `pairs`: how fine the value is, which is by pairs of reads; 0 and 1 are taken for half a pair more and less, since they have
 * no logit.
 */
function studentInterval(value: number, replicates: Float64Array, clusters: number, pairs: number): Interval {
  const least = 0.5 / pairs
  const inner = (share: number): number => Math.min(1 - least, Math.max(least, share))
  const deviation = standardDeviation(replicates.map(share => Math.log(inner(share) / (1 - inner(share)))))
  if (!(deviation > 1e-12)) return noInterval
  const margin = tConfidence(clusters - 1) * Math.sqrt(clusters / (clusters - 1)) * deviation
  const { low, high } = logitInterval(inner(value), margin)
  return { low: Math.min(value, low), high: Math.max(value, high) }
}

/** NaN for fewer than two values. */
function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1))
}

/**
 * A function that resamples one class: it fills `counts[level]` with how many reads of a replicate have each level, that
 * is, distinct score. `levels[read]` and `levelCounts` are those of the reads themselves.
 */
function resampler(
  levels: Int32Array,
  levelCounts: Float64Array,
  clusters: ClassClusters,
  key: Key,
): (replicate: number, counts: Float64Array) => void {
  const { ids, count } = inGroups(clusters, key)
  const clusterByRank = inOrderOfLevels(ids, levels, levelCounts)
  const draws = new Int32Array(count)
  const weights = new Uint16Array(count)
  return (replicate, counts) => {
    fillDraws(draws, key, replicate)
    weights.fill(0)
    for (const cluster of draws) weights[cluster]++
    let rank = 0
    for (let level = 0; level < counts.length; level++) {
      const end = rank + levelCounts[level]
      let weight = 0
      for (; rank < end; rank++) weight += weights[clusterByRank[rank]]
      counts[level] = weight
    }
  }
}

/** Clusters put together in groups of equal size, by chance, where there are very many of them. */
function inGroups(clusters: ClassClusters, key: Key): Pick<ClassClusters, 'ids' | 'count'> {
  if (clusters.count <= mostDrawn) return clusters
  const size = Math.ceil(clusters.count / mostDrawn)
  const order = new Int32Array(clusters.count).map((_, cluster) => cluster)
  // A permutation (Fisher & Yates) from numbers that no replicate draws.
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(((threefry2x32(key, i, 0xffffffff)[0] >>> 0) / 2 ** 32) * (i + 1))
    const last = order[i]
    order[i] = order[j]
    order[j] = last
  }
  return {
    ids: clusters.ids.map(cluster => Math.floor(order[cluster] / size)),
    count: Math.ceil(clusters.count / size),
  }
}

/** The clusters of the reads, reads of the lowest level first; in few bytes, since every replicate goes through them. */
function inOrderOfLevels(ids: Int32Array, levels: Int32Array, levelCounts: Float64Array): Uint16Array {
  const next = new Int32Array(levelCounts.length)
  for (let level = 1; level < next.length; level++) next[level] = next[level - 1] + levelCounts[level - 1]
  const ordered = new Uint16Array(ids.length)
  for (let read = 0; read < ids.length; read++) ordered[next[levels[read]]++] = ids[read]
  return ordered
}

/** Fills `draws` with random numbers from 0 to `draws.length` - 1: as many clusters, drawn with replacement. */
function fillDraws(draws: Int32Array, key: Key, replicate: number): void {
  const scale = draws.length / 2 ** 32
  for (let i = 0; i < draws.length; i += 2) {
    const [a, b] = threefry2x32(key, i, replicate)
    draws[i] = (a >>> 0) * scale
    if (i + 1 < draws.length) draws[i + 1] = (b >>> 0) * scale
  }
}
