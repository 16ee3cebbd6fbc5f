import { reverseComplement, unknown } from '../../data/index.js'
import type { FragmentLikelihood, LikelihoodModel } from './score.js'

/** The highest order of a chain: its tables of counts and of logarithms take 360 MB each. */
export const maxMarkovOrder = 12

/** Where the table of each order begins: order j has 4^j contexts of four bases, lower orders first. */
const tableOffset = (order: number): number => (4 ** (order + 1) - 4) / 3

/** How many numbers the tables of the orders 0 to `order` have together. */
const tableSize = (order: number): number => tableOffset(order + 1)

/**
 * Counts of the bases that follow each context, taken in one pass over sequences, for a Markov chain.
 *
 * A base counts if the base before it is known, too, in the longest context that it has: the `order` bases before it, or
 * fewer after the beginning of a sequence and after an unknown base. So a chain of any order predicts the same bases as
 * a network does (`countPredictions`).
 */
export class MarkovCounts {
  /** For each order, context (the base before in its lowest two bits) and base: how often. */
  readonly #counts: Uint32Array

  /** @throws RangeError unless the order is a whole number from 0 to `maxMarkovOrder`. */
  constructor(readonly order: number) {
    if (!(Number.isInteger(order) && order >= 0 && order <= maxMarkovOrder))
      throw new RangeError(`Markov chain of order ${order}: give a whole number from 0 to ${maxMarkovOrder}`)
    this.#counts = new Uint32Array(tableSize(order))
  }

  /** Counts a sequence (bases 0 to 3, 4 for unknown), and its reverse complement if `bothStrands`. */
  add(bases: Uint8Array, bothStrands: boolean): void {
    this.#addStrand(bases)
    if (bothStrands) this.#addStrand(reverseComplement(bases))
  }

  #addStrand(bases: Uint8Array): void {
    const { order } = this
    const counts = this.#counts
    const mask = 4 ** order - 1
    let context = 0
    let known = 0 // bases in the context, or -1: no base before
    let table = 0
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i]
      if (base >= unknown) {
        context = known = table = 0
        continue
      }
      if (known > 0) counts[table + 4 * context + base]++
      context = ((context << 2) | base) & mask
      known++
      if (known <= order) table = tableOffset(known)
    }
  }

  /**
   * The chain with p(base | context) = (n(context, base) + a) / (n(context) + 4 a), a being the `pseudocount`.
   * @throws RangeError unless the pseudocount is positive.
   */
  chain(pseudocount: number): MarkovChain {
    if (!(pseudocount > 0)) throw new RangeError(`pseudocount ${pseudocount}: give a positive number`)
    const counts = this.#counts.slice()
    // What follows the last j - 1 bases is what follows any j bases that end in them, and what follows a beginning.
    for (let order = this.order; order > 0; order--) {
      const [shorter, longer] = [tableOffset(order - 1), tableOffset(order)]
      const size = 4 ** order
      for (let i = 0; i < size; i++)
        counts[shorter + i] +=
          counts[longer + i] +
          counts[longer + size + i] +
          counts[longer + 2 * size + i] +
          counts[longer + 3 * size + i]
    }
    const logProbabilities = new Float32Array(counts.length)
    for (let i = 0; i < counts.length; i += 4) {
      const total = counts[i] + counts[i + 1] + counts[i + 2] + counts[i + 3] + 4 * pseudocount
      for (let base = i; base < i + 4; base++)
        logProbabilities[base] = Math.log((counts[base] + pseudocount) / total)
    }
    return new MarkovChain(this.order, logProbabilities)
  }
}

/** A Markov chain over bases. */
export class MarkovChain implements LikelihoodModel {
  /**
   * `logProbabilities`: natural logarithms of p(base | context) for each order from 0 to `order`, context and base, as
   * `MarkovCounts` has its counts.
   * @throws RangeError when there are not as many of them as the order asks for.
   */
  constructor(
    readonly order: number,
    readonly logProbabilities: Float32Array,
  ) {
    if (logProbabilities.length !== tableSize(order))
      throw new RangeError(
        `Markov chain of order ${order}: got ${logProbabilities.length} log-probabilities, wanted ${tableSize(order)}`,
      )
  }

  /** The log-likelihood of a fragment: of its bases after the first, unknown ones and the base after each left out. */
  logLikelihood(bases: Uint8Array): FragmentLikelihood {
    const { order, logProbabilities } = this
    const mask = 4 ** order - 1
    let context = 0
    let known = 0
    let table = 0
    let sum = 0
    let count = 0
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i]
      if (base >= unknown) {
        context = known = table = 0
        continue
      }
      if (known > 0) {
        sum += logProbabilities[table + 4 * context + base]
        count++
      }
      context = ((context << 2) | base) & mask
      known++
      if (known <= order) table = tableOffset(known)
    }
    return { sum, count }
  }

  async logLikelihoods(fragments: readonly Uint8Array[]): Promise<FragmentLikelihood[]> {
    return fragments.map(fragment => this.logLikelihood(fragment))
  }
}
