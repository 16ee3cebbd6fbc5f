import { reverseComplement, unknown } from '../../../data/index.js'
import type { RememberedGenomes } from './rememberedGenomes.js'

/** The highest order of the contexts: a table of 17 MB for each genus. */
export const maxContextOrder = 11

/** Log-probabilities are kept in steps of this many nats, so that they fit a byte; the least is 255 of them. */
const step = 1 / 40

/**
 * How strongly the prediction of a shorter context weighs in that of a longer one, in bases seen: little where contexts
 * are few and often seen, more where they are many.
 */
const priorWeight = (order: number): number => (order < 7 ? 4 : 16)

/** Each context is blended with that which is so many bases shorter. */
const orderStep = 2

/**
 * What follows each context of `order` bases in the genomes of each genus, both strands: log p(base | context, genus),
 * blended with shorter contexts (interpolation as in Jelinek & Mercer 1980, with the weight of Dirichlet priors:
 * p = (n(context, base) + a p_shorter) / (n(context) + a)).
 */
export class GenusContexts {
  /** For every context with its base, a byte for each genus, side by side so that one look finds all. */
  readonly #costs: Uint8Array
  readonly #genera: number

  /** @throws RangeError unless the order is a whole number from 1 to `maxContextOrder`. */
  constructor(
    { genera, bases, stretches }: RememberedGenomes,
    readonly order: number,
  ) {
    if (!(Number.isInteger(order) && order >= 1 && order <= maxContextOrder))
      throw new RangeError(`contexts of ${order} bases: give a whole number from 1 to ${maxContextOrder}`)
    this.#genera = genera.length
    this.#costs = new Uint8Array(4 ** (order + 1) * genera.length)
    for (let genus = 0; genus < genera.length; genus++) {
      const counts = new Uint32Array(4 ** (order + 1))
      for (const stretch of stretches) {
        if (stretch.genus !== genus) continue
        const sequence = bases.subarray(stretch.start, stretch.end)
        count(sequence, order, counts)
        count(reverseComplement(sequence), order, counts)
      }
      const probabilities = blend(counts, order)
      for (let i = 0; i < probabilities.length; i++)
        this.#costs[i * genera.length + genus] = Math.min(255, Math.round(-Math.log(probabilities[i]) / step))
    }
  }

  /**
   * Adds the log-likelihood of a fragment in nats, of its bases that have `order` known ones before them, to the sum of
   * each genus in `sums`; returns how many bases that were.
   */
  addLogLikelihoods(fragment: Uint8Array, sums: Float64Array): number {
    const { order } = this
    const costs = this.#costs
    const genera = this.#genera
    const totals = new Uint32Array(genera) // exact, and so many steps do not come together below 16 million bases
    const mask = 4 ** (order + 1) - 1
    let key = 0
    let known = 0
    let predicted = 0
    for (let i = 0; i < fragment.length; i++) {
      const base = fragment[i]
      if (base >= unknown) {
        known = 0
        continue
      }
      key = ((key << 2) | base) & mask
      if (++known <= order) continue
      predicted++
      const first = key * genera
      for (let genus = 0; genus < genera; genus++) totals[genus] += costs[first + genus]
    }
    for (let genus = 0; genus < genera; genus++) sums[genus] -= totals[genus] * step
    return predicted
  }
}

/** Counts the windows of order + 1 known bases of a sequence. */
function count(sequence: Uint8Array, order: number, counts: Uint32Array): void {
  const mask = counts.length - 1
  let key = 0
  let known = 0
  for (let i = 0; i < sequence.length; i++) {
    const base = sequence[i]
    if (base >= unknown) {
      known = 0
      continue
    }
    key = ((key << 2) | base) & mask
    if (++known > order) counts[key]++
  }
}

/** p(base | context) of each window, from the counts of the windows. */
function blend(counts: Uint32Array, order: number): Float32Array {
  const shorter = order >= orderStep ? blend(marginal(counts), order - orderStep) : undefined
  const mask = (shorter?.length ?? 1) - 1
  const weight = priorWeight(order)
  const probabilities = new Float32Array(counts.length)
  for (let i = 0; i < counts.length; i += 4) {
    const total = counts[i] + counts[i + 1] + counts[i + 2] + counts[i + 3] + weight
    for (let window = i; window < i + 4; window++)
      probabilities[window] = (counts[window] + weight * (shorter ? shorter[window & mask] : 0.25)) / total
  }
  return probabilities
}

/** Counts of the windows that are `orderStep` bases shorter: of the same last bases. */
function marginal(counts: Uint32Array): Uint32Array {
  const shorter = new Uint32Array(counts.length / 4 ** orderStep)
  for (let i = 0; i < counts.length; i++) shorter[i & (shorter.length - 1)] += counts[i]
  return shorter
}
