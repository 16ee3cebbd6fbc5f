import type { Estimate } from './interval.js'
import { tConfidence } from './student.js'

/** What one member of a group (a read of a pair, a contig of a bin) says. */
export type Evidence = {
  /** Its scores, one of each kind, as means per predicted base; NaN where undefined. */
  readonly scores: readonly number[]
  /** How many predictions they are means of. */
  readonly predictions: number
  /** Its p-value; NaN for none. */
  readonly p: number
}

/**
 * The evidence of several fragments of one origin, summed: a score of the group is the mean over all its predictions,
 * for a log-likelihood what the concatenation of its members has. Members are let go of as they come.
 */
export class EvidencePool {
  /** How many members have scores. */
  members = 0
  /** Of each score: the sum of the members' predictions, and of the score times them. */
  readonly #predictions: number[]
  readonly #sums: number[]
  /** Sums of w², w² s and w² s² over the members, of the weights w and the score that the interval is of. */
  #squares = { weights: 0, scores: 0, products: 0 }
  /** The same of the p-values. */
  #p = { predictions: 0, sum: 0, members: 0 }

  /**
   * @param scores how many scores a member has
   * @param main the index of the one that intervals are of
   */
  constructor(
    scores: number,
    readonly main: number,
  ) {
    this.#predictions = new Array<number>(scores).fill(0)
    this.#sums = new Array<number>(scores).fill(0)
  }

  /** Takes a member; what it has no score or no p-value of, it does not count for. */
  add({ scores, predictions, p }: Evidence): void {
    for (const [i, score] of scores.entries()) {
      if (predictions === 0 || Number.isNaN(score)) continue
      this.#predictions[i] += predictions
      this.#sums[i] += predictions * score
    }
    const main = scores[this.main]
    if (predictions === 0 || Number.isNaN(main)) return
    this.members++
    const square = predictions * predictions
    this.#squares.weights += square
    this.#squares.scores += square * main
    this.#squares.products += square * main * main
    if (Number.isNaN(p)) return
    this.#p.members++
    this.#p.predictions += predictions
    this.#p.sum += predictions * p
  }

  /** The group's scores; NaN where no member has one. */
  scores(): number[] {
    return this.#sums.map((sum, i) => sum / this.#predictions[i])
  }

  /**
   * The main score and its 95 % interval, over members as independent draws from the group: the variance of a ratio of
   * sums (Cochran 1977, Sampling Techniques, equation 6.13), Student's t with n - 1 degrees of freedom. The ends are NaN
   * for fewer than two members.
   */
  estimate(): Estimate {
    const n = this.members
    const predictions = this.#predictions[this.main]
    const value = this.#sums[this.main] / predictions
    if (n < 2) return { value, low: Number.NaN, high: Number.NaN }
    const { weights, scores, products } = this.#squares
    const residuals = Math.max(0, products - 2 * value * scores + value * value * weights)
    const half = (tConfidence(n - 1) * Math.sqrt((n / (n - 1)) * residuals)) / predictions
    return { value, low: value - half, high: value + half }
  }

  /**
   * The p-value of the group: twice the mean of its members', weighted by predictions. It is valid however much the
   * members depend on each other, as fragments of one genome do (Vovk & Wang 2020, Combining p-values via averaging,
   * Biometrika 107), and by that cautious. That of a single member is its own; NaN if no member has one.
   */
  pValue(): number {
    const { members, predictions, sum } = this.#p
    const mean = sum / predictions
    return members > 1 ? Math.min(1, 2 * mean) : mean
  }
}
