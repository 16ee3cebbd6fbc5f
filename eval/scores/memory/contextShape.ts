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

  /** `skip`: bases of the context are not at a distance of `skip`, `skip` + 3, … from the next base; 0: all are looked at. */
  constructor(
    readonly order: number,
    readonly skip: 0 | 1 | 2 | 3,
  ) {
    let span = 0
    for (let bases = 0; bases < order; bases++)
      do span++
      while (skip > 0 && span % 3 === skip % 3)
    this.span = span
  }
}

/** Bases are gone through so many at a time. */
export const blockLength = 2048

/**
 * Gives, block by block, for each shape and each base of a sequence the number of its window: the context, the nearest
 * base in its lowest two bits, times four, and the base; -1 where a base on the way is unknown or missing. The array is
 * reused.
 */
export function forEachBlock(
  sequence: Uint8Array,
  shapes: readonly ContextShape[],
  visit: (windows: Int32Array, length: number, shape: number) => void,
): void {
  before.clear()
  for (let from = 0; from < sequence.length; from += blockLength) {
    const block = sequence.length > blockLength ? sequence.subarray(from, from + blockLength) : sequence
    before.advance(block)
    for (let shape = 0; shape < shapes.length; shape++) {
      before.numberWindows(block, shapes[shape], windows)
      visit(windows, block.length, shape)
    }
  }
}

/** What stands before each base of a block of a sequence, for contexts of all shapes at once. */
class BasesBefore {
  /** How many known bases there are in a row before each base. */
  readonly #known = new Int32Array(blockLength)
  /** By `skip`: the bases before each base that such shapes look at, the nearest in the lowest bits. */
  readonly #contexts = Array.from({ length: 4 }, () => new Int32Array(blockLength))
  #run = 0
  #last = 0
  #contiguous = 0
  /** Pairs of bases, each three after the one in the bits above it, whose last one ends 1, 2 and 3 bases before. */
  #pairs: readonly [number, number, number] = [0, 0, 0]

  /** Begins with another sequence. */
  clear(): void {
    this.#run = 0
  }

  /** Goes on with the next block. */
  advance(block: Uint8Array): void {
    const known = this.#known
    const [everyBase, skipping1, skipping2, skipping3] = this.#contexts
    let run = this.#run
    let last = this.#last
    let contiguous = this.#contiguous
    let [pairs1, pairs2, pairs3] = this.#pairs
    for (let i = 0; i < block.length; i++) {
      known[i] = run
      everyBase[i] = contiguous
      skipping1[i] = pairs2
      skipping2[i] = (pairs3 << 2) | last
      skipping3[i] = pairs1
      const base = block[i]
      run = base < unknown ? run + 1 : 0
      const pairs = (pairs3 << 4) | (last << 2) | (base & 3)
      pairs3 = pairs2
      pairs2 = pairs1
      pairs1 = pairs
      last = base & 3
      contiguous = (contiguous << 2) | last
    }
    this.#run = run
    this.#last = last
    this.#contiguous = contiguous
    this.#pairs = [pairs1, pairs2, pairs3]
  }

  /** Writes the windows of a shape, as `forEachBlock` has them. */
  numberWindows(block: Uint8Array, { order, skip, span }: ContextShape, windows: Int32Array): void {
    const known = this.#known
    const contexts = this.#contexts[skip]
    const mask = 4 ** order - 1
    for (let i = 0; i < block.length; i++)
      windows[i] = known[i] >= span && block[i] < unknown ? ((contexts[i] & mask) << 2) | block[i] : -1
  }
}

/** Taken by one sequence after another, as making room would take longer than going through a short one. */
const before = new BasesBefore()
const windows = new Int32Array(blockLength)
