import { gcFraction } from '../../data/index.js'
import { derivedKind, type LabelledScores } from './kind.js'
import { fitPolynomial } from './leastSquares.js'
import { scoreNames, wholeNumber } from './options.js'
import type { Score, StorableScore } from './score.js'
import { storedArray } from './stored.js'

/** What is left of a score when a polynomial of the fragment's GC fraction is taken from it. */
export function gcResidual(name: string, of: Score, coefficients: Float64Array): StorableScore {
  const expected = (gc: number): number => coefficients.reduceRight((sum, c) => sum * gc + c, 0)
  return {
    name,
    score: async fragments =>
      (await of.score(fragments)).map((score, i) => score - expected(gcFraction(fragments[i]))),
    store: () => ({ kind: 'gcRegressed', name, settings: { of: [of.name] }, arrays: { coefficients } }),
  }
}

export const gcRegressed = derivedKind({
  meaning: 'what is left of a score after regression on GC content, fitted on in-distribution fragments',
  fitsSamples: 'known',
  options: {
    of: scoreNames('one', 'the score'),
    degree: wholeNumber(2, { least: 1, most: 3, meaning: 'of the polynomial in the fraction of G and C' }),
  },
  fit(name, { degree }, [of], samples) {
    const [gc, scores] = inDistribution(of.name, samples)
    if (gc.length <= degree)
      throw new RangeError(
        `${name}: ${gc.length} in-distribution fragments to fit a polynomial of degree ${degree} on; give more`,
      )
    return gcResidual(name, of, fitPolynomial(gc, scores, degree))
  },
  load: (stored, [of]) => gcResidual(stored.name, of, storedArray(stored, 'coefficients', 'float64')),
})

/** GC fractions and scores of the in-distribution fragments of all lengths. */
function inDistribution(score: string, samples: readonly LabelledScores[]): [number[], number[]] {
  const pick = (valuesOf: (sample: LabelledScores) => Float64Array): number[] =>
    samples.flatMap(sample => [...valuesOf(sample)].filter((_, i) => sample.labels[i] === 1))
  return [pick(({ gc }) => gc), pick(({ scores }) => scores[score])]
}
