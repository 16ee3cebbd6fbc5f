/** The rows of the table: which, and in which order. Millions of them, in slices, so that the page stays awake. */
import type { ScoredReads } from './scoredReads.js'
import { callerOf, calls } from './summary.js'
import type { Threshold } from './threshold.js'

export type SortKey = 'file order' | 'name' | 'length' | 'gc' | 'score' | 'p' | 'call'
export type Sorting = { readonly key: SortKey; readonly descending: boolean }

/** What rows are shown; an undefined bound is none. */
export type Filter = {
  /** A part of the name. */
  readonly name: string
  readonly call: keyof typeof calls | 'all'
  readonly lowestScore: number | undefined
  readonly highestScore: number | undefined
  readonly shortest: number | undefined
  readonly longest: number | undefined
}

export const everything: Filter = {
  name: '',
  call: 'all',
  lowestScore: undefined,
  highestScore: undefined,
  shortest: undefined,
  longest: undefined,
}

/** How long the page may wait, in milliseconds. */
const slice = 20

/** Lets the page draw and listen, where a slice is over. @throws the signal's reason when it is aborted. */
function breather(signal: AbortSignal): () => Promise<void> | undefined {
  let end = performance.now() + slice
  return () => {
    if (performance.now() < end) return undefined
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        end = performance.now() + slice
        if (signal.aborted) reject(signal.reason)
        else resolve()
      })
    })
  }
}

/**
 * The rows that pass a filter, in order.
 * @throws the signal's reason when it is aborted meanwhile.
 */
export async function orderedRows(
  reads: ScoredReads,
  filter: Filter,
  { key, descending }: Sorting,
  threshold: Threshold,
  signal: AbortSignal,
): Promise<Uint32Array<ArrayBuffer>> {
  const breathe = breather(signal)
  const rows = await filtered(reads, filter, threshold, breathe)
  if (key === 'file order') return descending ? rows.reverse() : rows
  return mergeSorted(rows, comparison(reads, key, threshold, descending ? -1 : 1), breathe)
}

async function filtered(
  reads: ScoredReads,
  { name, call, lowestScore, highestScore, shortest, longest }: Filter,
  threshold: Threshold,
  breathe: () => Promise<void> | undefined,
): Promise<Uint32Array<ArrayBuffer>> {
  const { count, scores, by, lengths, detector } = reads
  const columns = detector.columns.length
  const callOf = callerOf(reads, threshold)
  const hasName = reads.nameSearch(name)
  const passes = (read: number): boolean => {
    const score = scores[read * columns + by]
    // Whatever has no score is within no bounds of it.
    if (lowestScore !== undefined && !(score >= lowestScore)) return false
    if (highestScore !== undefined && !(score <= highestScore)) return false
    if (shortest !== undefined && lengths[read] < shortest) return false
    if (longest !== undefined && lengths[read] > longest) return false
    if (call !== 'all' && callOf(read) !== calls[call]) return false
    return name === '' || hasName(read)
  }
  const rows = new Uint32Array(count)
  let kept = 0
  for (let read = 0; read < count; read++) {
    if (passes(read)) rows[kept++] = read
    if (read % 1024 === 0) await breathe()
  }
  return rows.slice(0, kept)
}

/** How reads compare by a column; what is not defined comes last, equals in the order of the file. */
function comparison(
  reads: ScoredReads,
  key: Exclude<SortKey, 'file order'>,
  threshold: Threshold,
  sign: 1 | -1,
): (a: number, b: number) => number {
  const by = (value: (read: number) => number) => (a: number, b: number) =>
    compareNumbers(value(a), value(b), sign)
  const { scores, by: column, lengths, p, detector } = reads
  const columns = detector.columns.length
  switch (key) {
    case 'name': {
      const compare = reads.nameComparison()
      return (a, b) => sign * compare(a, b)
    }
    case 'length':
      return by(read => lengths[read])
    case 'gc':
      return by(reads.gcFractions())
    case 'score':
      return by(read => scores[read * columns + column])
    case 'p':
      return by(read => p[read])
    case 'call':
      return by(callerOf(reads, threshold))
  }
}

function compareNumbers(a: number, b: number, sign: 1 | -1): number {
  if (a < b) return -sign
  if (a > b) return sign
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

const runLength = 1024

/** Merge sort, from the bottom up: stable. */
async function mergeSorted(
  rows: Uint32Array<ArrayBuffer>,
  compare: (a: number, b: number) => number,
  breathe: () => Promise<void> | undefined,
): Promise<Uint32Array<ArrayBuffer>> {
  for (let start = 0; start < rows.length; start += runLength) {
    rows.subarray(start, start + runLength).sort(compare)
    await breathe()
  }
  let [from, to] = [rows, new Uint32Array(rows.length)]
  for (let width = runLength; width < rows.length; width *= 2) {
    for (let start = 0; start < rows.length; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, rows.length), Math.min(start + 2 * width, rows.length)]
      let [left, right] = [start, middle]
      for (let next = start; next < end; next++) {
        const takesLeft = left < middle && (right >= end || compare(from[left], from[right]) <= 0)
        to[next] = from[takesLeft ? left++ : right++]
        if (next % 1024 === 0) await breathe()
      }
    }
    ;[from, to] = [to, from]
  }
  return from
}
