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
  /** A checksum of all that batches are made of, by which processes that train together see that they have the same. */
  checksum?(): string
}

/** Some rows of every batch, from `first` on. */
export type Rows = { readonly first: number; readonly rows: number }

/** What a step is given: int32 tokens of each part [rows, T], and the learning rate (a scalar) where it changes. */
export type FedBatch = { readonly tokens: readonly Tensor[]; readonly learningRate?: Tensor }

/** Hands a training's batches to the device, in tensors that are used again and again. */
export class BatchFeed {
  /** Tensors for batches of each length, one for each part. */
  readonly #tokens = new Map<number, readonly Tensor[]>()
  /** In turns: the last step's is in use until its gradients are there, when the next batch has been handed over. */
  readonly #learningRates: readonly Tensor[]
  #latest: { step: number; batch: FedBatch } | undefined

  /**
   * `schedule`: how the learning rate changes, if it does; `deviceName`: where to, by default the default device;
   * `parts`: what of a batch is handed over, by default all of it in one.
   */
  constructor(
    readonly data: TrainingData,
    readonly learningRate: number,
    readonly schedule: Schedule | undefined,
    readonly deviceName: string | undefined,
    readonly parts: readonly Rows[] = [{ first: 0, rows: data.batchSize }],
  ) {
    const changes = schedule && (schedule.shape !== 'constant' || schedule.warmup)
    this.#learningRates = changes ? [0, 1].map(() => this.#onDevice(tensor(learningRate))) : []
  }

  /**
   * Hand a step's batch to the device, if it does not have it; what was handed before is used by queued work only.
   * Asynchronous, so that its errors can be waited for.
   */
  async load(step: number): Promise<FedBatch> {
    if (this.#latest?.step === step) return this.#latest.batch
    const tokens = this.#tokensOf(this.data.batch(step))
    const learningRate = this.#learningRates[step % 2]
    if (this.schedule && learningRate)
      learningRate.assign(Float32Array.of(this.learningRate * scheduledFactor(this.schedule, step)))
    const batch = { tokens, ...(learningRate && { learningRate }) }
    this.#latest = { step, batch }
    return batch
  }

  #tokensOf(batch: Int32Array): readonly Tensor[] {
    const length = batch.length / this.data.batchSize
    const values = this.parts.map(({ first, rows }) =>
      batch.subarray(first * length, (first + rows) * length),
    )
    let tokens = this.#tokens.get(length)
    if (!tokens) {
      tokens = values.map((part, i) => this.#onDevice(tensor(part, { shape: [this.parts[i].rows, length] })))
      this.#tokens.set(length, tokens)
    }
    for (const [i, part] of values.entries()) tokens[i].assign(part)
    return tokens
  }

  #onDevice(t: Tensor): Tensor {
    realise([t], device(this.deviceName))
    return t
  }

  /** Free the tensors. */
  dispose(): void {
    for (const t of [...this.#tokens.values()].flat()) t.dispose()
    for (const t of this.#learningRates) t.dispose()
  }
}
