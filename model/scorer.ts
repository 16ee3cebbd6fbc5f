import { checkObject, checkReads } from '../data/index.js'
import { checkModelOptions } from './checkArguments.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { type LogLikelihood, type PassModel, ScoringPass } from './scoringPass.js'

/** What to do beside scoring. */
export type ScoringHooks = {
  /** For each read an array of its length, to which the log-likelihood of every predicted base is added. */
  readonly perBase?: readonly Float32Array[]
  /** Told from time to time how many predictions have been made since the last time. */
  readonly onProgress?: (predictions: number) => void
  /** Aborted to stop after the pieces that the device has. */
  readonly signal?: AbortSignal
}

/**
 * Scores reads with one model on one device: log p(x) of an autoregressive model over bases x_2 … x_T (Ren et al.
 * 2019, section 4). Reads of any length, those of more than 65,536 bases in stretches of 8,192, each with the state that
 * the 1,024 bases before it leave. A read's score does not depend on the others, nor on `batch` (`ScoringPass` says how).
 */
export class Scorer {
  readonly #model: PassModel
  readonly #pass: ScoringPass

  /** `parameters` may be replaced between calls; `batch`: reads that go through the model together, at most. @throws TypeError for options or parameters of no model. */
  constructor(
    readonly options: ModelOptions,
    parameters: ModelParameters,
    readonly batch = 100,
    device?: string,
  ) {
    checkModelOptions('Scorer', options)
    checkObject('Scorer', 'the state.parameters of await loadModel(path)', parameters, ['cell', 'logits'])
    this.#model = { options, parameters }
    this.#pass = new ScoringPass([this.#model], batch, device)
  }

  get parameters(): ModelParameters {
    return this.#model.parameters
  }

  set parameters(parameters: ModelParameters) {
    this.#model.parameters = parameters
  }

  /**
   * Log-likelihoods of reads (bases 0 to 3, 4 for unknown), in their order. Reads of calls that are made before others are
   * done go through the model right behind those.
   * @throws TypeError for what are no reads; AbortError when the hooks' signal is aborted.
   */
  async score(
    reads: readonly Uint8Array[],
    { perBase, ...hooks }: ScoringHooks = {},
  ): Promise<LogLikelihood[]> {
    checkReads('Scorer.score', reads)
    const [likelihoods] = await this.#pass.score(reads, {
      ...hooks,
      ...(perBase && { onBases: ({ read, ...bases }) => addToTrack(perBase[read], bases) }),
    })
    return likelihoods
  }

  /** Free the compiled functions' memory (not the parameters). */
  dispose(): void {
    this.#pass.dispose()
  }
}

/** Adds the log-likelihoods of bases, times `sign`, to a track of their read. */
export function addToTrack(
  track: Float32Array,
  { start, logLikelihoods }: { readonly start: number; readonly logLikelihoods: Float32Array },
  sign: 1 | -1 = 1,
): void {
  for (const [i, logLikelihood] of logLikelihoods.entries()) track[start + i] += sign * logLikelihood
}
