import type { ClassifierModel } from './classifierModel.js'
import { type Gaussians, mahalanobis, relativeMahalanobis } from './mahalanobis.js'
import { odin } from './odin.js'
import type { StorableScore, StoredScore } from './score.js'
import { logOdds, maximumProbability, negativeEntropy } from './softmaxScores.js'

/** How each kind of score over classifiers comes back from what its `store` gave. */
const kinds: Readonly<
  Record<string, (stored: StoredScore, models: readonly ClassifierModel[]) => StorableScore>
> = {
  maximumProbability: ({ name, settings }, models) =>
    maximumProbability(models, { name, temperature: numberOf(settings, 'temperature') }),
  negativeEntropy: ({ name, settings }, models) =>
    negativeEntropy(models, { name, temperature: numberOf(settings, 'temperature') }),
  odin: ({ name, settings }, [model]) =>
    odin(model, {
      name,
      temperature: numberOf(settings, 'temperature'),
      epsilon: numberOf(settings, 'epsilon'),
    }),
  mahalanobis: (stored, [model]) => mahalanobis(model, gaussiansOf(stored), stored.name),
  relativeMahalanobis: (stored, [model]) => relativeMahalanobis(model, gaussiansOf(stored), stored.name),
  logOdds: ({ name }, [model]) => logOdds(model, name),
}

/** Whether a stored score is one over classifiers. */
export const isClassifierScore = ({ kind }: StoredScore): boolean => Object.hasOwn(kinds, kind)

/**
 * A stored score over classifiers: the ensemble's where it is one of probabilities, else that of the first of `models`.
 * @throws RangeError for another kind of score, or settings and arrays that do not fit.
 */
export function loadClassifierScore(stored: StoredScore, models: readonly ClassifierModel[]): StorableScore {
  if (!isClassifierScore(stored))
    throw new RangeError(
      `${stored.name}: a score of kind '${stored.kind}'; those of classifiers are ${Object.keys(kinds).join(', ')}`,
    )
  if (models.length === 0) throw new RangeError(`${stored.name}: no classifier; give one or more`)
  return kinds[stored.kind](stored, models)
}

function numberOf(settings: StoredScore['settings'], name: string): number {
  const value = settings[name]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new RangeError(`setting ${name} is ${JSON.stringify(value)}; wanted a number`)
}

function gaussiansOf({ name, arrays }: StoredScore): Gaussians {
  const array = (key: keyof Gaussians): Float64Array => {
    const values = arrays[key]
    if (values instanceof Float64Array && values.every(Number.isFinite)) return values
    throw new RangeError(`${name}: the array ${key} is missing, or not of finite 64-bit floats`)
  }
  return {
    means: array('means'),
    factor: array('factor'),
    overallMean: array('overallMean'),
    overallFactor: array('overallFactor'),
  }
}
