import type { Tree } from '../engine/index.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { Scorer } from './scorer.js'

/** Validation reads, each set as bases 0 to 3 (4 for unknown); without others there is a loss, but no AUROC. */
export type ValidationData = {
  readonly inDistribution: readonly Uint8Array[]
  readonly outOfDistribution: readonly Uint8Array[]
}

/** An AUROC with its interval: how well in-distribution reads score above others. */
export type Judge = (
  inDistribution: Float64Array,
  outOfDistribution: Float64Array,
) => {
  auroc: number
  low: number
  high: number
}

/** What is validated on, and by what. */
export type ValidationOptions = { readonly data: ValidationData; readonly judge: Judge }

/**
 * What a validation adds to a line of metrics: the loss of in-distribution reads in nats per base, and the AUROC of the
 * likelihood with its interval [low, high], where there are other reads.
 */
export type ValidationMetrics = { val_loss: number; auroc?: number; auroc_ci?: number[] }

/** What a validation adds to a line of metrics, by name. */
export type Measured = Readonly<Record<string, number | number[]>>

/** Validates the parameters of a network in training, again and again. */
export type Validator<P extends Tree> = {
  /** With these parameters, which are on the device already. @throws AbortError when `signal` is aborted meanwhile. */
  measure(parameters: P, signal?: AbortSignal): Promise<Measured>
  /** Free what it holds (not the parameters). */
  dispose(): void
}

/** The validator of generative models. */
export class Validation implements Validator<ModelParameters> {
  #scorer: Scorer | undefined

  /** `batch`: reads that go through the model together; `device`: where, by default the default device. */
  constructor(
    readonly options: ValidationOptions,
    readonly model: ModelOptions,
    readonly batch: number,
    readonly device?: string,
  ) {}

  /** Scores both sets with these parameters. @throws AbortError as `Validator`. */
  async measure(parameters: ModelParameters, signal?: AbortSignal): Promise<ValidationMetrics> {
    const { data, judge } = this.options
    this.#scorer ??= new Scorer(this.model, parameters, this.batch, this.device)
    this.#scorer.parameters = parameters
    const inDistribution = await means(this.#scorer, data.inDistribution, signal)
    const val_loss = -inDistribution.reduce((a, b) => a + b, 0) / inDistribution.length
    if (data.outOfDistribution.length === 0) return { val_loss }
    const outOfDistribution = await means(this.#scorer, data.outOfDistribution, signal)
    const { auroc, low, high } = judge(inDistribution, outOfDistribution)
    return { val_loss, auroc, auroc_ci: [low, high] }
  }

  dispose(): void {
    this.#scorer?.dispose()
  }
}

const means = async (
  scorer: Scorer,
  reads: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<Float64Array> =>
  Float64Array.from(await scorer.score(reads, { ...(signal && { signal }) }), likelihood => likelihood.mean)
