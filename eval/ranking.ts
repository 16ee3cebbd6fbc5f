/**
 * Scores reduced to their order. Everything the evaluator says depends on ranks only, so that no increasing map of the
 * scores (a sigmoid, a sum instead of a mean) changes a figure.
 *
 * Convention throughout: a higher score means more like the in-distribution reads.
 */

/** Scores of reads, one class. Infinities are legal, NaN is not. */
export type Scores = ArrayLike<number>

/** How many reads of each class have each distinct score; index 0 is the lowest score. */
export type Counts = {
  inCounts: Float64Array
  oodCounts: Float64Array
}

/** The scores of two classes, reduced to their order. */
export type Ranking = Counts & {
  /** The distinct scores, ascending. */
  scores: Float64Array
  /** Of every in-distribution read, the index of its score. */
  inLevels: Int32Array
  /** Of every out-of-distribution read, the index of its score. */
  oodLevels: Int32Array
}

/** Positions of some reads of a class. */
export type Members = Int32Array

/** Which class counts as positive. */
export type Positive = 'in' | 'ood'

/**
 * Ranks the reads of both classes together, in O(n log n).
 *
 * @throws RangeError for an empty class and for a NaN: what to do with an undefined score is the caller's decision
 * (`evaluateScores` drops and counts them).
 */
export function rank(inScores: Scores, oodScores: Scores): Ranking {
  checkScores(inScores, 'in-distribution')
  checkScores(oodScores, 'out-of-distribution')
  const all = new Float64Array(inScores.length + oodScores.length)
  all.set(inScores)
  all.set(oodScores, inScores.length)
  const scores = distinctSorted(all)
  const { levels: inLevels, counts: inCounts } = locate(inScores, scores)
  const { levels: oodLevels, counts: oodCounts } = locate(oodScores, scores)
  return { scores, inLevels, oodLevels, inCounts, oodCounts }
}

/** The ranking of some reads only (by their positions; of a class that is not given, all), in O(n). */
export function rankingOfSome(ranking: Ranking, some: { in?: Members; ood?: Members }): Ranking {
  const pick = (levels: Int32Array, counts: Float64Array, reads: Members | undefined) => {
    if (reads === undefined) return { levels, counts }
    const picked = reads.map(read => levels[read])
    return { levels: picked, counts: countLevels(picked, counts.length) }
  }
  const { levels: inLevels, counts: inCounts } = pick(ranking.inLevels, ranking.inCounts, some.in)
  const { levels: oodLevels, counts: oodCounts } = pick(ranking.oodLevels, ranking.oodCounts, some.ood)
  return { scores: ranking.scores, inLevels, oodLevels, inCounts, oodCounts }
}

/** The ranking with neighbouring scores taken for equal, so that at most `most` distinct ones are left, in O(n). */
export function coarseRanking(ranking: Ranking, most: number): Ranking {
  const { scores, inLevels, oodLevels, inCounts, oodCounts } = ranking
  if (scores.length <= most) return ranking
  const share = (inLevels.length + oodLevels.length) / most
  const coarse = new Int32Array(scores.length)
  let passed = 0
  for (let level = 0; level < scores.length; level++) {
    coarse[level] = Math.floor(passed / share)
    passed += inCounts[level] + oodCounts[level]
  }
  const distinct = coarse[coarse.length - 1] + 1
  const coarseOf = (levels: Int32Array): Int32Array => levels.map(level => coarse[level])
  const [coarseIn, coarseOod] = [coarseOf(inLevels), coarseOf(oodLevels)]
  const lowest = new Float64Array(distinct)
  for (let level = scores.length - 1; level >= 0; level--) lowest[coarse[level]] = scores[level]
  return {
    scores: lowest,
    inLevels: coarseIn,
    oodLevels: coarseOod,
    inCounts: countLevels(coarseIn, distinct),
    oodCounts: countLevels(coarseOod, distinct),
  }
}

/** Ranks from 1; equal values share the mean of their ranks (mid-ranks). */
export function midRanks(values: Scores): Float64Array {
  const { levels, counts } = locate(values, distinctSorted(Float64Array.from(values)))
  let below = 0
  const ranks = counts.map(count => {
    below += count
    return below - (count - 1) / 2
  })
  return Float64Array.from(levels, level => ranks[level])
}

function checkScores(scores: Scores, name: string): void {
  if (scores.length === 0) throw new RangeError(`no ${name} scores: both classes need at least one read`)
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw new RangeError(
        `${name} score ${i} is not a number: drop such reads first, as evaluateScores does`,
      )
    }
  }
}

function distinctSorted(values: Float64Array): Float64Array {
  values.sort()
  let distinct = 0
  for (const value of values) {
    if (distinct === 0 || value !== values[distinct - 1]) values[distinct++] = value
  }
  return values.slice(0, distinct)
}

/** For every value its index (its level) in `sorted`, which has it, and how many values have each level. */
function locate(values: Scores, sorted: Float64Array): { levels: Int32Array; counts: Float64Array } {
  const levels = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    let low = 0
    let high = sorted.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sorted[middle] < value) low = middle + 1
      else high = middle
    }
    levels[i] = low
  }
  return { levels, counts: countLevels(levels, sorted.length) }
}

function countLevels(levels: Int32Array, distinct: number): Float64Array {
  const counts = new Float64Array(distinct)
  for (const level of levels) counts[level]++
  return counts
}
