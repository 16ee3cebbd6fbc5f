/**
 * Percentile intervals by the bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13),
 * stratified: each class is resampled to its own size. The reads are sorted once; a replicate is only new counts per
 * distinct score.
 */
import { quantileSorted } from 'd3-array'
import { type Key, purposeKey, seedPurposes, threefry2x32 } from '../engine/hostRandom.js'
import { type ClassClusters, type ClusterLabels, clustersOf } from './clusters.js'
import { confidence } from './normal.js'
import type { Counts, Ranking } from './ranking.js'

export type BootstrapOptions = {
  /** Resampled data sets; default 1000. With 0 all intervals are NaN. */
  replicates?: number
  /** An integer; the intervals are a function of it and of the data. Default 1. */
  seed?: number
  /** With labels, whole clusters are drawn instead of reads. */
  labels?: ClusterLabels
}

export type Interval = {
  low: number
  high: number
}

/**
 * For every ranking (scores of the same reads, in the same order) and every statistic the 95 % percentile interval.
 * All rankings see the same resampled reads.
 *
 * Throws a RangeError for rankings of different reads, labels that do not fit, or a bad number of replicates.
 */
export function bootstrapIntervals<Name extends string>(
  rankings: readonly Ranking[],
  statistics: Readonly<Record<Name, (counts: Counts) => number>>,
  { replicates = 1000, seed = 1, labels = {} }: BootstrapOptions = {},
): Record<Name, Interval>[] {
  if (!Number.isInteger(replicates) || replicates < 0) {
    throw new RangeError(`bootstrap replicates: got ${replicates}, give a whole number`)
  }
  const names = Object.keys(statistics) as Name[]
  const values = rankings.map(() => names.map(() => new Float64Array(replicates)))
  const [first] = rankings
  if (first === undefined) return []
  const inClass = resampler(
    rankings.map(r => r.inLevels),
    labels.in,
    purposeKey(seed, seedPurposes.evaluation.bootstrapIn),
  )
  const oodClass = resampler(
    rankings.map(r => r.oodLevels),
    labels.ood,
    purposeKey(seed, seedPurposes.evaluation.bootstrapOod),
  )
  const resampled = rankings.map(({ scores }) => ({
    inCounts: new Float64Array(scores.length),
    oodCounts: new Float64Array(scores.length),
  }))
  for (let replicate = 0; replicate < replicates; replicate++) {
    inClass(
      replicate,
      resampled.map(counts => counts.inCounts),
    )
    oodClass(
      replicate,
      resampled.map(counts => counts.oodCounts),
    )
    resampled.forEach((counts, r) => {
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
  const at = (p: number): number => quantileSorted(sorted, p) ?? Number.NaN
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}

/** A function that fills `counts` (per ranking, per level) with the reads of a replicate. */
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
    levels.forEach((level, r) => {
      const count = counts[r].fill(0)
      for (const cluster of draws) {
        for (let i = starts[cluster]; i < starts[cluster + 1]; i++) count[level[members[i]]]++
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

/** As many numbers below `draws.length` as there are places. */
function fillDraws(draws: Int32Array, key: Key, replicate: number): void {
  const scale = draws.length / 2 ** 32
  for (let i = 0; i < draws.length; i += 2) {
    const [a, b] = threefry2x32(key, i, replicate)
    draws[i] = (a >>> 0) * scale
    if (i + 1 < draws.length) draws[i + 1] = (b >>> 0) * scale
  }
}
