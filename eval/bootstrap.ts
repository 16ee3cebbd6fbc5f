/**
 * Percentile intervals by the bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13),
 * stratified: each class is resampled to its own size. The reads are sorted once; a replicate is only new counts per
 * distinct score.
 */
import { quantileSorted } from 'd3-array'
import { type Key, purposeKey, seedPurposes, threefry2x32 } from '../engine/hostRandom.js'
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { confidence, type Interval } from './normal.js'
import type { Counts, Ranking } from './ranking.js'

export type BootstrapOptions = {
  /** Resampled data sets; default 1000. With 0 all intervals are NaN. */
  replicates?: number
  /** An integer; the intervals are a function of it and of the data. Default 1. */
  seed?: number
  /** With labels, whole clusters are drawn instead of reads. */
  labels?: ClusterLabels
}

/**
 * For every ranking (scores of the same reads, in the same order) and every statistic the 95 % percentile interval.
 * All rankings see the same resampled reads.
 *
 * @throws RangeError for rankings of different numbers of reads, labels that do not fit, or a bad number of replicates.
 */
export function bootstrapIntervals<Name extends string>(
  rankings: readonly Ranking[],
  statistics: Readonly<Record<Name, (counts: Counts) => number>>,
  { replicates = 1000, seed = 1, labels = {} }: BootstrapOptions = {},
): Record<Name, Interval>[] {
  if (!Number.isInteger(replicates) || replicates < 0) {
    throw new RangeError(`bootstrap replicates: got ${replicates}, give a whole number`)
  }
  if (rankings.length === 0) return []
  const names = Object.keys(statistics) as Name[]
  const values = rankings.map(() => names.map(() => new Float64Array(replicates)))
  const { bootstrapIn, bootstrapOod } = seedPurposes.evaluation
  const inLevels = rankings.map(ranking => ranking.inLevels)
  const oodLevels = rankings.map(ranking => ranking.oodLevels)
  const resampleIn = resampler(inLevels, labels.in, purposeKey(seed, bootstrapIn))
  const resampleOod = resampler(oodLevels, labels.ood, purposeKey(seed, bootstrapOod))
  const inCounts = rankings.map(({ scores }) => new Float64Array(scores.length))
  const oodCounts = rankings.map(({ scores }) => new Float64Array(scores.length))
  for (let replicate = 0; replicate < replicates; replicate++) {
    resampleIn(replicate, inCounts)
    resampleOod(replicate, oodCounts)
    rankings.forEach((_, r) => {
      const counts = { inCounts: inCounts[r], oodCounts: oodCounts[r] }
      names.forEach((name, s) => {
        values[r][s][replicate] = statistics[name](counts)
      })
    })
  }
  return values.map(
    ofRanking =>
      Object.fromEntries(names.map((name, s) => [name, percentiles(ofRanking[s])])) as Record<Name, Interval>,
  )
}

function percentiles(values: Float64Array): Interval {
  const sorted = Array.from(values.sort())
  const quantile = (p: number): number => quantileSorted(sorted, p) ?? Number.NaN
  return { low: quantile((1 - confidence) / 2), high: quantile((1 + confidence) / 2) }
}

/**
 * A function that resamples one class: it fills `counts[ranking][level]` with how many reads of a replicate have each
 * level, that is, distinct score. `levels[ranking][read]` are those of the reads themselves.
 * @throws RangeError for rankings of different numbers of reads, or labels that do not fit.
 */
function resampler(
  levels: readonly Int32Array[],
  labels: readonly string[] | undefined,
  key: Key,
): (replicate: number, counts: readonly Float64Array[]) => void {
  const reads = levels[0].length
  if (levels.some(other => other.length !== reads)) {
    throw new RangeError(
      `a joint bootstrap needs the same reads: got ${levels.map(l => l.length).join(' and ')}`,
    )
  }
  const clusters = clustersOf(labels, reads)
  const { starts, members } = membersOf(clusters)
  const draws = new Int32Array(clusters.count)
  return (replicate, counts) => {
    fillDraws(draws, key, replicate)
    levels.forEach((levelOf, r) => {
      const count = counts[r].fill(0)
      for (const cluster of draws) {
        for (let i = starts[cluster]; i < starts[cluster + 1]; i++) count[levelOf[members[i]]]++
      }
    })
  }
}

/** `members[starts[c] … starts[c + 1])` are the reads of cluster c. */
function membersOf({ ids, count }: ClassClusters): { starts: Int32Array; members: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (const id of ids) starts[id + 1]++
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i]
  const next = starts.slice()
  const members = new Int32Array(ids.length)
  ids.forEach((id, read) => {
    members[next[id]++] = read
  })
  return { starts, members }
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
