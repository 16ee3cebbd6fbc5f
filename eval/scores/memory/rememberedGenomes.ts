import { type GenusSequence, unknown } from '../../../data/index.js'

/** Sequences of one genus, laid end to end in the memory from `start` on. */
export type GenusStretch = { readonly genus: number; readonly start: number; readonly end: number }

/** Genomes kept whole: their bases, one sequence after another with an unknown base between, a byte each. */
export class RememberedGenomes {
  constructor(
    readonly genera: readonly string[],
    readonly bases: Uint8Array,
    /** In the order in which they lie there. */
    readonly stretches: readonly GenusStretch[],
  ) {}

  /** Lays sequences end to end. @throws RangeError when there is none. */
  static of(sequences: readonly GenusSequence[]): RememberedGenomes {
    if (sequences.length === 0) throw new RangeError('no genomes to remember')
    const genera = [...new Set(sequences.map(({ genus }) => genus))]
    const numbers = new Map(genera.map((genus, i) => [genus, i]))
    const bases = new Uint8Array(sequences.reduce((sum, { bases }) => sum + bases.length + 1, 0)).fill(
      unknown,
    )
    const stretches: GenusStretch[] = []
    let start = 0
    for (const sequence of sequences) {
      bases.set(sequence.bases, start)
      const end = start + sequence.bases.length
      stretches.push({ genus: numbers.get(sequence.genus)!, start, end })
      start = end + 1
    }
    return new RememberedGenomes(genera, bases, stretches)
  }
}

/** Bases at two bits each, four a byte, the first in the lowest bits; unknown ones as 0, their runs apart. */
export type PackedBases = {
  readonly packed: Uint8Array
  /** First and length of each run of unknown bases. */
  readonly unknownRuns: Uint32Array
  readonly length: number
}

/** Packs bases (0 to 3, 4 for unknown). */
export function packBases(bases: Uint8Array): PackedBases {
  const packed = new Uint8Array(Math.ceil(bases.length / 4))
  const runs: number[] = []
  let inRun = false
  for (let i = 0; i < bases.length; i++) {
    const base = bases[i]
    if (base < unknown) packed[i >> 2] |= base << (2 * (i & 3))
    else if (inRun) runs[runs.length - 1]++
    else runs.push(i, 1)
    inRun = base >= unknown
  }
  return { packed, unknownRuns: Uint32Array.from(runs), length: bases.length }
}

/** What `packBases` packed. @throws RangeError when there are fewer bases than `length`, or runs beyond them. */
export function unpackBases({ packed, unknownRuns, length }: PackedBases): Uint8Array {
  if (packed.length !== Math.ceil(length / 4) || unknownRuns.length % 2 !== 0)
    throw new RangeError(`${packed.length} bytes of packed bases are not the ${length} that were announced`)
  const bases = new Uint8Array(length)
  for (let i = 0; i < length; i++) bases[i] = (packed[i >> 2] >> (2 * (i & 3))) & 3
  for (let i = 0; i < unknownRuns.length; i += 2) {
    const end = unknownRuns[i] + unknownRuns[i + 1]
    if (end > length)
      throw new RangeError(`a run of unknown bases ends at ${end}, beyond the ${length} bases`)
    bases.fill(unknown, unknownRuns[i], end)
  }
  return bases
}
