import type { FragmentLikelihood, LikelihoodModel, Score } from './score.js'

/** Mean nats per predicted base; NaN where no base is predicted. */
export const meanLogLikelihood = ({ sum, count }: FragmentLikelihood): number =>
  count > 0 ? sum / count : Number.NaN

/**
 * The log-likelihood of a fragment under a generative model of in-distribution sequences: mean nats per predicted base.
 */
export const likelihood = (name: string, model: LikelihoodModel): Score => ({
  name,
  score: async fragments => Float64Array.from(await model.logLikelihoods(fragments), meanLogLikelihood),
  dispose: () => model.dispose?.(),
})

/**
 * The log-likelihood ratio of a foreground and a background model (Ren et al. 2019, arXiv 1906.02845, eq. 2): mean nats
 * per predicted base.
 *
 * `score` throws a RangeError when the models do not predict the same bases of a fragment: they have other vocabularies
 * or other ideas of where a fragment begins, and their likelihoods cannot be compared.
 */
export const likelihoodRatio = (
  name: string,
  foreground: LikelihoodModel,
  background: LikelihoodModel,
): Score => ({
  name,
  async score(fragments) {
    const [inside, everywhere] = await Promise.all([
      foreground.logLikelihoods(fragments),
      background.logLikelihoods(fragments),
    ])
    return Float64Array.from(inside, ({ sum, count }, i) => {
      if (count !== everywhere[i].count)
        throw new RangeError(
          `${name}: the foreground predicts ${count} bases of fragment ${i}, the background ${everywhere[i].count}; take two models of one kind`,
        )
      return meanLogLikelihood({ sum: sum - everywhere[i].sum, count })
    })
  },
  dispose() {
    foreground.dispose?.()
    background.dispose?.()
  },
})
