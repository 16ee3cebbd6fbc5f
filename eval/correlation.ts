import { midRanks, type Scores } from './ranking.js'

/** Pearson's correlation, and Spearman's, which is that of the ranks. */
export type Correlation = {
  pearson: number
  spearman: number
}

/**
 * Both correlations, of the pairs that have both values (NaN: it has not).
 * @throws RangeError when the series are of different lengths.
 */
export function correlate(x: Scores, y: Scores): Correlation {
  checkLengths(x, y)
  const isPair = (i: number): boolean => !Number.isNaN(x[i]) && !Number.isNaN(y[i])
  const xs = Float64Array.from(x).filter((_, i) => isPair(i))
  const ys = Float64Array.from(y).filter((_, i) => isPair(i))
  return { pearson: pearson(xs, ys), spearman: spearman(xs, ys) }
}

/**
 * Pearson's correlation of two equally long series. NaN for fewer than two pairs, a constant series, or an infinity.
 * @throws RangeError when the series are of different lengths.
 */
export function pearson(x: Scores, y: Scores): number {
  checkLengths(x, y)
  const meanX = mean(x)
  const meanY = mean(y)
  let xx = 0
  let yy = 0
  let xy = 0
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - meanX
    const dy = y[i] - meanY
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN
}

/**
 * Spearman's rank correlation: Pearson's of the mid-ranks. NaN for fewer than two pairs or a constant series.
 * @throws RangeError when the series are of different lengths.
 */
export const spearman = (x: Scores, y: Scores): number => pearson(midRanks(x), midRanks(y))

function checkLengths(x: Scores, y: Scores): void {
  if (x.length !== y.length)
    throw new RangeError(`correlation: got ${x.length} and ${y.length} values, give as many of each`)
}

function mean(values: Scores): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}
