import { type GenusSequence, unknown } from '../../../data/index.js'
import { PackedBases } from './packedBases.js'

/** Sequences of one genus, laid end to end in the memory from `start` on. */
export type GenusStretch = { readonly genus: number; readonly start: number; readonly end: number }

const separator = Uint8Array.of(unknown)

/** Genomes that scores remember, as long as they do. */
const inMemory = new Set<WeakRef<RememberedGenomes>>()

/** Whose bases are where is noted for blocks of `2 ** blockBits`; one in which a genus ends has `mixed`. */
const blockBits = 10
const mixed = 255

/** Genomes kept whole: their bases, one sequence after another with an unknown base between. */
export class RememberedGenomes {
  readonly #genusOfBlocks: Uint8Array

  constructor(
    readonly genera: readonly string[],
    readonly bases: PackedBases,
    /** In the order in which they lie there. */
    readonly stretches: readonly GenusStretch[],
  ) {
    this.#genusOfBlocks = new Uint8Array((bases.length >>> blockBits) + 1).fill(mixed)
    for (const { genus, start, end } of stretches)
      this.#genusOfBlocks.fill(genus, Math.ceil(start / 2 ** blockBits), end >>> blockBits)
  }

  /** Lays sequences end to end. @throws RangeError when there is none. */
  static of(sequences: readonly GenusSequence[]): RememberedGenomes {
    if (sequences.length === 0) throw new RangeError('no genomes to remember')
    const genera = [...new Set(sequences.map(({ genus }) => genus))]
    const numbers = new Map(genera.map((genus, i) => [genus, i]))
    const stretches: GenusStretch[] = []
    let start = 0
    for (const { genus, bases } of sequences) {
      const end = start + bases.length
      stretches.push({ genus: numbers.get(genus)!, start, end })
      start = end + 1
    }
    const pieces = sequences.flatMap(({ bases }) => [bases, separator])
    return new RememberedGenomes(genera, PackedBases.of(pieces), stretches)
  }

  /**
   * These genomes, or equal ones that are in memory already: scores of the same genomes then share them, and what they look
   * up in them.
   */
  shared(): RememberedGenomes {
    for (const reference of inMemory) {
      const genomes = reference.deref()
      if (!genomes) inMemory.delete(reference)
      else if (genomes.#equals(this)) return genomes
    }
    inMemory.add(new WeakRef(this))
    return this
  }

  #equals({ genera, bases, stretches }: RememberedGenomes): boolean {
    return (
      bases.equals(this.bases) &&
      genera.length === this.genera.length &&
      genera.every((genus, i) => genus === this.genera[i]) &&
      stretches.length === this.stretches.length &&
      stretches.every(({ genus, start, end }, i) => {
        const own = this.stretches[i]
        return genus === own.genus && start === own.start && end === own.end
      })
    )
  }

  /** The genus of a place in its sequences. */
  genusAt(place: number): number {
    const genus = this.#genusOfBlocks[place >>> blockBits]
    return genus === mixed ? this.stretches.find(({ end }) => place < end)!.genus : genus
  }

  /** The sequences of a genus, a byte a base, one after another. */
  *sequencesOf(genus: number): Generator<Uint8Array> {
    for (const { genus: of, start, end } of this.stretches)
      if (of === genus) yield this.bases.slice(start, end)
  }
}
