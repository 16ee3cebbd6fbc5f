import { device, realise, type Schedule, scheduledFactor, type Tensor, tensor } from '../engine/index.js'

/** Where training reads come from: `batch(step)` is a pure function of the step, so a resumed run sees the same. */
export type TrainingData = {
  /** int32 tokens of a step, [batchSize * length]; the length may differ between steps, each is compiled for itself. */
  batch(step: number): Int32Array
  readonly batchSize: number
  /**
   * How many batches, one after the other, are windows of the same fragments (default 1): the carry goes on from one to
   * the next, and is zeros before the first.
   */
  readonly windows?: number
  /** What must be the same for a run to be resumed, for instance the number of reads. */
  readonly fingerprint: string
}

/** What a step is given: int32 tokens [batch, T], and the learning rate (a scalar) where it changes. */
export type FedBatch = { readonly tokens: Tensor; readonly learningRate?: Tensor }

/** Hands a training's batches to the device, in tensors that are used again and again. */
export class BatchFeed {
  /** A tensor for batches of each length. */
  readonly #tokens = new Map<number, Tensor>()
  readonly #learningRate: Tensor | undefined
  #latest: { step: number; batch: FedBatch } | undefined

  /** `schedule`: how the learning rate changes, if it does; `deviceName`: where to, by default the default device. */
  constructor(
    readonly data: TrainingData,
    readonly learningRate: number,
    readonly schedule: Schedule | undefined,
    readonly deviceName: string | undefined,
  ) {
    const changes = schedule && (schedule.shape !== 'constant' || schedule.warmup)
    this.#learningRate = changes ? this.#onDevice(tensor(learningRate)) : undefined
  }

  /**
   * Hand a step's batch to the device, if it does not have it; what was handed before is used by queued work only.
   * Asynchronous, so that its errors can be waited for.
   */
  async load(step: number): Promise<FedBatch> {
    if (this.#latest?.step === step) return this.#latest.batch
    const tokens = this.#tokensOf(this.data.batch(step))
    if (this.schedule && this.#learningRate)
      this.#learningRate.assign(Float32Array.of(this.learningRate * scheduledFactor(this.schedule, step)))
    const batch = { tokens, ...(this.#learningRate && { learningRate: this.#learningRate }) }
    this.#latest = { step, batch }
    return batch
  }

  #tokensOf(batch: Int32Array): Tensor {
    const { batchSize } = this.data
    let tokens = this.#tokens.get(batch.length)
    if (!tokens) {
      tokens = this.#onDevice(tensor(batch, { shape: [batchSize, batch.length / batchSize] }))
      this.#tokens.set(batch.length, tokens)
    }
    tokens.assign(batch)
    return tokens
  }

  #onDevice(t: Tensor): Tensor {
    realise([t], device(this.deviceName))
    return t
  }

  /** Free the tensors. */
  dispose(): void {
    for (const tokens of this.#tokens.values()) tokens.dispose()
    this.#learningRate?.dispose()
  }
}
