import type { Estimate } from './interval.js'
import { leadersOf } from './scores/index.js'
import { tConfidence } from './student.js'

/**
 * The lead of the likeliest genus over the second by what each genus has to say for all members of a group together, in
 * nats. Members that agree on a genus add up to a lead that grows with them; where each has another one, none leads. Members
 * are let go of as they come.
 */
export class PooledLead {
  #members = 0
  #predictions = 0
  /** What each genus has to say, summed over the members. */
  #sums = new Float64Array()
  /** Sums over the members: of their squared predictions, of predictions times evidence, and, [genera, genera], of products of evidence. */
  #squaredPredictions = 0
  #weighted = new Float64Array()
  #products = new Float64Array()

  /** `hasInterval`: whether its interval will be asked for, for which the square of the number of genera is kept. */
  constructor(readonly hasInterval: boolean) {}

  /** Takes what each genus has to say for a member, of which so many bases are predicted, one or more. */
  add(evidence: Float64Array, predictions: number): void {
    const genera = evidence.length
    if (this.#members === 0) {
      this.#sums = new Float64Array(genera)
      this.#weighted = new Float64Array(this.hasInterval ? genera : 0)
      this.#products = new Float64Array(this.#weighted.length * genera)
    }
    this.#members++
    this.#predictions += predictions
    for (let genus = 0; genus < genera; genus++) this.#sums[genus] += evidence[genus]
    if (!this.hasInterval) return
    this.#squaredPredictions += predictions * predictions
    // Only differences between genera have a meaning: without what they share, squares are small, and exact.
    const shared = evidence.reduce((sum, ofGenus) => sum + ofGenus, 0) / genera
    for (let one = 0; one < genera; one++) {
      const ofOne = evidence[one] - shared
      this.#weighted[one] += predictions * ofOne
      for (let other = 0; other < genera; other++)
        this.#products[one * genera + other] += ofOne * (evidence[other] - shared)
    }
  }

  /** What each genus has to say, summed over the members; undefined without members. */
  get evidence(): Float64Array | undefined {
    return this.#members > 0 ? this.#sums : undefined
  }

  /** NaN without members, and for a single genus. */
  get value(): number {
    const leaders = leadersOf(this.#sums)
    return leaders ? this.#lead(...leaders) : Number.NaN
  }

  /**
   * The lead and its 95 % interval, over members as independent draws from the group, of which as many bases are predicted:
   * the lead over a genus is the sum of what each member adds to it, its variance that of a ratio to the predictions
   * (Cochran 1977, Sampling Techniques, equation 6.13), times their number squared; Student's t with n - 1 degrees of
   * freedom. The lower end is that of the lead over the genus where it is lowest, which need not be the second: above zero,
   * the likeliest genus leads each of the others. The ends are NaN for fewer than two members.
   */
  estimate(): Estimate {
    const leaders = leadersOf(this.#sums)
    if (!leaders || this.#members < 2 || !this.hasInterval)
      return { value: this.value, low: Number.NaN, high: Number.NaN }
    const [best, second] = leaders
    const value = this.#lead(best, second)
    let low = value
    for (const other of this.#sums.keys())
      if (other !== best) low = Math.min(low, this.#lead(best, other) - this.#reach(best, other))
    return { value, low, high: value + this.#reach(best, second) }
  }

  #lead(genus: number, other: number): number {
    return this.#sums[genus] - this.#sums[other]
  }

  /** How far the interval of a lead reaches to either side. */
  #reach(genus: number, other: number): number {
    const n = this.#members
    const genera = this.#sums.length
    const perBase = this.#lead(genus, other) / this.#predictions
    const product = (one: number, two: number): number => this.#products[one * genera + two]
    const residuals =
      product(genus, genus) -
      2 * product(genus, other) +
      product(other, other) -
      2 * perBase * (this.#weighted[genus] - this.#weighted[other]) +
      perBase * perBase * this.#squaredPredictions
    return tConfidence(n - 1) * Math.sqrt((n / (n - 1)) * Math.max(0, residuals))
  }
}
