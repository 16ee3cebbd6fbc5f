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

export type ValidationOptions = { readonly data: ValidationData; readonly judge: Judge }

/**
 * What a validation adds to a line of metrics: the loss of in-distribution reads in nats per base, and the AUROC of the
 * likelihood with its interval [low, high], where there are other reads.
 */
export type ValidationMetrics = { val_loss: number; auroc?: number; auroc_ci?: number[] }

/** Validates the parameters of a model in training, again and again. */
export class Validation {
  readonly #scorer: Scorer

  /** `batch`: reads that go through the model together; `device`: where, by default the default device. */
  constructor(
    readonly options: ValidationOptions,
    model: ModelOptions,
    parameters: ModelParameters,
    batch: number,
    device?: string,
  ) {
    this.#scorer = new Scorer(model, parameters, batch, device)
  }

  /** Scores both sets with these parameters, which are on the device already. */
  async measure(parameters: ModelParameters): Promise<ValidationMetrics> {
    const { data, judge } = this.options
    this.#scorer.parameters = parameters
    const inDistribution = await this.#means(data.inDistribution)
    const val_loss = -inDistribution.reduce((a, b) => a + b, 0) / inDistribution.length
    if (data.outOfDistribution.length === 0) return { val_loss }
    const outOfDistribution = await this.#means(data.outOfDistribution)
    const { auroc, low, high } = judge(inDistribution, outOfDistribution)
    return { val_loss, auroc, auroc_ci: [low, high] }
  }

  async #means(reads: readonly Uint8Array[]): Promise<Float64Array> {
    return Float64Array.from(await this.#scorer.score(reads), likelihood => likelihood.mean)
  }

  /** Free the scorer's memory (not the parameters). */
  dispose(): void {
    this.#scorer.dispose()
  }
}
