import { unknown } from '../../../data/index.js'

/** Bases at two bits each, four a byte, the first in the lowest bits; unknown ones are 0 there, and told apart by their runs. */
export class PackedBases {
  /** @throws RangeError when there are fewer bases than `length`, or runs that are out of order or beyond them. */
  constructor(
    readonly packed: Uint8Array,
    /** First and length of each run of unknown bases, in their order. */
    readonly unknownRuns: Uint32Array,
    readonly length: number,
  ) {
    if (packed.length !== Math.ceil(length / 4) || unknownRuns.length % 2 !== 0)
      throw new RangeError(`${packed.length} bytes of packed bases are not the ${length} that were announced`)
    let end = 0
    for (let i = 0; i < unknownRuns.length; i += 2) {
      if (unknownRuns[i] < end)
        throw new RangeError(`a run of unknown bases begins at ${unknownRuns[i]}, before the last one ends`)
      end = unknownRuns[i] + unknownRuns[i + 1]
    }
    if (end > length)
      throw new RangeError(`a run of unknown bases ends at ${end}, beyond the ${length} bases`)
  }

  /** Packs pieces of bases (0 to 3, 4 for unknown), end to end. */
  static of(pieces: readonly Uint8Array[]): PackedBases {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const packed = new Uint8Array(Math.ceil(length / 4))
    const runs: number[] = []
    let inRun = false
    let place = 0
    for (const bases of pieces)
      for (let i = 0; i < bases.length; i++, place++) {
        const base = bases[i]
        if (base < unknown) packed[place >>> 2] |= base << (2 * (place & 3))
        else if (inRun) runs[runs.length - 1]++
        else runs.push(place, 1)
        inRun = base >= unknown
      }
    return new PackedBases(packed, Uint32Array.from(runs), length)
  }

  /** The bases from `start` to before `end`, a byte each. */
  slice(start: number, end: number): Uint8Array {
    const { packed, unknownRuns } = this
    const bases = new Uint8Array(end - start)
    for (let i = 0, place = start; place < end; i++, place++)
      bases[i] = (packed[place >>> 2] >> (2 * (place & 3))) & 3
    for (let run = this.#runAfter(start); run < unknownRuns.length && unknownRuns[run] < end; run += 2)
      bases.fill(
        unknown,
        Math.max(0, unknownRuns[run] - start),
        unknownRuns[run] + unknownRuns[run + 1] - start,
      )
    return bases
  }

  /** Whether these are the same bases. */
  equals({ packed, unknownRuns, length }: PackedBases): boolean {
    return (
      length === this.length &&
      unknownRuns.length === this.unknownRuns.length &&
      unknownRuns.every((number, i) => number === this.unknownRuns[i]) &&
      packed.every((byte, i) => byte === this.packed[i])
    )
  }

  /** Where the known bases around a known one begin, and where they end. */
  knownAround(place: number): { readonly start: number; readonly end: number } {
    const { unknownRuns, length } = this
    const run = this.#runAfter(place)
    return {
      start: run === 0 ? 0 : unknownRuns[run - 2] + unknownRuns[run - 1],
      end: run === unknownRuns.length ? length : unknownRuns[run],
    }
  }

  /** Index of the first run that ends after a place. */
  #runAfter(place: number): number {
    const { unknownRuns } = this
    let low = 0
    let high = unknownRuns.length / 2
    while (low < high) {
      const middle = (low + high) >> 1
      if (unknownRuns[2 * middle] + unknownRuns[2 * middle + 1] <= place) low = middle + 1
      else high = middle
    }
    return 2 * low
  }
}
