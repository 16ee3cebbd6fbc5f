import { ContextShape } from './contextShape.js'
import { checkContextOrder, countWindows, GenusContexts } from './genusContexts.js'
import { PieceAligner } from './pieceAligner.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { SeedIndex } from './seedIndex.js'
import { WindowCounts } from './windowCounts.js'

/**
 * Contiguous contexts, and the three kinds that leave out every third base, one base shorter, so that their tables take a
 * quarter of the memory.
 */
const contextSkips = [0, 1, 2, 3] as const

/** The shapes of contexts that are remembered. @throws RangeError for an order that is too low or too high. */
export function shapesOf(order: number): ContextShape[] {
  const shapes = contextSkips.map(skip => new ContextShape(skip === 0 ? order : order - 1, skip))
  for (const shape of shapes) checkContextOrder(shape.order)
  return shapes
}

/**
 * What fragments are looked up in. It takes seconds to make and most of the memory, so all that remember the same genomes
 * have it together.
 */
class Lookups {
  #index: SeedIndex | undefined
  #aligner: PieceAligner | undefined
  readonly #contexts = new Map<number, Promise<readonly GenusContexts[]>>()

  constructor(readonly genomes: RememberedGenomes) {}

  /** Where the genomes have which seeds. */
  get index(): SeedIndex {
    this.#index ??= new SeedIndex(this.genomes.bases)
    return this.#index
  }

  /** Finds alignments with the genomes. */
  get aligner(): PieceAligner {
    this.#aligner ??= new PieceAligner(this.genomes, this.index)
    return this.#aligner
  }

  /** Contexts of an order, in the order of their shapes. Where they are being made,
   * `afterGenus` is called between genera with how many are done, and waited for. */
  contexts(order: number, afterGenus: (genera: number) => Promise<void>): Promise<readonly GenusContexts[]> {
    let contexts = this.#contexts.get(order)
    if (!contexts) {
      contexts = contextsOf(this.genomes, shapesOf(order), afterGenus)
      this.#contexts.set(order, contexts)
    }
    return contexts
  }
}

async function contextsOf(
  genomes: RememberedGenomes,
  shapes: readonly ContextShape[],
  afterGenus: (genera: number) => Promise<void>,
): Promise<GenusContexts[]> {
  const contexts = shapes.map(shape => new GenusContexts(genomes.genera.length, shape))
  const counts = contexts.map(ofShape => new WindowCounts(ofShape.windows))
  for (const genus of genomes.genera.keys()) {
    countWindows(genomes.sequencesOf(genus), shapes, counts)
    for (const [i, ofShape] of contexts.entries()) ofShape.remember(genus, counts[i])
    if (genus + 1 < genomes.genera.length) await afterGenus(genus + 1)
  }
  return contexts
}

const made = new WeakMap<RememberedGenomes, Lookups>()

/** What fragments are looked up in, of some genomes. */
export function lookupsOf(genomes: RememberedGenomes): Lookups {
  let lookups = made.get(genomes)
  if (!lookups) {
    lookups = new Lookups(genomes)
    made.set(genomes, lookups)
  }
  return lookups
}
