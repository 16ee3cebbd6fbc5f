import { unknown } from '../../data/index.js'
import type { FragmentLikelihood } from './score.js'

/** The highest order of a fragment's own chain. */
export const maxOwnOrder = 8

/**
 * The log-likelihood of a fragment under a Markov chain of its own: of a given order, with the frequencies of the fragment
 * itself, p(base | context) = (n(context, base) + a) / (n(context) + 4 a). Without a pseudocount a it is the chain that
 * fits best (maximum likelihood). It predicts the bases that follow `order` known ones.
 */
export class OwnChain {
  readonly #counts: Int32Array

  /** @throws RangeError unless the order is a whole number from 0 to `maxOwnOrder`. */
  constructor(
    readonly order: number,
    readonly pseudocount = 0,
  ) {
    if (!(Number.isInteger(order) && order >= 0 && order <= maxOwnOrder))
      throw new RangeError(`own chain of order ${order}: give a whole number from 0 to ${maxOwnOrder}`)
    this.#counts = new Int32Array(4 ** (order + 1))
  }

  logLikelihood(bases: Uint8Array): FragmentLikelihood {
    const { order, pseudocount } = this
    const counts = this.#counts
    counts.fill(0)
    const mask = counts.length - 1
    let index = 0 // of the context and the base after it
    let known = 0
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i]
      if (base >= unknown) {
        known = 0
        continue
      }
      index = ((index << 2) | base) & mask
      if (++known > order) counts[index]++
    }
    let sum = 0
    let count = 0
    for (let context = 0; context < counts.length; context += 4) {
      let total = 0
      for (let next = context; next < context + 4; next++) {
        const n = counts[next]
        if (n > 0) sum += n * Math.log(n + pseudocount)
        total += n
      }
      if (total > 0) sum -= total * Math.log(total + 4 * pseudocount)
      count += total
    }
    return { sum, count }
  }
}

/**
 * The own chain of that order up to `maxOrder` which has the least Bayesian information criterion: free parameters times
 * the logarithm of the predicted bases, minus twice the log-likelihood (Katz 1981, Technometrics 23, 243-249), here for
 * each predicted base, as a higher order predicts fewer.
 */
export class OwnChainByCriterion {
  readonly #chains: readonly OwnChain[]

  constructor(maxOrder = 5, pseudocount = 0) {
    this.#chains = Array.from({ length: maxOrder + 1 }, (_, order) => new OwnChain(order, pseudocount))
  }

  logLikelihood(bases: Uint8Array): FragmentLikelihood {
    let best: FragmentLikelihood = { sum: 0, count: 0 }
    let least = Number.POSITIVE_INFINITY
    for (const chain of this.#chains) {
      const likelihood = chain.logLikelihood(bases)
      const { sum, count } = likelihood
      if (count === 0) break
      const criterion = (3 * 4 ** chain.order * Math.log(count) - 2 * sum) / count
      if (criterion < least) {
        least = criterion
        best = likelihood
      }
    }
    return best
  }
}
