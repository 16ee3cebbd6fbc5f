import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import { forEachBlock } from './contextShape.js'
import { addLogLikelihoods, type GenusContexts } from './genusContexts.js'
import { pieceLength } from './pieces.js'

/** How much a kind of contexts weighs among all: contiguous ones half. */
const weightOf = ({ shape }: GenusContexts): number => (shape.skip === 0 ? 1 / 2 : 1 / 6)

/** Kinds of contexts, pooled with fixed weights: the log-likelihood of a base is the weighted sum of theirs. */
export class PooledContexts {
  /** By kind: the windows of the bases of a piece. */
  readonly #windows: readonly Int32Array[]

  /** `kinds`: contiguous ones first. */
  constructor(readonly kinds: readonly GenusContexts[]) {
    this.#windows = kinds.map(() => new Int32Array(pieceLength))
  }

  /** Adds to `values` what each base adds to the log-likelihood under one genus more than under another. */
  addTrack(fragment: Uint8Array, pair: GenusPair, values: BaseValues): void {
    for (const kind of this.kinds) kind.addTrack(fragment, pair, weightOf(kind), values)
  }

  /** Turns to a piece of a fragment, of whose bases `logLikelihood` tells then. */
  turnTo(piece: Uint8Array): void {
    const shapes = this.kinds.map(({ shape }) => shape)
    let start = 0
    forEachBlock(piece, shapes, (windows, length, shape) => {
      this.#windows[shape].set(windows.subarray(0, length), start)
      if (shape === shapes.length - 1) start += length
    })
  }

  /** The log-likelihood of a base of the piece, whose contexts of all kinds are known, in nats. */
  logLikelihood(base: number, genus: number): number {
    let sum = 0
    for (const [i, kind] of this.kinds.entries())
      sum += weightOf(kind) * kind.logLikelihood(this.#windows[i][base], genus)
    return sum
  }
}

/** What all kinds of contexts say of a fragment, which is looked up piece by piece. */
export class ContextSums {
  readonly #costs: readonly Float64Array[]
  /** How many bases the contiguous contexts predicted. */
  #predicted = 0

  /** `kinds`: contiguous ones first. */
  constructor(readonly kinds: readonly GenusContexts[]) {
    this.#costs = kinds.map(({ genera }) => new Float64Array(genera))
  }

  /** Adds what they say of the bases from `start` to before `end`. */
  add(fragment: Uint8Array, start: number, end: number): void {
    const [predicted] = this.kinds.map((kind, i) => kind.addCosts(fragment, this.#costs[i], start, end))
    this.#predicted += predicted
  }

  /** Adds the log-likelihoods for each genus to `sums`, in nats; returns how many bases were predicted. */
  addLogLikelihoods(sums: Float64Array): number {
    for (const [i, costs] of this.#costs.entries()) addLogLikelihoods(costs, weightOf(this.kinds[i]), sums)
    return this.#predicted
  }
}
