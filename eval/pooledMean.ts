import type { Estimate } from './interval.js'
import { tConfidence } from './student.js'

/**
 * A mean over the predictions of all members of a group, of which each has its own mean. Members are let go of as they come.
 */
export class PooledMean {
  #predictions = 0
  #sum = 0
  #members = 0
  /** Sums of w², w² s and w² s² over the members, of the weights w and the means s. */
  #squares = { weights: 0, means: 0, products: 0 }

  /** Takes the mean of a member over so many predictions, one or more. */
  add(mean: number, predictions: number): void {
    this.#members++
    this.#predictions += predictions
    this.#sum += predictions * mean
    const square = predictions * predictions
    this.#squares.weights += square
    this.#squares.means += square * mean
    this.#squares.products += square * mean * mean
  }

  /** NaN without members. */
  get value(): number {
    return this.#sum / this.#predictions
  }

  /**
   * The mean and its 95 % interval, over members as independent draws from the group: the variance of a ratio of sums
   * (Cochran 1977, Sampling Techniques, equation 6.13), Student's t with n - 1 degrees of freedom. The ends are NaN for
   * fewer than two members.
   */
  estimate(): Estimate {
    const { value } = this
    const n = this.#members
    if (n < 2) return { value, low: Number.NaN, high: Number.NaN }
    const { weights, means, products } = this.#squares
    const residuals = Math.max(0, products - 2 * value * means + value * value * weights)
    const half = (tConfidence(n - 1) * Math.sqrt((n / (n - 1)) * residuals)) / this.#predictions
    return { value, low: value - half, high: value + half }
  }
}
