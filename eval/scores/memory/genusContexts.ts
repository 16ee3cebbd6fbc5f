import { reverseComplement } from '../../../data/index.js'
import type { ContextShape } from './contextShape.js'
import type { ExpertTrack } from './gate.js'
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

/** Each context is blended with that of the bases but the farthest two. */
const orderStep = 2

/** Windows are numbered so many at a time. */
const blockLength = 8192

/**
 * What follows each context in the genomes of each genus, both strands: log p(base | context, genus), blended with
 * shorter contexts (interpolation as in Jelinek & Mercer 1980, with the weight of Dirichlet priors:
 * p = (n(context, base) + a p_shorter) / (n(context) + a)).
 */
export class GenusContexts {
  /** For every context with its base, a byte for each genus, side by side so that one look finds all. */
  readonly #costs: Uint8Array
  readonly #genera: number
  readonly #keys = new Int32Array(blockLength)

  /** @throws RangeError unless the order is a whole number from 1 to `maxContextOrder`. */
  constructor(
    { genera, bases, stretches }: RememberedGenomes,
    readonly shape: ContextShape,
  ) {
    const { order } = shape
    if (!(Number.isInteger(order) && order >= 1 && order <= maxContextOrder))
      throw new RangeError(`contexts of ${order} bases: give a whole number from 1 to ${maxContextOrder}`)
    this.#genera = genera.length
    const costs = genera.map((_, genus) => {
      const counts = new Uint32Array(4 ** (order + 1))
      for (const stretch of stretches) {
        if (stretch.genus !== genus) continue
        const sequence = bases.subarray(stretch.start, stretch.end)
        for (const strand of [sequence, reverseComplement(sequence)])
          this.#forEachBlock(strand, (keys, length) => countKeys(keys, length, counts))
      }
      return costsOf(blend(counts, order))
    })
    this.#costs = interleave(costs)
  }

  /**
   * Adds the log-likelihood of a fragment in nats, of its bases whose context is known, times `weight` to the sum of each
   * genus in `sums`; returns how many bases that were.
   */
  addLogLikelihoods(fragment: Uint8Array, weight: number, sums: Float64Array): number {
    const totals = new Float64Array(this.#genera)
    let predicted = 0
    this.#forEachBlock(fragment, (keys, length) => {
      predicted += addCosts(keys, length, this.#costs, totals)
    })
    for (let genus = 0; genus < totals.length; genus++) sums[genus] -= weight * step * totals[genus]
    return predicted
  }

  /** What the contexts say of each base of a fragment for each genus. */
  track(fragment: Uint8Array): Required<ExpertTrack> {
    const genera = this.#genera
    const losses = new Float32Array(fragment.length * genera).fill(Number.NaN)
    const uncertainties = new Float32Array(losses.length)
    let place = 0
    this.#forEachBlock(fragment, (keys, length) => {
      for (let i = 0; i < length; i++, place += genera)
        if (keys[i] >= 0) predict(keys[i], this.#costs, genera, losses, uncertainties, place)
    })
    return { losses, uncertainties }
  }

  #forEachBlock(sequence: Uint8Array, visit: (keys: Int32Array, length: number) => void): void {
    for (let from = 0; from < sequence.length; from += blockLength) {
      const to = Math.min(sequence.length, from + blockLength)
      this.shape.fillKeys(sequence, from, to, this.#keys)
      visit(this.#keys, to - from)
    }
  }
}

function countKeys(keys: Int32Array, length: number, counts: Uint32Array): void {
  for (let i = 0; i < length; i++) if (keys[i] >= 0) counts[keys[i]]++
}

/** Adds the costs of windows for each genus; returns how many there were. */
function addCosts(keys: Int32Array, length: number, costs: Uint8Array, totals: Float64Array): number {
  const genera = totals.length
  let predicted = 0
  for (let i = 0; i < length; i++) {
    if (keys[i] < 0) continue
    predicted++
    const first = keys[i] * genera
    for (let genus = 0; genus < genera; genus++) totals[genus] += costs[first + genus]
  }
  return predicted
}

/** exp(-cost) of each number of steps. */
const probabilityOfCost = Float64Array.from({ length: 256 }, (_, cost) => Math.exp(-cost * step))

/** Writes a window's loss and the loss that was to be expected, for each genus, from `place` on. */
function predict(
  key: number,
  costs: Uint8Array,
  genera: number,
  losses: Float32Array,
  uncertainties: Float32Array,
  place: number,
): void {
  const window = key * genera
  const firstOfContext = (key & ~3) * genera
  for (let genus = 0; genus < genera; genus++) {
    let total = 0
    let expected = 0
    for (let base = 0; base < 4; base++) {
      const cost = costs[firstOfContext + base * genera + genus]
      total += probabilityOfCost[cost]
      expected += probabilityOfCost[cost] * cost
    }
    losses[place + genus] = costs[window + genus] * step + Math.log(total)
    uncertainties[place + genus] = (expected * step) / total
  }
}

/** p(base | context) of each window, from the counts of the windows. */
function blend(counts: Uint32Array, order: number): Float32Array {
  const shorter = order >= orderStep ? blend(marginal(counts), order - orderStep) : new Float32Array([0.25])
  const mask = shorter.length - 1
  const weight = priorWeight(order)
  const probabilities = new Float32Array(counts.length)
  for (let i = 0; i < counts.length; i += 4) {
    const total = counts[i] + counts[i + 1] + counts[i + 2] + counts[i + 3] + weight
    for (let window = i; window < i + 4; window++)
      probabilities[window] = (counts[window] + weight * shorter[window & mask]) / total
  }
  return probabilities
}

/** Counts of the windows that are `orderStep` bases shorter: of the same last bases. */
function marginal(counts: Uint32Array): Uint32Array {
  const shorter = new Uint32Array(counts.length / 4 ** orderStep)
  const mask = shorter.length - 1
  for (let i = 0; i < counts.length; i++) shorter[i & mask] += counts[i]
  return shorter
}

/** Bits of a float32 that are left out where its logarithm is looked up: what is left tells 0.2 % apart. */
const droppedBits = 15

/** -log of every positive float32 up to 1, in steps, by its bits but the lowest. */
const costOfBits = makeCostOfBits()

/** In one buffer: two for each entry would be half of what the command line takes to start. */
function makeCostOfBits(): Uint8Array {
  const bits = new Uint32Array(1)
  const float = new Float32Array(bits.buffer)
  return Uint8Array.from({ length: 1 << (31 - droppedBits) }, (_, highBits) => {
    bits[0] = (highBits << droppedBits) | (1 << (droppedBits - 1))
    return Math.min(255, Math.max(0, Math.round(-Math.log(float[0]) / step)))
  })
}

function costsOf(probabilities: Float32Array): Uint8Array {
  const bits = new Uint32Array(probabilities.buffer)
  const costs = new Uint8Array(bits.length)
  for (let i = 0; i < bits.length; i++) costs[i] = costOfBits[bits[i] >>> droppedBits]
  return costs
}

/** Arrays of equal length, element by element side by side. */
function interleave(arrays: readonly Uint8Array[]): Uint8Array {
  const count = arrays.length
  const all = new Uint8Array(count * arrays[0].length)
  // In blocks that stay in the cache, though each array is gone through alone.
  for (let from = 0; from < arrays[0].length; from += blockLength) {
    const to = Math.min(arrays[0].length, from + blockLength)
    for (let k = 0; k < count; k++) {
      const array = arrays[k]
      for (let i = from; i < to; i++) all[i * count + k] = array[i]
    }
  }
  return all
}
