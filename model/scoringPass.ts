import { unknown } from '../data/index.js'
import {
  type Carry,
  type CompiledFunction,
  compile,
  dispose,
  initialCarry,
  mapTree,
  type Tensor,
  tensor,
} from '../engine/index.js'
import { logLikelihoodsOfPiece, type ModelOptions, type ModelParameters } from './generative.js'
import { type Part, type Piece, Streams } from './streams.js'
import { type Stretch, stretchesOf } from './stretches.js'

/** A read's log-likelihood: the sum in nats over `count` predicted bases. The mean of none is NaN. */
export type LogLikelihood = { readonly sum: number; readonly count: number; readonly mean: number }

/** Log-likelihoods under one model of bases that follow each other in a read, the first of them `start`. */
export type ScoredBases = {
  readonly model: number
  readonly read: number
  readonly start: number
  readonly logLikelihoods: Float32Array
}

/** What to do beside scoring. */
export type PassHooks = {
  /** Told every predicted base; those of a read in order, if it has at most 65,536. */
  readonly onBases?: (bases: ScoredBases) => void
  /** Told from time to time how many predictions all models together have made since the last time. */
  readonly onProgress?: (predictions: number) => void
  /** Aborted to stop after the pieces that the device has. */
  readonly signal?: AbortSignal
}

/** What a pass needs of a model; `parameters` may be replaced while nothing is scored. */
export type PassModel = { readonly options: ModelOptions; parameters: ModelParameters }

type PieceResult = { logLikelihoods: Tensor; carry: Carry }
type PieceFunction = CompiledFunction<[ModelParameters, Carry, Tensor], PieceResult>

/** Reads that are scored together. */
type Job = {
  readonly hooks: PassHooks
  /** Of each model: the log-likelihood of each stretch, in nats. */
  readonly sums: readonly Float64Array[]
  /** Stretches that are not done. */
  left: number
  readonly done: () => void
  readonly failed: (reason: unknown) => void
}

/** A stretch of a job's read; `slot`: its place in the job's sums. */
type JobStretch = Stretch & { readonly job: Job; readonly read: number; readonly slot: number }

/** Pieces that the device has at once: while it computes one, the results of the other are added up. */
const inFlight = 2

/**
 * One pass over the bases of reads with all of several models, in the rows of a batch (`Streams`). Reads that are given
 * while others are being scored follow them in the same rows: nothing waits for the last of a call.
 *
 * A read's log-likelihood has the same bits whatever it is scored with, and in however many rows: no operation in a
 * network mixes rows, where a read ends zeros are chosen, not multiplied by, every product of the device `wasm` adds along
 * k in an order that does not depend on how many rows there are, or where a row is among them, and what is left is added
 * up here, for each stretch by itself, base after base in float64 (a float32 sum over hundreds of bases would cost a
 * digit). A BLAS library need not keep this: OpenBLAS does with its AVX-512 kernels, while its AVX2 (Haswell, Zen) kernels
 * round a row by its place modulo 6, so that a score may change in its last digits of float32.
 */
export class ScoringPass {
  readonly #streams: Streams<JobStretch>
  /** Of each model, for pieces in which a read begins after another one, and for others. */
  readonly #functions: readonly { readonly restarting: PieceFunction; readonly straight: PieceFunction }[]
  readonly #jobs = new Set<Job>()
  readonly #regroup: CompiledFunction<[Carry, Tensor], Carry>
  #isRunning = false
  /** While it runs: the state of each model after the last piece, and that piece's tokens. */
  #carries: Carry[] = []
  #tokens: Tensor | undefined

  /**
   * `batch`: rows, at most; `device`: where, by default the default device.
   * @throws RangeError unless `batch` is a whole number, 1 or more.
   */
  constructor(
    readonly models: readonly PassModel[],
    readonly batch: number,
    device?: string,
  ) {
    if (!(Number.isInteger(batch) && batch > 0))
      throw new RangeError(`batch: got ${batch}, give a whole number of reads, 1 or more`)
    this.#streams = new Streams(batch)
    this.#functions = models.map(({ options }) => {
      const compiled = (restarts: boolean): PieceFunction =>
        compile(
          (parameters: ModelParameters, carry: Carry, tokens: Tensor) =>
            logLikelihoodsOfPiece(options, parameters, carry, tokens, restarts),
          { device, donate: [1] },
        )
      return { restarting: compiled(true), straight: compiled(false) }
    })
    this.#regroup = compile((carry: Carry, rows: Tensor) => mapTree(carry, part => part.gather(rows)), {
      device,
    })
  }

  /**
   * Log-likelihoods of reads (bases 0 to 3, 4 for unknown) under each model, in the order of the reads.
   * @throws AbortError when the hooks' signal is aborted.
   */
  async score(reads: readonly Uint8Array[], hooks: PassHooks = {}): Promise<LogLikelihood[][]> {
    hooks.signal?.throwIfAborted()
    const stretches = reads.map(read => stretchesOf(read))
    const slots = stretches.reduce((sum, { length }) => sum + length, 0)
    const sums = this.models.map(() => new Float64Array(slots))
    await new Promise<void>((done, failed) => {
      const job: Job = { hooks, sums, left: 0, done: () => done(), failed }
      let slot = 0
      for (const [read, ofRead] of stretches.entries())
        for (const { start, bases, skipped } of ofRead) {
          if (bases.length > 1) {
            this.#streams.add({ start, bases, skipped, job, read, slot })
            job.left++
          }
          slot++
        }
      if (job.left === 0) return done()
      this.#jobs.add(job)
      this.#start()
    })
    const counts = reads.map(countPredictions)
    return sums.map(ofSlots => {
      let slot = 0
      return counts.map((count, read) => {
        let sum = 0
        for (const _ of stretches[read]) sum += ofSlots[slot++]
        return { sum, count, mean: count ? sum / count : Number.NaN }
      })
    })
  }

  /** Has the device work until nothing is left, if it does not; what else is called now comes along. */
  #start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    const pieces: Promise<void>[] = []
    try {
      for (;;) {
        this.#dropAborted()
        const piece = this.#streams.next()
        if (!piece && pieces.length === 0) break
        if (piece) pieces.push(this.#submit(piece, pieces.at(-1)))
        if (!piece || pieces.length === inFlight) await pieces.shift()
      }
    } catch (error) {
      await Promise.allSettled(pieces)
      this.#streams.drop(() => true)
      for (const job of this.#jobs) job.failed(error)
      this.#jobs.clear()
    }
    dispose(this.#carries.splice(0))
    this.#tokens?.dispose()
    this.#tokens = undefined
    this.#isRunning = false
  }

  /** Ends the jobs whose signal is aborted. */
  #dropAborted(): void {
    for (const job of this.#jobs) {
      const { signal } = job.hooks
      if (!signal?.aborted) continue
      this.#streams.drop(stretch => stretch.job === job)
      this.#jobs.delete(job)
      job.failed(signal.reason)
    }
  }

  /** Hands a piece to the device. Ends when its results are added up, after those of the piece `before`. */
  #submit(piece: Piece<JobStretch>, before: Promise<void> | undefined): Promise<void> {
    const { rows, regrouped } = piece
    if (regrouped && this.#carries.length) {
      const index = tensor(regrouped)
      for (const carry of this.#carries.splice(0)) {
        this.#carries.push(this.#regroup(carry, index))
        dispose(carry)
      }
      index.dispose()
    }
    const tokens = this.#onDevice(piece)
    const results = this.#functions.map(({ restarting, straight }, i) => {
      const score = piece.restarts ? restarting : straight
      const { options, parameters } = this.models[i]
      const carry =
        this.#carries[i] ?? initialCarry(options.cell, rows, options.hidden, parameters.logits.bias.dtype)
      const { logLikelihoods, carry: next } = score(parameters, carry, tokens)
      this.#carries[i] = next
      return logLikelihoods
    })
    const read = Promise.all(results.map(values => values.data()))
    read.catch(() => {}) // thrown where it is waited for, as all that follows
    const collected = (async () => {
      await before
      this.#collect(piece, await read)
      dispose(results)
    })()
    collected.catch(() => {})
    return collected
  }

  /** A piece's tokens on the device, in the memory of those of the piece before if they are as many. */
  #onDevice({ tokens, steps, rows }: Piece<JobStretch>): Tensor {
    const [, stepsBefore, rowsBefore] = this.#tokens?.shape ?? []
    if (this.#tokens && steps === stepsBefore && rows === rowsBefore) this.#tokens.assign(tokens)
    else {
      this.#tokens?.dispose()
      this.#tokens = tensor(tokens, { shape: [3, steps, rows] })
    }
    return this.#tokens
  }

  /** Adds up what the models say of a piece, and ends the jobs that are done with it. */
  #collect({ rows, parts }: Piece<JobStretch>, results: readonly ArrayLike<number>[]): void {
    for (const [model, values] of results.entries())
      for (const part of parts) addUp(part, model, values, rows)
    const predictions = new Map<Job, number>()
    for (const part of parts)
      predictions.set(part.item.job, (predictions.get(part.item.job) ?? 0) + countedOf(part))
    for (const [{ hooks }, count] of predictions) hooks.onProgress?.(count * results.length)
    for (const { isLast, item } of parts)
      if (isLast && --item.job.left === 0) {
        this.#jobs.delete(item.job)
        item.job.done()
      }
  }

  /** Free the compiled functions' memory (not the parameters). */
  dispose(): void {
    for (const { restarting, straight } of this.#functions) {
      restarting.dispose()
      straight.dispose()
    }
    this.#regroup.dispose()
  }
}

/** How many of a part's first predictions are only there for the state that they leave. */
const skippedOf = ({ item, first, count }: Part<JobStretch>): number =>
  Math.min(count, Math.max(0, item.skipped - first))

const countedOf = (part: Part<JobStretch>): number => part.count - skippedOf(part)

/** Adds a part's log-likelihoods, of values [steps, rows], to its stretch's sum, and tells the job's hook. */
function addUp(part: Part<JobStretch>, model: number, values: ArrayLike<number>, rows: number): void {
  const { item, row, step, first, count } = part
  const { job, slot, read, start } = item
  const skipped = skippedOf(part)
  const from = (step + skipped) * rows + row
  const end = (step + count) * rows
  let sum = job.sums[model][slot]
  for (let i = from; i < end; i += rows) sum += values[i]
  job.sums[model][slot] = sum
  if (!job.hooks.onBases || from >= end) return
  const logLikelihoods = Float32Array.from({ length: count - skipped }, (_, i) => values[from + i * rows])
  job.hooks.onBases({ model, read, start: start + first + skipped + 1, logLikelihoods })
}

/** Whether the prediction of a base of a read counts: of a known base (0 to 3) after a known one. */
const isPredicted = (read: Uint8Array, i: number): boolean =>
  i > 0 && read[i] < unknown && read[i - 1] < unknown

/** How many predictions of a read count. */
export function countPredictions(read: Uint8Array): number {
  let count = 0
  for (let i = 1; i < read.length; i++) if (isPredicted(read, i)) count++
  return count
}

/** Writes NaN for each base of a read of which no prediction counts. */
export function markUnpredicted(values: Float32Array, read: Uint8Array): void {
  for (let i = 0; i < read.length; i++) if (!isPredicted(read, i)) values[i] = Number.NaN
}
