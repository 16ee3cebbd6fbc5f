import type { LikelihoodModel, Score } from './score.js'

/**
 * The Watanabe-Akaike information criterion over an ensemble of generative models (Choi et al. 2018, section 3): the mean
 * of the models' log-likelihoods of a fragment minus their variance (over the models, divided by their number). The
 * likelihoods are of the whole fragment, in nats; the result is per predicted base, so that it does not grow with the
 * length.
 * @throws RangeError for less than two models.
 */
export function waic(models: readonly LikelihoodModel[], name = 'waic'): Score {
  if (models.length < 2) throw new RangeError(`waic: ${models.length} model; give two or more`)
  return {
    name,
    async score(fragments) {
      const likelihoods = await Promise.all(models.map(model => model.logLikelihoods(fragments)))
      return Float64Array.from(fragments, (_, i) => {
        const sums = likelihoods.map(ofModel => ofModel[i].sum)
        const mean = sums.reduce((a, b) => a + b, 0) / sums.length
        const variance = sums.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sums.length
        return (mean - variance) / likelihoods[0][i].count
      })
    },
    dispose: () => {
      for (const model of models) model.dispose?.()
    },
  }
}
