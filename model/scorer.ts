import { checkObject, checkReads, unknown } from '../data/index.js'
import {
  type Carry,
  type CompiledFunction,
  compile,
  dispose,
  initialCarry,
  type Tensor,
  tensor,
} from '../engine/index.js'
import { checkModelOptions } from './checkArguments.js'
import { logLikelihoodsOfPiece, type ModelOptions, type ModelParameters } from './generative.js'

/** The most predictions per read that go through the model at once: it bounds the memory. */
const longestPiece = 256

/** A read's log-likelihood: the sum in nats over `count` predicted bases. The mean of none is NaN. */
export type LogLikelihood = { readonly sum: number; readonly count: number; readonly mean: number }

/**
 * A record of more bases than `longestWhole` is scored in stretches, side by side: one after the other, a chromosome would
 * take days. A stretch begins with the state that the `warmUp` bases before it leave behind, which is what a longer past
 * would leave: the models are trained on reads of hundreds of bases.
 */
const longestWhole = 2 ** 16
const stretchLength = 2 ** 13
const warmUp = 2 ** 10

/** What goes through the model as one row: the bases of a read from `start` on, the first `skipped` predictions not counted. */
type Row = {
  readonly read: number
  readonly start: number
  readonly bases: Uint8Array
  readonly skipped: number
}

/** What to do beside scoring. */
export type ScoringHooks = {
  /** For each read an array of its length, to which the log-likelihood of every predicted base, times `sign`, is added. */
  readonly perBase?: readonly Float32Array[]
  readonly sign?: 1 | -1
  /** Told from time to time how many predictions have been made since the last time. */
  readonly onProgress?: (predictions: number) => void
  /** Aborted to stop after the current batch. */
  readonly signal?: AbortSignal
}

type Piece = { logLikelihoods: Tensor; carry: Carry }

/** How many predictions of a read count: those of a known base (0 to 3) after a known one. */
export function countPredictions(read: Uint8Array): number {
  let count = 0
  for (let i = 1; i < read.length; i++) if (read[i] < unknown && read[i - 1] < unknown) count++
  return count
}

/**
 * Scores reads with one model on one device: log p(x) of an autoregressive model over bases x_2 … x_T (Ren et al.
 * 2019, section 4). Reads of any length: long ones go through in pieces, the state carried from one to the next, and
 * those of more than 65,536 bases in stretches of 8,192, each with the state that the 1,024 bases before it leave.
 */
export class Scorer {
  readonly #first: CompiledFunction<[ModelParameters, Tensor], Piece>
  readonly #next: CompiledFunction<[ModelParameters, Carry, Tensor], Piece>
  /** Predictions per piece of the first batch, to which most others are alike; 0 before it. */
  #usualLength = 0

  /** `parameters` may be replaced between calls; `batch`: reads that go through the model together, at most. @throws TypeError for options or parameters of no model. */
  constructor(
    readonly options: ModelOptions,
    public parameters: ModelParameters,
    readonly batch = 100,
    device?: string,
  ) {
    checkModelOptions('Scorer', options)
    checkObject('Scorer', 'the state.parameters of await loadModel(path)', parameters, ['cell', 'logits'])
    const { cell, hidden } = options
    this.#first = compile(
      (p: ModelParameters, tokens: Tensor) => {
        const carry = initialCarry(cell, tokens.shape[0], hidden, p.logits.bias.dtype)
        return logLikelihoodsOfPiece(options, p, carry, tokens)
      },
      { device },
    )
    this.#next = compile(
      (p: ModelParameters, carry: Carry, tokens: Tensor) => logLikelihoodsOfPiece(options, p, carry, tokens),
      { device, donate: [1] },
    )
  }

  /**
   * Predictions per piece of a batch whose longest read has so many in all: few different numbers, as every one is
   * compiled anew, but little padding.
   */
  #pieceLength(predictions: number): number {
    if (predictions === this.#usualLength) return predictions
    const pieces = Math.ceil(predictions / longestPiece)
    const length = Math.ceil(predictions / pieces)
    if (this.#usualLength === 0) {
      this.#usualLength = length
      return length
    }
    return length <= this.#usualLength && length > this.#usualLength / 2
      ? this.#usualLength
      : Math.ceil(length / 32) * 32
  }

  /**
   * Log-likelihoods of reads (bases 0 to 3, 4 for unknown), in their order. The device has its next batch before this
   * one's results are waited for.
   * @throws TypeError for what are no reads; AbortError when the hooks' signal is aborted.
   */
  async score(reads: readonly Uint8Array[], hooks: ScoringHooks = {}): Promise<LogLikelihood[]> {
    checkReads('Scorer.score', reads)
    const rows = reads.flatMap(rowsOf)
    const sums = new Float64Array(reads.length)
    const add = async (batch: readonly Row[], summing: Promise<Float64Array>) => {
      const ofRows = await summing
      for (const [i, { read }] of batch.entries()) sums[read] += ofRows[i]
    }
    let ahead: Promise<void> | undefined
    for (let i = 0; i < rows.length; i += this.batch) {
      if (hooks.signal?.aborted) {
        await ahead
        throw hooks.signal.reason
      }
      const batch = rows.slice(i, i + this.batch)
      const next = add(batch, this.#sumsOf(batch, hooks))
      next.catch(() => {}) // thrown where it is waited for, if no error comes before
      await ahead
      ahead = next
    }
    // While the device computes.
    const counts = reads.map(countPredictions)
    await ahead
    return counts.map((count, i) => ({ sum: sums[i], count, mean: count ? sums[i] / count : Number.NaN }))
  }

  /** The log-likelihood of each row of a batch, summed over its predictions. */
  async #sumsOf(
    batch: readonly Row[],
    { perBase, sign = 1, onProgress }: ScoringHooks,
  ): Promise<Float64Array> {
    const reads = batch.map(row => row.bases)
    const sums = new Float64Array(reads.length)
    const predictions = reads.reduce((most, read) => Math.max(most, read.length - 1), 0)
    if (predictions === 0) return sums
    const length = this.#pieceLength(predictions)
    const rows = this.#rowsFor(reads.length)
    let carry: Carry | undefined
    for (let start = 0; start < predictions; start += length) {
      const tokens = pieceOf(reads, start, length, rows)
      const piece: Piece = carry
        ? this.#next(this.parameters, carry, tokens)
        : this.#first(this.parameters, tokens)
      const values = await piece.logLikelihoods.data()
      // Summed here in float64: a float32 sum over hundreds of bases would cost a digit.
      if (batch.some(row => row.skipped > start)) addCounted(values, batch, start, length, rows, sums)
      else
        for (let t = 0; t < length; t++)
          for (let i = 0; i < reads.length; i++) sums[i] += values[t * rows + i]
      if (perBase)
        for (const [i, row] of batch.entries()) {
          const track = perBase[row.read]
          for (let t = Math.max(0, row.skipped - start); t < length && start + t + 1 < row.bases.length; t++)
            track[row.start + start + t + 1] += sign * values[t * rows + i]
        }
      onProgress?.(batch.reduce((sum, row) => sum + predictionsBetween(row, start, start + length), 0))
      piece.logLikelihoods.dispose()
      tokens.dispose()
      carry = piece.carry
    }
    if (carry) dispose(carry)
    return sums
  }

  /** Rows of a batch of so many reads: the whole batch, or a half, a quarter … of it, as every number is compiled anew. */
  #rowsFor(reads: number): number {
    let rows = this.batch
    while (rows % 2 === 0 && rows / 2 >= reads) rows /= 2
    return rows
  }

  /** Free the compiled functions' memory (not the parameters). */
  dispose(): void {
    this.#first.dispose()
    this.#next.dispose()
  }
}

/** Adds the log-likelihoods [length, rows] of a piece that begins at `start`, but those that a row skips. */
function addCounted(
  values: ArrayLike<number>,
  batch: readonly Row[],
  start: number,
  length: number,
  rows: number,
  sums: Float64Array,
): void {
  for (let t = 0; t < length; t++)
    for (let i = 0; i < batch.length; i++) if (start + t >= batch[i].skipped) sums[i] += values[t * rows + i]
}

/** The rows that a read is scored as: itself, or stretches of it. */
function rowsOf(bases: Uint8Array, read: number): Row[] {
  if (bases.length <= longestWhole) return [{ read, start: 0, bases, skipped: 0 }]
  const rows: Row[] = []
  // Stretches share a base: the last of one is the first input of the next.
  for (let first = 0; first < bases.length - 1; first += stretchLength) {
    const start = Math.max(0, first - warmUp)
    const end = Math.min(bases.length, first + stretchLength + 1)
    rows.push({ read, start, bases: bases.subarray(start, end), skipped: first - start })
  }
  return rows
}

/** How many of a row's predictions count, from one to another. */
const predictionsBetween = ({ bases, skipped }: Row, from: number, to: number): number =>
  Math.max(0, Math.min(to, bases.length - 1) - Math.max(from, skipped))

/** Bases `start` … `start + length` of each read, padded with unknown bases to `rows` rows: [rows, length + 1]. */
function pieceOf(reads: readonly Uint8Array[], start: number, length: number, rows: number): Tensor {
  const tokens = new Int32Array(rows * (length + 1)).fill(unknown)
  reads.forEach((read, i) => {
    tokens.set(read.subarray(start, start + length + 1), i * (length + 1))
  })
  return tensor(tokens, { shape: [rows, length + 1] })
}
