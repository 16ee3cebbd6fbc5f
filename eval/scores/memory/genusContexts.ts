import { reverseComplement } from '../../../data/index.js'
import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import { blockLength, type ContextShape, forEachBlock } from './contextShape.js'
import type { TrackRoom } from './expertTrack.js'
import { Recent } from './recent.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { WindowCounts, windowsInBlock } from './windowCounts.js'

/** The highest order of the contexts: a table of 17 MB for each genus. */
export const maxContextOrder = 11

/** @throws RangeError unless an order of contexts is a whole number from 1 to `maxContextOrder`. */
export function checkContextOrder(order: number): void {
  if (!(Number.isInteger(order) && order >= 1 && order <= maxContextOrder))
    throw new RangeError(`contexts of ${order} bases: give a whole number from 1 to ${maxContextOrder}`)
}

/** Log-probabilities are kept in steps of this many nats, so that they fit a byte; the least is 255 of them. */
const step = 1 / 40

/**
 * How strongly the prediction of a shorter context weighs in that of a longer one, in bases seen: little where contexts
 * are few and often seen, more where they are many.
 */
const priorWeight = (order: number): number => (order < 7 ? 4 : 16)

/** Each context is blended with that of the bases but the farthest two. */
const orderStep = 2

/** What is predicted without a context. */
const uniform = new Float32Array([0.25])

/** What bases cost for each genus, in steps, and how many they are. */
type ContextCosts = { readonly costs: Float64Array; readonly predicted: number }

/** Adds to `sums` the log-likelihoods in nats, times a weight, that costs in steps are. */
export function addLogLikelihoods(costs: Float64Array, weight: number, sums: Float64Array): void {
  for (let genus = 0; genus < costs.length; genus++) sums[genus] -= weight * step * costs[genus]
}

/**
 * What follows each context in the genomes of each genus, both strands: log p(base | context, genus), blended with
 * shorter contexts (interpolation as in Jelinek & Mercer 1980, with the weight of Dirichlet priors:
 * p = (n(context, base) + a p_shorter) / (n(context) + a)).
 */
export class GenusContexts {
  /** For every context with its base, a byte for each genus, side by side so that one look finds all. */
  readonly #costs: Uint8Array
  readonly #recent = new Recent<ContextCosts>(1)

  /** Contexts that remember none of so many genera yet. @throws RangeError as `checkContextOrder`. */
  constructor(
    readonly genera: number,
    readonly shape: ContextShape,
  ) {
    checkContextOrder(shape.order)
    this.#costs = new Uint8Array(genera * this.windows)
  }

  /** How many windows there are: contexts with a base. */
  get windows(): number {
    return 4 ** (this.shape.order + 1)
  }

  /** Contexts that remember all genera. @throws RangeError as the constructor. */
  static of(genomes: RememberedGenomes, shape: ContextShape): GenusContexts {
    const contexts = new GenusContexts(genomes.genera.length, shape)
    const counts = new WindowCounts(contexts.windows)
    for (const genus of genomes.genera.keys()) {
      countWindows(genomes.sequencesOf(genus), [shape], [counts])
      contexts.remember(genus, counts)
    }
    return contexts
  }

  /** Learns what follows the contexts in the genomes of a genus, from the windows there. */
  remember(genus: number, counts: WindowCounts): void {
    const { order } = this.shape
    const shorter = shorterPredictions(counts.blocks(), order)
    const probabilities = new Float32Array(Math.min(windowsInBlock, counts.size))
    const bits = new Uint32Array(probabilities.buffer)
    let first = 0
    let place = genus
    for (const block of counts.blocks()) {
      blend(block, first, order, shorter, probabilities)
      for (let i = 0; i < bits.length; i++, place += this.genera)
        this.#costs[place] = costOfBits[bits[i] >>> droppedBits]
      first += block.length
    }
  }

  /**
   * Adds to `costs`, for each genus, -log p of the bases of a fragment from `start` to before `end` whose context is known,
   * in steps: whole numbers. Returns how many bases that were.
   */
  addCosts(fragment: Uint8Array, costs: Float64Array, start = 0, end = fragment.length): number {
    // What precedes the first base is part of its context, and too short to have a base with a context in it.
    const bases = fragment.subarray(Math.max(0, start - this.shape.span), end)
    const recent = this.#recent.of(bases, () => this.#costsOf(bases))
    for (let genus = 0; genus < costs.length; genus++) costs[genus] += recent.costs[genus]
    return recent.predicted
  }

  #costsOf(bases: Uint8Array): ContextCosts {
    const costs = new Float64Array(this.genera)
    let predicted = 0
    forEachBlock(bases, [this.shape], (windows, length) => {
      predicted += addCosts(windows, length, this.#costs, costs)
    })
    return { costs, predicted }
  }

  /** log p of the base of a window (`forEachBlock`) after its context, in nats. */
  logLikelihood(window: number, genus: number): number {
    return -step * this.#costs[window * this.genera + genus]
  }

  /** Adds to `values` what each base adds to the log-likelihood under one genus more than under another, times `weight`. */
  addTrack(fragment: Uint8Array, [genus, other]: GenusPair, weight: number, values: BaseValues): void {
    const costs = this.#costs
    let place = 0
    forEachBlock(fragment, [this.shape], (windows, length) => {
      for (let i = 0; i < length; i++, place++) {
        if (windows[i] < 0) continue
        const window = windows[i] * this.genera
        values.add(place, weight * step * (costs[window + other] - costs[window + genus]))
      }
    })
  }

  /** Writes what the contexts say of the bases of a fragment from `start` to before `end` for each genus into `room`. */
  writeTrack(fragment: Uint8Array, start: number, end: number, { losses, uncertainties }: TrackRoom): void {
    const genera = this.genera
    losses.fill(Number.NaN, 0, (end - start) * genera)
    // What precedes the first base is part of its context, and too short to have a base with a context in it.
    const first = Math.max(0, start - this.shape.span)
    let place = (first - start) * genera
    forEachBlock(fragment.subarray(first, end), [this.shape], (windows, length) => {
      for (let i = 0; i < length; i++, place += genera)
        if (windows[i] >= 0) predict(windows[i], this.#costs, genera, losses, uncertainties, place)
    })
  }
}

/** Counts how often each window of some shapes occurs in sequences, both strands; the counts begin anew. */
export function countWindows(
  sequences: Iterable<Uint8Array>,
  shapes: readonly ContextShape[],
  counts: readonly WindowCounts[],
): void {
  for (const ofShape of counts) ofShape.clear()
  for (const sequence of sequences)
    for (const strand of [sequence, reverseComplement(sequence)])
      forEachBlock(strand, shapes, (windows, length, shape) => counts[shape].add(windows, length))
}

/** Where the costs of known windows of a block begin, and the first of them. */
const firstPlaces = new Int32Array(blockLength)
const firstCosts = new Uint8Array(blockLength)

/** Adds the costs of a block's windows for each genus; returns how many there were. */
function addCosts(windows: Int32Array, length: number, costs: Uint8Array, totals: Float64Array): number {
  const genera = totals.length
  let predicted = 0
  // The table is larger than any cache: it is looked at for all windows in a row, so that none waits for another.
  for (let i = 0; i < length; i++) {
    if (windows[i] < 0) continue
    const first = windows[i] * genera
    firstPlaces[predicted] = first
    firstCosts[predicted++] = costs[first]
  }
  const sums = new Int32Array(genera)
  for (let i = 0; i < predicted; i++) {
    sums[0] += firstCosts[i]
    const first = firstPlaces[i]
    for (let genus = 1; genus < genera; genus++) sums[genus] += costs[first + genus]
  }
  for (let genus = 0; genus < genera; genus++) totals[genus] += sums[genus]
  return predicted
}

/** exp(-cost) of each number of steps. */
const probabilityOfCost = Float64Array.from({ length: 256 }, (_, cost) => Math.exp(-cost * step))

/** Writes a window's loss and the loss that was to be expected, for each genus, from `place` on. */
function predict(
  window: number,
  costs: Uint8Array,
  genera: number,
  losses: Float32Array,
  uncertainties: Float32Array,
  place: number,
): void {
  const ofBase = window * genera
  const firstOfContext = (window & ~3) * genera
  for (let genus = 0; genus < genera; genus++) {
    let total = 0
    let expected = 0
    for (let base = 0; base < 4; base++) {
      const cost = costs[firstOfContext + base * genera + genus]
      total += probabilityOfCost[cost]
      expected += probabilityOfCost[cost] * cost
    }
    losses[place + genus] = costs[ofBase + genus] * step + Math.log(total)
    uncertainties[place + genus] = (expected * step) / total
  }
}

/**
 * p(base | context) of contexts that are `orderStep` bases shorter than those of an order, from the counts of the longer
 * ones, which come block by block.
 */
function shorterPredictions(blocks: Iterable<Uint32Array>, order: number): Float32Array {
  if (order < orderStep) return uniform
  const counts = new Uint32Array(4 ** (order - orderStep + 1))
  const mask = counts.length - 1
  let first = 0
  for (const block of blocks) {
    // Windows of the same last bases.
    for (let i = 0; i < block.length; i++) counts[(first + i) & mask] += block[i]
    first += block.length
  }
  const probabilities = new Float32Array(counts.length)
  blend(counts, 0, order - orderStep, shorterPredictions([counts], order - orderStep), probabilities)
  return probabilities
}

/** Writes p(base | context) of windows from the number `first` on, from their counts and what shorter contexts predict. */
function blend(
  counts: Uint32Array,
  first: number,
  order: number,
  shorter: Float32Array,
  probabilities: Float32Array,
): void {
  const mask = shorter.length - 1
  const weight = priorWeight(order)
  for (let i = 0; i < counts.length; i += 4) {
    const total = counts[i] + counts[i + 1] + counts[i + 2] + counts[i + 3] + weight
    for (let window = i; window < i + 4; window++)
      probabilities[window] = (counts[window] + weight * shorter[(first + window) & mask]) / total
  }
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
