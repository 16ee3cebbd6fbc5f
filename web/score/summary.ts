import type { ScoredReads } from './scoredReads.js'
import type { Threshold } from './threshold.js'

/** How reads are called, as numbers for typed arrays. */
export const calls = { known: 0, unknown: 1, none: 2 } as const
export const callNames = ['known', 'unknown', 'NA'] as const

/** How many reads are called so, in the order of `callNames`. */
export type CallCounts = readonly [known: number, unknown: number, none: number]

/** The call of a read by its index; a number of `calls`. */
export function callerOf(reads: ScoredReads, threshold: Threshold): (read: number) => 0 | 1 | 2 {
  if (threshold.kind === 'rate') {
    const { p } = reads
    const { rate } = threshold
    return read => (Number.isNaN(p[read]) ? calls.none : p[read] <= rate ? calls.unknown : calls.known)
  }
  const { scores, by, detector } = reads
  const columns = detector.columns.length
  const { cutoff } = threshold
  return read => {
    const score = scores[read * columns + by]
    return Number.isNaN(score) ? calls.none : score < cutoff ? calls.unknown : calls.known
  }
}

export type Range = readonly [low: number, high: number]

/** A histogram of a score: for each call a count for each bin. What is beyond the range is counted at its edges. */
export type Histogram = {
  readonly range: Range
  readonly bins: readonly [Float64Array, Float64Array, Float64Array]
}

/** Counts of calls, and the histogram of the score that they rest on. Reads without a score are in no bin. */
export function summarise(
  reads: ScoredReads,
  threshold: Threshold,
  range: Range,
  binCount: number,
): { readonly counts: CallCounts; readonly histogram: Histogram } {
  const callOf = callerOf(reads, threshold)
  const { scores, by, detector, count } = reads
  const columns = detector.columns.length
  const bins = [new Float64Array(binCount), new Float64Array(binCount), new Float64Array(binCount)] as const
  const counts: [number, number, number] = [0, 0, 0]
  const binOf = binsOf(range, binCount)
  for (let i = 0; i < count; i++) {
    const call = callOf(i)
    counts[call]++
    const score = scores[i * columns + by]
    if (!Number.isNaN(score)) bins[call][binOf(score)]++
  }
  return { counts, histogram: { range, bins } }
}

/** From a value to its bin; what is beyond the range is in the first or the last one. */
export function binsOf([low, high]: Range, count: number): (value: number) => number {
  const scale = count / (high - low)
  return value => Math.min(count - 1, Math.max(0, Math.floor((value - low) * scale)))
}

const sampled = 5000

/** Some reads, evenly from all, in their order. */
function sampleOf(count: number, most = sampled): number[] {
  const step = Math.max(1, count / most)
  return Array.from({ length: Math.floor(count / step) }, (_, i) => Math.floor(i * step))
}

/** The values of a sample in ascending order, without NaN. */
const sortedSample = (value: (read: number) => number, count: number): Float64Array =>
  Float64Array.from(sampleOf(count), value)
    .filter(x => !Number.isNaN(x))
    .sort()

/** The range of the score that calls rest on, but for a thousandth at both ends, and never empty. */
export function scoreRange(reads: ScoredReads): Range {
  const { scores, by, detector, count } = reads
  const columns = detector.columns.length
  const sorted = sortedSample(read => scores[read * columns + by], count)
  return paddedRange(sorted)
}

function paddedRange(sorted: Float64Array): Range {
  const low = sorted[Math.floor(0.001 * sorted.length)] ?? 0
  const high = sorted[Math.ceil(0.999 * sorted.length) - 1] ?? 1
  const margin = 0.03 * (high - low) || 0.5
  return [low - margin, high + margin]
}

/** The median length of reads, in bases. */
export function medianLength({ lengths, count }: ScoredReads): number {
  const sorted = sortedSample(read => lengths[read], count)
  return sorted[sorted.length >> 1] ?? 0
}

/** The range of lengths, in bases. */
export function lengthRange({ lengths, count }: ScoredReads): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < count; i++) {
    if (lengths[i] < low) low = lengths[i]
    if (lengths[i] > high) high = lengths[i]
  }
  return [low, high]
}
