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
import { type LogLikelihood, ScoringPass } from './scoringPass.js'

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
  readonly #pass: ScoringPass
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
    this.#pass = new ScoringPass(
      Array.from(networks.values(), ({ options, state: { parameters } }) => ({ options, parameters })),
      batch,
      device,
    )
    this.#likelihoods = rememberedByBatch(fragments =>
      scoreReads(this.#pass, fragments, bothStrands, onProgress && { onProgress }),
    )
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
    const genera = this.genera.length
    const losses = fragments.map(({ length }) => new Float32Array(length * genera).fill(Number.NaN))
    await this.#pass.score(fragments, {
      onBases({ model, read, start, logLikelihoods }) {
        // What is exactly 0 was not predicted.
        for (const [i, logLikelihood] of logLikelihoods.entries())
          if (logLikelihood !== 0) losses[read][(start + i) * genera + model] = -logLikelihood
      },
    })
    return losses
  }

  /**
   * The likelihood ratio of a fragment base by base in nats, the likeliest genus against the one that comes second, and
   * both: its sum is the fragment's `odds` (of the strand that is given). NaN where a base is not predicted; undefined for
   * a fragment of which none is, and for a single genus.
   */
  async track(
    bases: Uint8Array,
  ): Promise<{ values: Float32Array; likeliest: string; second: string } | undefined> {
    const count = this.genera.length
    const [losses] = await this.#losses([bases])
    const sums = new Float64Array(count)
    for (const [i, loss] of losses.entries()) if (!Number.isNaN(loss)) sums[i % count] += loss
    const [likeliest, second] = this.genera.map((_, genus) => genus).sort((a, b) => sums[a] - sums[b])
    if (second === undefined || sums[likeliest] === 0) return undefined
    return {
      values: Float32Array.from(bases, (_, i) => losses[i * count + second] - losses[i * count + likeliest]),
      likeliest: this.genera[likeliest],
      second: this.genera[second],
    }
  }

  /** Free the compiled functions' memory (not the networks'). */
  dispose(): void {
    this.#pass.dispose()
  }
}
