import { createHash } from 'node:crypto'
import { foldKey, type Key, purposeKey, seedPurposes } from '../engine/hostRandom.js'
import { mutate } from './mutate.js'
import { permutation } from './random.js'
import type { ReadSet } from './readSet.js'

/** How a training set is cut into batches. */
export type BatchOptions = {
  /** Reads per batch. */
  readonly batchSize: number
  /** Of the order of reads and of their mutations: an integer up to 2^53. */
  readonly seed: number
  /** Probability with which a base is replaced by another one (default 0), anew in every epoch. */
  readonly mutationRate?: number
}

/**
 * The batches of a training run. Batch `step` is a pure function of the set, the options and `step`, so a run resumes
 * from its seed and its step alone.
 *
 * Every epoch is a fresh permutation of the whole set; batches are cut from the epochs laid end to end, so one batch
 * may end an epoch and begin the next, and a short batch never appears. (The reference repeats before it shuffles,
 * too, but through a buffer of 1000 reads only.)
 */
export class TrainingBatches {
  readonly #set: ReadSet
  readonly #batchSize: number
  readonly #mutationRate: number
  readonly #orderKey: Key
  readonly #mutationKey: Key
  #epoch = -1
  #order: Uint32Array = new Uint32Array(0)

  /** @throws RangeError when the set is empty, or an option makes no sense. */
  constructor(set: ReadSet, { batchSize, seed, mutationRate = 0 }: BatchOptions) {
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new RangeError(`batch size: got ${batchSize}, give a positive integer`)
    if (set.count === 0) throw new RangeError('training set: has no reads')
    if (!(mutationRate >= 0 && mutationRate <= 1))
      throw new RangeError(`mutation rate: got ${mutationRate}, give a number from 0 to 1`)
    this.#set = set
    this.#batchSize = batchSize
    this.#mutationRate = mutationRate
    this.#orderKey = purposeKey(seed, seedPurposes.run.order)
    this.#mutationKey = purposeKey(seed, seedPurposes.run.mutation)
  }

  /**
   * Which reads are in batch `step`, counting steps from 0: the epoch of each, and its index in the set.
   * @throws RangeError when `step` is not an integer from 0 on.
   */
  readsAt(step: number): { epoch: number; read: number }[] {
    if (!Number.isSafeInteger(step) || step < 0)
      throw new RangeError(`step: got ${step}, give an integer from 0 on`)
    const first = step * this.#batchSize
    return Array.from({ length: this.#batchSize }, (_, i) => {
      const epoch = Math.floor((first + i) / this.#set.count)
      return { epoch, read: this.#orderOf(epoch)[(first + i) % this.#set.count] }
    })
  }

  /**
   * The bases of batch `step`, mutated, one read after the other: [batchSize * length], into `out` if given.
   * @throws RangeError when `step` is not an integer from 0 on.
   */
  batchAt(step: number, out: Int32Array = new Int32Array(this.#batchSize * this.#set.length)): Int32Array {
    const { length, tokens } = this.#set
    this.readsAt(step).forEach(({ epoch, read }, i) => {
      const bases = out.subarray(i * length, (i + 1) * length)
      bases.set(tokens.subarray(read * length, (read + 1) * length))
      mutate(bases, this.#mutationRate, foldKey(this.#mutationKey, epoch), read)
    })
    return out
  }

  /** A checksum (SHA-256) of the reads, in their order. */
  checksum(): string {
    return createHash('sha256').update(this.#set.tokens).digest('hex')
  }

  /** The permutation of an epoch; the last one is kept, since batches come in order. */
  #orderOf(epoch: number): Uint32Array {
    if (epoch !== this.#epoch) {
      this.#order = permutation(foldKey(this.#orderKey, epoch), this.#set.count)
      this.#epoch = epoch
    }
    return this.#order
  }
}
