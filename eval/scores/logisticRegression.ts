import { solvePositiveDefinite } from './leastSquares.js'

/** A linear function of some numbers: `intercept` plus the sum of `weights` times them. */
export type LinearFunction = { readonly intercept: number; readonly weights: Float64Array }

/** The value of a linear function for row `i` of some columns. */
export const linearValue = (
  { intercept, weights }: LinearFunction,
  columns: readonly ArrayLike<number>[],
  i: number,
): number => columns.reduce((sum, column, j) => sum + weights[j] * column[i], intercept)

/** A step that changes no coefficient by more than this ends the iteration. */
const tolerance = 1e-10
const maxIterations = 100

/**
 * The logistic regression of `labels` (0 or 1) on columns: the log-odds of label 1 as a linear function. Rows with a NaN
 * are left out.
 *
 * Both classes weigh the same, however many rows they have: what is called in-distribution in practice is not known here.
 * Minimises the mean loss plus `l2` / 2 times the squared weights of the standardised columns (the intercept is free) by
 * Newton's method, that is iteratively reweighted least squares (Hastie, Tibshirani & Friedman 2009, section 4.4.1),
 * with steps halved until the loss falls.
 * @throws RangeError when a class has no row without a NaN.
 */
export function fitLogistic(
  columns: readonly Float64Array[],
  labels: Uint8Array,
  l2: number,
): LinearFunction {
  const rows: number[] = []
  for (let i = 0; i < labels.length; i++) if (!columns.some(column => Number.isNaN(column[i]))) rows.push(i)
  const positives = rows.reduce((sum, i) => sum + labels[i], 0)
  if (positives === 0 || positives === rows.length)
    throw new RangeError(
      `logistic regression: ${positives} in-distribution fragments and ${rows.length - positives} others have all scores; both are needed`,
    )
  const standardised = columns.map(column => standardise(column, rows))
  const target = Uint8Array.from(rows, i => labels[i])
  const weightOf = [1 / (2 * (rows.length - positives)), 1 / (2 * positives)]
  const fitted = minimise(
    standardised.map(({ values }) => values),
    target,
    weightOf,
    l2,
  )
  // Back to the columns as they were.
  const weights = standardised.map(({ deviation }, j) => fitted[j + 1] / deviation)
  const intercept = standardised.reduce((sum, { mean }, j) => sum - weights[j] * mean, fitted[0])
  return { intercept, weights: Float64Array.from(weights) }
}

/** Values of some rows minus their mean, over their standard deviation (1 for a constant). */
function standardise(column: Float64Array, rows: readonly number[]) {
  const mean = rows.reduce((sum, i) => sum + column[i], 0) / rows.length
  const variance = rows.reduce((sum, i) => sum + (column[i] - mean) ** 2, 0) / rows.length
  const deviation = Math.sqrt(variance) || 1
  return { mean, deviation, values: Float64Array.from(rows, i => (column[i] - mean) / deviation) }
}

/** Intercept and weights of least penalised loss; `weightOf`: how much a row of each label counts. */
function minimise(
  columns: readonly Float64Array[],
  labels: Uint8Array,
  weightOf: readonly number[],
  l2: number,
): Float64Array {
  const size = columns.length + 1
  let beta = new Float64Array(size)
  let loss = lossOf(columns, labels, weightOf, l2, beta)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const step = newtonStep(columns, labels, weightOf, l2, beta)
    let factor = 1
    let next = beta
    let nextLoss = Number.POSITIVE_INFINITY
    for (; factor > 2 ** -30; factor /= 2) {
      next = beta.map((b, j) => b + factor * step[j])
      nextLoss = lossOf(columns, labels, weightOf, l2, next)
      if (nextLoss <= loss) break
    }
    if (nextLoss > loss) return beta // rounding is all that is left
    const change = Math.max(...step.map(Math.abs)) * factor
    beta = next
    loss = nextLoss
    if (change < tolerance) return beta
  }
  return beta
}

const logOdds = (columns: readonly Float64Array[], beta: Float64Array, i: number): number => {
  let sum = beta[0]
  for (let j = 0; j < columns.length; j++) sum += beta[j + 1] * columns[j][i]
  return sum
}

function lossOf(
  columns: readonly Float64Array[],
  labels: Uint8Array,
  weightOf: readonly number[],
  l2: number,
  beta: Float64Array,
): number {
  let loss = 0
  for (let i = 0; i < labels.length; i++) {
    const z = logOdds(columns, beta, i)
    // -log of the label's probability, without overflow.
    const margin = labels[i] ? z : -z
    loss += weightOf[labels[i]] * (Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin))
  }
  for (let j = 1; j < beta.length; j++) loss += (l2 / 2) * beta[j] ** 2
  return loss
}

/** The solution of Hessian times step = minus gradient. */
function newtonStep(
  columns: readonly Float64Array[],
  labels: Uint8Array,
  weightOf: readonly number[],
  l2: number,
  beta: Float64Array,
): Float64Array {
  const size = beta.length
  const hessian = new Float64Array(size * size)
  const descent = new Float64Array(size)
  const x = new Float64Array(size).fill(1)
  for (let i = 0; i < labels.length; i++) {
    for (let j = 0; j < columns.length; j++) x[j + 1] = columns[j][i]
    const p = 1 / (1 + Math.exp(-logOdds(columns, beta, i)))
    const weight = weightOf[labels[i]]
    for (let a = 0; a < size; a++) {
      descent[a] += weight * (labels[i] - p) * x[a]
      for (let b = 0; b <= a; b++) hessian[a * size + b] += weight * p * (1 - p) * x[a] * x[b]
    }
  }
  for (let a = 0; a < size; a++) {
    // A little of the identity keeps it solvable where every fragment is classified for certain.
    hessian[a * size + a] += 1e-12
    if (a > 0) {
      hessian[a * size + a] += l2
      descent[a] -= l2 * beta[a]
    }
    for (let b = 0; b < a; b++) hessian[b * size + a] = hessian[a * size + b]
  }
  return solvePositiveDefinite(hessian, descent)
}
