import { describeValue } from '../data/index.js'
import {
  type EvidentScore,
  leadOfGenera,
  maximumLikelihood,
  rememberedByBatch,
  type Score,
} from '../eval/scores/index.js'
import type { DetectorOptions } from './detector.js'
import type { SavedModel } from './saved/index.js'
import { scoreReads } from './scoreReads.js'
import { type LogLikelihood, Scorer } from './scorer.js'

/** The order of a fragment's own chain that its greatest likelihood is compared with (Bai, Ren & Sun 2022). */
const ownOrder = '2'

/** How networks of genera score. */
export type GenusNetworksOptions = DetectorOptions & { readonly onProgress?: (predictions: number) => void }

/**
 * A generative network for each genus, trained on its genomes alone, and what they say together: two scores of one pass
 * through all of them.
 */
export class GenusNetworks {
  readonly genera: readonly string[]
  /**
   * `mlr`: the greatest mean log-likelihood, minus that of the fragment's own chain of order 2. `odds`: the lead of the
   * likeliest genus over the runner-up, in nats; the better the longer a fragment is.
   */
  readonly scores: readonly [mlr: Score, odds: EvidentScore]
  readonly #scorers: readonly Scorer[]
  readonly #likelihoods: (fragments: readonly Uint8Array[]) => Promise<LogLikelihood[][]>

  /** @throws TypeError for what is no map of networks. */
  constructor(
    networks: ReadonlyMap<string, Pick<SavedModel, 'options' | 'state'>>,
    { batch = 100, device, bothStrands = false, onProgress }: GenusNetworksOptions = {},
  ) {
    if (!(networks instanceof Map))
      throw new TypeError(
        `GenusNetworks: got ${describeValue(networks)}, give a map: await loadGenera(folder)`,
      )
    this.genera = [...networks.keys()]
    this.#scorers = Array.from(
      networks.values(),
      ({ options, state }) => new Scorer(options, state.parameters, batch, device),
    )
    this.#likelihoods = rememberedByBatch(async fragments => {
      const ofGenera: LogLikelihood[][] = []
      // One network after the other: their intermediate values need the memory of one.
      for (const scorer of this.#scorers)
        ofGenera.push(await scoreReads(scorer, fragments, bothStrands, onProgress && { onProgress }))
      return ofGenera
    })
    const models = this.genera.map((_, genus) => ({
      logLikelihoods: async (fragments: readonly Uint8Array[]) => (await this.#likelihoods(fragments))[genus],
    }))
    this.scores = [
      maximumLikelihood('mlr', models, ownOrder),
      leadOfGenera('odds', {
        genera: this.genera,
        evidence: fragments => this.#evidence(fragments),
        losses: fragments => this.#losses(fragments),
      }),
    ]
  }

  /** Log-likelihoods of fragments under each network; undefined where it predicts none of their bases. */
  async #evidence(fragments: readonly Uint8Array[]): Promise<(Float64Array | undefined)[]> {
    const ofGenera = await this.#likelihoods(fragments)
    return fragments.map((_, i) =>
      ofGenera[0][i].count > 0 ? Float64Array.from(ofGenera, likelihoods => likelihoods[i].sum) : undefined,
    )
  }

  /** -log p of each base under each network, of the strand that is given: [bases, genera]. */
  async #losses(fragments: readonly Uint8Array[]): Promise<Float32Array[]> {
    const genera = this.#scorers.length
    const losses = fragments.map(({ length }) => new Float32Array(length * genera))
    for (const [genus, scorer] of this.#scorers.entries()) {
      const perBase = fragments.map(({ length }) => new Float32Array(length))
      await scoreReads(scorer, fragments, false, { perBase })
      // What is exactly 0 was not predicted.
      for (const [i, ofFragment] of perBase.entries())
        for (const [base, logLikelihood] of ofFragment.entries())
          losses[i][base * genera + genus] = logLikelihood === 0 ? Number.NaN : -logLikelihood
    }
    return losses
  }

  /** Free the compiled functions' memory (not the networks'). */
  dispose(): void {
    for (const scorer of this.#scorers) scorer.dispose()
  }
}
