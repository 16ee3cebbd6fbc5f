import type { Estimate } from './interval.js'
import type { Contrast, SummedEvidence } from './scores/index.js'
import { tConfidence } from './student.js'

/**
 * A score that is a difference of numbers (in nats), summed over all members of a group: such as the lead of the likeliest
 * genus over the second by what each has to say for the members together. Members that agree on a genus add up to a lead
 * that grows with them; where each has another one, none leads. Members are let go of as they come.
 */
export class PooledSums {
  #members = 0
  #predictions = 0
  #sums = new Float64Array()
  /** Sums over the members, for the interval: of their squared predictions, of predictions times numbers, and, [numbers, numbers], of products of numbers. */
  #squaredPredictions = 0
  #weighted = new Float64Array()
  #products = new Float64Array()

  /** `hasInterval`: whether its interval will be asked for, for which the square of the count of numbers is kept. */
  constructor(
    readonly contrasts: SummedEvidence['contrasts'],
    readonly hasInterval: boolean,
  ) {}

  /** Takes the numbers of a member, of which so many bases are predicted, one or more. */
  add(numbers: Float64Array, predictions: number): void {
    const count = numbers.length
    if (this.#members === 0) {
      this.#sums = new Float64Array(count)
      this.#weighted = new Float64Array(this.hasInterval ? count : 0)
      this.#products = new Float64Array(this.#weighted.length * count)
    }
    this.#members++
    this.#predictions += predictions
    for (let i = 0; i < count; i++) this.#sums[i] += numbers[i]
    if (!this.hasInterval) return
    this.#squaredPredictions += predictions * predictions
    for (let i = 0; i < count; i++) {
      this.#weighted[i] += predictions * numbers[i]
      for (let k = 0; k < count; k++) this.#products[i * count + k] += numbers[i] * numbers[k]
    }
  }

  /** The numbers, summed over the members; undefined without members. */
  get sums(): Float64Array | undefined {
    return this.#members > 0 ? this.#sums : undefined
  }

  /** NaN without members, and where the score is not defined. */
  get value(): number {
    const [first] = this.contrasts(this.#sums)
    return first ? difference(this.#sums, first) : Number.NaN
  }

  /**
   * The score and its 95 % interval, over members as independent draws from the group, of which as many bases are predicted:
   * a difference is the sum of what each member adds to it, its variance that of a ratio to the predictions (Cochran 1977,
   * Sampling Techniques, equation 6.13), times their number squared; Student's t with n - 1 degrees of freedom. The lower
   * end is the least of all contrasts', so that above zero the likeliest genus leads each of the others, not only the second.
   * The ends are NaN for fewer than two members.
   */
  estimate(): Estimate {
    const contrasts = this.contrasts(this.#sums)
    const { value } = this
    if (contrasts.length === 0 || this.#members < 2 || !this.hasInterval)
      return { value, low: Number.NaN, high: Number.NaN }
    const lows = contrasts.map(contrast => difference(this.#sums, contrast) - this.#reach(contrast))
    return { value, low: Math.min(...lows), high: value + this.#reach(contrasts[0]) }
  }

  /** How far the interval of a difference reaches to either side. */
  #reach(contrast: Contrast): number {
    const n = this.#members
    const perBase = difference(this.#sums, contrast) / this.#predictions
    const residuals =
      this.#squares(contrast) -
      2 * perBase * difference(this.#weighted, contrast) +
      perBase * perBase * this.#squaredPredictions
    return tConfidence(n - 1) * Math.sqrt((n / (n - 1)) * Math.max(0, residuals))
  }

  /** The sum over the members of what each adds to a difference, squared. */
  #squares({ plus, minus }: Contrast): number {
    const count = this.#sums.length
    const product = (some: readonly number[], others: readonly number[]): number =>
      some.reduce((sum, i) => others.reduce((row, k) => row + this.#products[i * count + k], sum), 0)
    return product(plus, plus) - 2 * product(plus, minus) + product(minus, minus)
  }
}

const difference = (numbers: Float64Array, { plus, minus }: Contrast): number =>
  plus.reduce((sum, i) => sum + numbers[i], 0) - minus.reduce((sum, i) => sum + numbers[i], 0)
