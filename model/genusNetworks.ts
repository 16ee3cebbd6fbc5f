import { describeValue } from '../data/index.js'
import {
  type EvidentScore,
  type FragmentWindow,
  type GenusPair,
  leadOfGenera,
  maximumLikelihood,
  rememberedByBatch,
  type Score,
} from '../eval/scores/index.js'
import type { DetectorOptions } from './detector.js'
import type { SavedModel } from './saved/index.js'
import { scoreReads } from './scoreReads.js'
import { addToTrack } from './scorer.js'
import { type LogLikelihood, markUnpredicted, ScoringPass } from './scoringPass.js'
import { stretchesOf } from './stretches.js'

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
        losses: windows => this.#losses(windows),
        tracks: (fragments, pairs) => this.#tracks(fragments, pairs),
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

  /** -log p of each base of windows under each network, of the strand that is given: [bases, genera]. */
  async #losses(windows: readonly FragmentWindow[]): Promise<Float32Array[]> {
    const genera = this.genera.length
    const losses = windows.map(({ start, end }) => new Float32Array((end - start) * genera).fill(Number.NaN))
    const stretches = windows.flatMap(({ fragment, ...window }, index) =>
      stretchesOf(fragment, window.start, window.end).map(stretch => ({ ...stretch, window, index })),
    )
    await this.#pass.score(
      stretches.map(({ bases }) => bases),
      {
        onBases({ model, read, start: place, logLikelihoods }) {
          const { start, skipped, window, index } = stretches[read]
          const first = Math.max(window.start, start + skipped + 1)
          for (const [i, logLikelihood] of logLikelihoods.entries()) {
            const base = start + place + i
            // What is exactly 0 was not predicted.
            if (logLikelihood !== 0 && base >= first && base < window.end)
              losses[index][(base - window.start) * genera + model] = -logLikelihood
          }
        },
      },
    )
    return losses
  }

  /** The likelihood ratio of each base of fragments in nats, of one genus against another, of the strand that is given. */
  async #tracks(fragments: readonly Uint8Array[], pairs: readonly GenusPair[]): Promise<Float32Array[]> {
    const tracks = fragments.map(({ length }) => new Float32Array(length))
    await this.#pass.score(fragments, {
      onBases({ model, read, ...bases }) {
        const [genus, other] = pairs[read]
        if (model === genus) addToTrack(tracks[read], bases)
        if (model === other) addToTrack(tracks[read], bases, -1)
      },
    })
    for (const [i, bases] of fragments.entries()) markUnpredicted(tracks[i], bases)
    return tracks
  }

  /** Free the compiled functions' memory (not the networks'). */
  dispose(): void {
    this.#pass.dispose()
  }
}
