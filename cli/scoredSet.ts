import type { ScoredReads } from '../eval/index.js'

/** The two sets of an evaluation, as flags and tables call them. */
export const setNames = ['in', 'ood'] as const
export type SetName = (typeof setNames)[number]

/** A fragment with its scores, in the order of the scores' names; NaN for what is not defined. */
export type ScoredFragment = {
  readonly name: string
  readonly genus?: string | undefined
  readonly genome?: string | undefined
  /** In bases; NaN where nobody said. */
  readonly length: number
  readonly gc: number
  readonly scores: readonly number[]
}

/** The scored fragments of one set, in columns: numbers, and names that are the same string wherever they are equal. */
export class ScoredSet {
  readonly #names: readonly string[]
  readonly #scores: number[][]
  readonly #gc: number[] = []
  readonly #length: number[] = []
  readonly #genus: (string | undefined)[] = []
  readonly #genome: (string | undefined)[] = []
  readonly #interned: Map<string, string>

  /** `interned`: names that were met before, to be shared between sets. */
  constructor(names: readonly string[], interned = new Map<string, string>()) {
    this.#names = names
    this.#scores = names.map(() => [])
    this.#interned = interned
  }

  get size(): number {
    return this.#gc.length
  }

  add({ genus, genome, length, gc, scores }: ScoredFragment): void {
    for (const [i, column] of this.#scores.entries()) column.push(scores[i])
    this.#gc.push(gc)
    this.#length.push(length)
    this.#genus.push(this.#intern(genus))
    this.#genome.push(this.#intern(genome))
  }

  /** The set for the evaluator, with the scores of these names in this order; genera and genomes if all have one. */
  reads(names: readonly string[] = this.#names): ScoredReads {
    const genus = definedAll(this.#genus)
    const genome = definedAll(this.#genome)
    const hasLengths = this.#length.every(length => !Number.isNaN(length))
    return {
      scores: Object.fromEntries(names.map(name => [name, this.#scores[this.#names.indexOf(name)]])),
      gc: this.#gc,
      ...(hasLengths && { length: this.#length }),
      ...(genus && { genus }),
      ...(genome && { genome }),
    }
  }

  #intern(name: string | undefined): string | undefined {
    if (name === undefined) return undefined
    const known = this.#interned.get(name)
    if (known !== undefined) return known
    this.#interned.set(name, name)
    return name
  }
}

/** The values if none is missing. */
function definedAll(values: readonly (string | undefined)[]): string[] | undefined {
  const defined = values.filter(value => value !== undefined)
  return defined.length === values.length ? defined : undefined
}
