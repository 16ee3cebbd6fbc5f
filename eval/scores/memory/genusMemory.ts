import type { GenusEvidence } from '../score.js'
import { ContextShape } from './contextShape.js'
import type { Gate, JudgedFragment } from './gate.js'
import { GenusContexts } from './genusContexts.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { TranslatedAlignments } from './translatedAlignments.js'

export type MemorySettings = {
  /** Bases of a contiguous context. */
  readonly order: number
  /** Nats for each half bit of an alignment beyond the threshold; 0: no alignments. */
  readonly alignments: number
  /** What an alignment must score beyond, in half bits. */
  readonly threshold: number
}

/** Networks of the same genera, whose predictions a gate weighs as it weighs those of contexts. */
export type Networks = Required<Pick<GenusEvidence, 'losses'>>

/**
 * Contiguous contexts, which have half of the weight, and the three kinds that leave out every third base, one base
 * shorter, so that their tables take a quarter of the memory.
 */
const contextSkips = [0, 1, 2, 3] as const

/** What each genus has to say for a fragment, in nats: of contexts of its genomes, and of alignments by their weight. */
export class GenusMemory {
  readonly #contexts: readonly GenusContexts[]
  readonly #alignments: TranslatedAlignments | undefined

  constructor(
    readonly genomes: RememberedGenomes,
    readonly settings: MemorySettings,
  ) {
    const { order, alignments } = settings
    this.#contexts = contextSkips.map(
      skip => new GenusContexts(genomes, new ContextShape(skip === 0 ? order : order - 1, skip)),
    )
    this.#alignments = alignments > 0 ? new TranslatedAlignments(genomes, settings) : undefined
  }

  /**
   * Evidence for each genus, in nats; undefined where a fragment has no base that could be predicted. The kinds of
   * contexts are pooled with fixed weights.
   */
  pooled(fragment: Uint8Array): Float64Array | undefined {
    const sums = this.#ofAlignments(fragment)
    const predicted = this.#contexts.map(contexts =>
      contexts.addLogLikelihoods(fragment, contexts.shape.skip === 0 ? 1 / 2 : 1 / 6, sums),
    )
    return predicted[0] > 0 ? sums : undefined
  }

  /** The same with kinds of contexts, and networks if there are, mixed base by base as a gate weighs them. */
  async gated(
    fragments: readonly Uint8Array[],
    gate: Gate,
    networks: Networks | undefined,
  ): Promise<(Float64Array | undefined)[]> {
    const judged = await this.judge(fragments, networks)
    const mixed = await gate.logLikelihoods(judged, this.genomes.genera.length)
    return fragments.map((fragment, i) =>
      mixed[i].some(sum => sum !== 0)
        ? this.#ofAlignments(fragment).map((sum, genus) => sum + mixed[i][genus])
        : undefined,
    )
  }

  /** What the kinds of contexts, and networks if there are, say of each base of fragments. */
  async judge(fragments: readonly Uint8Array[], networks: Networks | undefined): Promise<JudgedFragment[]> {
    const ofNetworks = await networks?.losses(fragments)
    return fragments.map((fragment, i) => ({
      bases: fragment.length,
      tracks: [
        ...this.#contexts.map(contexts => contexts.track(fragment)),
        ...(ofNetworks ? [{ losses: ofNetworks[i] }] : []),
      ],
    }))
  }

  #ofAlignments(fragment: Uint8Array): Float64Array {
    const sums = new Float64Array(this.genomes.genera.length)
    this.#alignments?.addScores(fragment, sums)
    return sums.map(sum => sum * this.settings.alignments)
  }
}
