import {
  type ClassifierModel,
  featuresOf,
  indexOfMaximum,
  logitsOf,
  logOfMaximum,
  softmax,
} from './classifierModel.js'
import type { StorableScore } from './score.js'

/** How a score is computed of a softmax. */
export type SoftmaxOptions = {
  readonly name?: string
  /** Logits are divided by it (default 1). */
  readonly temperature?: number
}

/**
 * The maximum softmax probability (Hendrycks & Gimpel 2017), as its logarithm, which has the same order, but does not
 * become 1 for whatever is nearly sure. Of several classifiers, the probabilities are averaged first: a deep ensemble
 * (Lakshminarayanan et al. 2017).
 */
export const maximumProbability = (
  models: readonly ClassifierModel[],
  { name = 'maxProbability', temperature = 1 }: SoftmaxOptions = {},
): StorableScore => softmaxScore('maximumProbability', models, name, temperature, logOfMaximum)

/** Minus the entropy in nats of the (averaged) softmax probabilities; 0 is sure. */
export const negativeEntropy = (
  models: readonly ClassifierModel[],
  { name = 'negEntropy', temperature = 1 }: SoftmaxOptions = {},
): StorableScore =>
  softmaxScore('negativeEntropy', models, name, temperature, probabilities => {
    const best = indexOfMaximum(probabilities)
    return probabilities.reduce((sum, p, c) => {
      if (p === 0) return sum
      return sum + p * (c === best ? logOfMaximum(probabilities) : Math.log(p))
    }, 0)
  })

/** A score of the probabilities of a fragment, averaged over the classifiers. */
function softmaxScore(
  kind: string,
  models: readonly ClassifierModel[],
  name: string,
  temperature: number,
  scoreOf: (probabilities: Float64Array) => number,
): StorableScore {
  if (models.length === 0) throw new RangeError(`${kind}: no classifiers; give one or more`)
  const classes = models[0].classes
  const other = models.find(model => model.classes !== classes)
  if (other)
    throw new RangeError(
      `${kind}: classifiers of ${classes} and ${other.classes} classes; give those of one task`,
    )
  return {
    name,
    async score(fragments) {
      const means = new Float64Array(fragments.length * classes)
      for (const model of models) {
        const features = await model.features(fragments)
        for (let i = 0; i < fragments.length; i++) {
          const logits = logitsOf(model, featuresOf(features, model.hidden, i))
          const probabilities = softmax(logits, temperature)
          for (let c = 0; c < classes; c++) means[i * classes + c] += probabilities[c] / models.length
        }
      }
      return Float64Array.from(fragments, (_, i) => scoreOf(featuresOf(means, classes, i)))
    },
    store: () => ({ kind, name, settings: { temperature }, arrays: {} }),
  }
}

/**
 * The log-odds that a binary classifier gives its first class over the second one: of reads against mutated reads, where
 * the second class stands for whatever is not in the training set (Ren et al. 2019, section 5, "binary classifier").
 * @throws RangeError unless there are two classes.
 */
export function logOdds(model: ClassifierModel, name = 'binary'): StorableScore {
  if (model.classes !== 2)
    throw new RangeError(`logOdds: a classifier of ${model.classes} classes; give one of 2`)
  return {
    name,
    async score(fragments) {
      const features = await model.features(fragments)
      return Float64Array.from(fragments, (_, i) => {
        const [first, second] = logitsOf(model, featuresOf(features, model.hidden, i))
        return first - second
      })
    },
    store: () => ({ kind: 'logOdds', name, settings: {}, arrays: {} }),
  }
}
