import {
  type ClassifierModel,
  featuresOf,
  indexOfMaximum,
  logitsOf,
  logOfMaximum,
  softmax,
} from './classifierModel.js'
import type { StorableScore } from './score.js'

/** How far ODIN moves an input, and at which temperature. */
export type OdinOptions = {
  readonly name?: string
  /** Logits are divided by it. */
  readonly temperature: number
  /** The size of the step. */
  readonly epsilon: number
}

/**
 * ODIN (Liang et al. 2018): the maximum softmax probability at a temperature, after a step that makes the predicted class
 * more probable, `z + epsilon * sign(∂p/∂z)`, which does more for in-distribution inputs. Bases being discrete, z is the
 * last hidden layer, as in the reference. The logarithm of the probability, as `maximumProbability`.
 */
export const odin = (
  model: ClassifierModel,
  { name = 'odin', temperature, epsilon }: OdinOptions,
): StorableScore => ({
  name,
  async score(fragments) {
    const features = await model.features(fragments)
    return Float64Array.from(fragments, (_, i) => {
      const moved = step(model, featuresOf(features, model.hidden, i), temperature, epsilon)
      return logOfMaximum(softmax(logitsOf(model, moved), temperature))
    })
  },
  store: () => ({ kind: 'odin', name, settings: { temperature, epsilon }, arrays: {} }),
})

/**
 * One fragment's features after the step. `∂p_y/∂z = p_y / temperature * (w_y - Σ_c p_c w_c)` with the columns w of the
 * kernel, of which only the sign counts.
 */
function step(
  model: ClassifierModel,
  features: Float64Array,
  temperature: number,
  epsilon: number,
): Float64Array {
  const { kernel, classes } = model
  const probabilities = softmax(logitsOf(model, features), temperature)
  const best = indexOfMaximum(probabilities)
  return features.map((z, h) => {
    const weights = kernel.subarray(h * classes, (h + 1) * classes)
    const slope = weights.reduce((sum, w, c) => sum + probabilities[c] * (weights[best] - w), 0)
    return z + epsilon * Math.sign(slope)
  })
}
