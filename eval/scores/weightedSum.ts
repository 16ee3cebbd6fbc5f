import { derivedKind } from './kind.js'
import { fitLogistic, type LinearFunction, linearValue } from './logisticRegression.js'
import { positiveNumber, scoreNames } from './options.js'
import type { Score, StorableScore, StoredScore } from './score.js'
import { storedArray, storedNumber } from './stored.js'

/** A linear function for fragments of a length, in bases; 0 for one that holds for all. */
export type FunctionAtLength = LinearFunction & { readonly length: number }

/**
 * The penalty unless told otherwise: a strong one. Fragments are many, but genera are few (ten known ones in the benchmark),
 * and weights that follow the fragments closely follow these genera: such sums do worse, cross-validated by genus, than the
 * best of their scores alone (`node bench/baselines.js MANIFEST … weightedSum:of=…,l2=0.001` beside `l2=1`).
 */
const defaultL2 = 1

/**
 * A weighted sum of scores: the log-odds of in-distribution by logistic regression. What homology and composition say
 * depends on the fragment's length, so there may be weights for several lengths: between two of them the weights are
 * interpolated in the logarithm of the length, beyond the shortest and the longest they stay. `l2`: what they were fitted
 * with.
 * @throws RangeError without weights, or with weights for another number of scores.
 */
export function weightedScores(
  name: string,
  of: readonly Score[],
  functions: readonly FunctionAtLength[],
  l2 = defaultL2,
): StorableScore {
  const sorted = functions.toSorted((a, b) => a.length - b.length)
  if (sorted.length === 0) throw new RangeError(`${name}: no labelled fragments to fit the weights on`)
  if (
    sorted.some(({ length }, i) => i > 0 && (sorted[i - 1].length === 0 || sorted[i - 1].length === length))
  )
    throw new RangeError(
      `${name}: weights for fragments of ${sorted.map(f => f.length || 'any number of')} bases: give each length once, or one for all`,
    )
  for (const { weights } of sorted)
    if (weights.length !== of.length)
      throw new RangeError(`${name}: ${weights.length} weights for ${of.length} scores`)
  return {
    name,
    async score(fragments) {
      const columns = await Promise.all(of.map(score => score.score(fragments)))
      return Float64Array.from(fragments, ({ length }, i) =>
        linearValue(functionAt(sorted, length), columns, i),
      )
    },
    store: () => ({
      kind: 'weightedSum',
      name,
      settings: { of: of.map(score => score.name), l2 },
      arrays: {
        lengths: Float64Array.from(sorted, ({ length }) => length),
        intercepts: Float64Array.from(sorted, ({ intercept }) => intercept),
        weights: Float64Array.from(sorted.flatMap(({ weights }) => [...weights])),
      },
    }),
  }
}

/** The function for a length; `sorted`: by length. */
function functionAt(sorted: readonly FunctionAtLength[], length: number): LinearFunction {
  const after = sorted.findIndex(f => f.length >= length)
  if (after === 0) return sorted[0]
  if (after < 0) return sorted[sorted.length - 1]
  const [low, high] = [sorted[after - 1], sorted[after]]
  const share = Math.log(length / low.length) / Math.log(high.length / low.length)
  const between = (a: number, b: number): number => a + share * (b - a)
  return {
    intercept: between(low.intercept, high.intercept),
    weights: low.weights.map((weight, j) => between(weight, high.weights[j])),
  }
}

export const weightedSum = derivedKind({
  meaning: 'weighted sum of scores: the log-odds of in-distribution by logistic regression',
  fitsSamples: 'both',
  options: {
    of: scoreNames('several', 'the scores'),
    l2: positiveNumber(
      defaultL2,
      'half of it times the squared weights of standardised scores is the penalty',
    ),
  },
  fit: (name, { l2 }, of, samples) =>
    weightedScores(
      name,
      of,
      samples.map(({ length, scores, labels }) => ({
        length,
        ...fitLogistic(
          of.map(score => scores[score.name]),
          labels,
          l2,
        ),
      })),
      l2,
    ),
  load: (stored, of) =>
    weightedScores(stored.name, of, storedFunctions(stored, of.length), storedNumber(stored, 'l2')),
})

function storedFunctions(stored: StoredScore, scores: number): FunctionAtLength[] {
  const [lengths, intercepts, weights] = (['lengths', 'intercepts', 'weights'] as const).map(array =>
    storedArray(stored, array, 'float64'),
  )
  return Array.from(lengths, (length, i) => ({
    length,
    intercept: intercepts[i],
    weights: weights.slice(i * scores, (i + 1) * scores),
  }))
}

/**
 * The weighted sum of every fragment by weights that were fitted without its group (a genus): how the sum does on groups
 * that it has not seen. The groups of each class are dealt to the folds in the order of their names.
 *
 * Every fold has weights of its own, so its sums have a scale of their own: they are given in standard deviations from the
 * mean of the out-of-distribution fragments that the fold's weights were fitted on. Without that, the sums of a genus that
 * is hard to know would be low for the further reason that the weights were fitted on easier ones (the bias of pooled
 * cross-validation: Airola et al. 2011, Comput. Stat. Data Anal. 55, 1828-1844).
 *
 * `columns`: a score each; element i of everything belongs to fragment i. NaN where a score is NaN.
 * @throws RangeError unless there are at least two folds, and two groups of each class.
 */
export function crossValidatedSum(
  columns: readonly Float64Array[],
  labels: Uint8Array,
  groups: readonly string[],
  { folds = 10, l2 = defaultL2 }: { folds?: number; l2?: number } = {},
): Float64Array {
  if (!(Number.isInteger(folds) && folds >= 2)) throw new RangeError(`${folds} folds: give 2 or more`)
  const foldOf = new Map<string, number>()
  for (const label of [0, 1]) {
    const ofClass = [...new Set(groups.filter((_, i) => labels[i] === label))].sort()
    if (ofClass.length < 2)
      throw new RangeError(
        `cross-validation by group: ${ofClass.length} groups of ${label ? 'in-' : 'out-of-'}distribution fragments; two or more are needed`,
      )
    for (const [i, group] of ofClass.entries()) foldOf.set(group, i % Math.min(folds, ofClass.length))
  }
  const sums = new Float64Array(labels.length)
  for (let fold = 0; fold < folds; fold++) {
    const isHeldOut = groups.map(group => foldOf.get(group) === fold)
    if (!isHeldOut.includes(true)) continue
    const kept = [...labels.keys()].filter(i => !isHeldOut[i])
    const fitted = fitLogistic(
      columns.map(column => Float64Array.from(kept, i => column[i])),
      Uint8Array.from(kept, i => labels[i]),
      l2,
    )
    const others = kept.filter(i => !labels[i]).map(i => linearValue(fitted, columns, i))
    const { mean, deviation } = moments(others)
    for (const [i, heldOut] of isHeldOut.entries())
      if (heldOut) sums[i] = (linearValue(fitted, columns, i) - mean) / deviation
  }
  return sums
}

/** Mean and standard deviation of the values that are numbers. */
function moments(values: readonly number[]): { mean: number; deviation: number } {
  const defined = values.filter(value => !Number.isNaN(value))
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length
  const variance = defined.reduce((sum, value) => sum + (value - mean) ** 2, 0) / defined.length
  return { mean, deviation: Math.sqrt(variance) }
}
