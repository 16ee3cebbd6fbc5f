import { unknown } from '../../../data/index.js'

/**
 * Which bases before the next one are its context: the last ones, or those of them that are not every third. A codon's
 * third base changes most and tells least, so two genomes of a genus often agree in all but every third base; a context
 * that leaves those out is found again where a contiguous one is not (spaced seeds for codons: Brejová, Brown & Vinař
 * 2003). Which third that is depends on where in its codon the next base stands, hence three shapes.
 */
export class ContextShape {
  /** How far before the next base the farthest one of the context is. */
  readonly span: number
  readonly #mask: number

  /** `skip`: bases of the context are not at a distance of `skip`, `skip` + 3, … from the next base; 0: all are looked at. */
  constructor(
    readonly order: number,
    readonly skip: 0 | 1 | 2 | 3,
  ) {
    this.#mask = 4 ** order - 1
    let span = 0
    for (let bases = 0; bases < order; bases++)
      do span++
      while (skip > 0 && span % 3 === skip % 3)
    this.span = span
  }

  /**
   * Writes into `keys`, for each base from `from` to `to`, the number of its window: the context, the nearest base in its
   * lowest two bits, times four, and the base; -1 where a base on the way is unknown or missing.
   */
  fillKeys(bases: Uint8Array, from: number, to: number, keys: Int32Array): void {
    const { skip, span } = this
    const mask = this.#mask
    let last = 0 // the base before
    let contiguous = 0
    // Pairs of bases, each three after the one in the bits above it, whose last one ends 1, 2 and 3 bases before.
    let pairs1 = 0
    let pairs2 = 0
    let pairs3 = 0
    let known = 0
    for (let i = Math.max(0, from - span); i < to; i++) {
      const base = bases[i]
      const context =
        skip === 0 ? contiguous : skip === 3 ? pairs1 : skip === 2 ? (pairs3 << 2) | last : pairs2
      if (i >= from) keys[i - from] = known >= span && base < unknown ? ((context & mask) << 2) | base : -1
      known = base < unknown ? known + 1 : 0
      const pairs = (pairs3 << 4) | (last << 2) | (base & 3)
      pairs3 = pairs2
      pairs2 = pairs1
      pairs1 = pairs
      last = base & 3
      contiguous = (contiguous << 2) | last
    }
  }
}
