import type { BasesProgress, GenusEvidence, GenusPair, PreparationProgress } from '../score.js'
import { BaseValues } from './baseValues.js'
import type { Gate, JudgedFragment } from './gate.js'
import { addLogLikelihoods, type GenusContexts } from './genusContexts.js'
import { lookupsOf, shapesOf } from './lookups.js'
import { pieceLength } from './pieceAligner.js'
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

/** So many bases of a long fragment are judged before the event loop has its turn: whole pieces of alignments. */
const stretchLength = 16 * pieceLength

/** What is looked up in the genomes. */
type Prepared = {
  /** Contiguous ones first. */
  readonly contexts: readonly GenusContexts[]
  readonly alignments: TranslatedAlignments | undefined
}

/**
 * What each genus has to say for a fragment, in nats: of contexts of its genomes, and of alignments by their weight. What
 * is looked up for that is made when it is first asked for, or before by `prepare`.
 */
export class GenusMemory {
  #prepared: Promise<Prepared> | undefined

  readonly genomes: RememberedGenomes

  /** @throws RangeError for contexts of an order that is too low or too high. */
  constructor(
    genomes: RememberedGenomes,
    readonly settings: MemorySettings,
  ) {
    shapesOf(settings.order)
    this.genomes = genomes.shared()
  }

  /** Makes what fragments are looked up in: in seconds, for tens of millions of bases. */
  async prepare(onProgress?: PreparationProgress): Promise<void> {
    await this.#prepare(onProgress)
  }

  #prepare(onProgress?: PreparationProgress): Promise<Prepared> {
    this.#prepared ??= prepared(this.genomes, this.settings, onProgress)
    return this.#prepared
  }

  /**
   * Evidence of each fragment for each genus, in nats; undefined where a fragment has no base that could be predicted. The
   * kinds of contexts are pooled with fixed weights.
   */
  async pooled(
    fragments: readonly Uint8Array[],
    onBases?: BasesProgress,
  ): Promise<(Float64Array | undefined)[]> {
    const memory = await this.#prepare()
    const evidence: (Float64Array | undefined)[] = []
    for (const fragment of fragments) {
      const contexts = new ContextSums(memory.contexts)
      const sums = await this.#weighted(fragment, onBases, (start, end, sums) => {
        contexts.add(fragment, start, end)
        memory.alignments?.addScores(fragment.subarray(start, end), sums)
      })
      evidence.push(contexts.addLogLikelihoods(sums) > 0 ? sums : undefined)
    }
    return evidence
  }

  /**
   * What contexts and alignments say of each fragment, apart; undefined where a fragment has no base that could be
   * predicted. Of alignments: by how much each genus leads over all others region by region, by their weight, in nats.
   */
  async apart(
    fragments: readonly Uint8Array[],
    onBases?: BasesProgress,
  ): Promise<({ contexts: Float64Array; leadsOfAlignments: Float64Array } | undefined)[]> {
    const memory = await this.#prepare()
    const opinions = []
    for (const fragment of fragments) {
      const ofContexts = new ContextSums(memory.contexts)
      const leadsOfAlignments = await this.#weighted(fragment, onBases, (start, end, sums) => {
        ofContexts.add(fragment, start, end)
        memory.alignments?.addLeads(fragment.subarray(start, end), sums)
      })
      const contexts = new Float64Array(this.genomes.genera.length)
      opinions.push(ofContexts.addLogLikelihoods(contexts) > 0 ? { contexts, leadsOfAlignments } : undefined)
    }
    return opinions
  }

  /** The same with kinds of contexts, and networks if there are, mixed base by base as a gate weighs them. */
  async gated(
    fragments: readonly Uint8Array[],
    gate: Gate,
    networks: Networks | undefined,
  ): Promise<(Float64Array | undefined)[]> {
    const memory = await this.#prepare()
    const judged = await this.judge(fragments, networks)
    const mixed = await gate.logLikelihoods(judged, this.genomes.genera.length)
    const evidence: (Float64Array | undefined)[] = []
    for (const [i, fragment] of fragments.entries()) {
      const sums = await this.#weighted(fragment, undefined, (start, end, sums) =>
        memory.alignments?.addScores(fragment.subarray(start, end), sums),
      )
      const isPredicted = mixed[i].some(sum => sum !== 0)
      evidence.push(isPredicted ? sums.map((sum, genus) => sum + mixed[i][genus]) : undefined)
    }
    return evidence
  }

  /** How `pooled` comes about base by base, as `GenusEvidence` has `tracks`; an alignment is spread over its bases. */
  async pooledTracks(fragments: readonly Uint8Array[], pairs: readonly GenusPair[]): Promise<Float32Array[]> {
    const memory = await this.#prepare()
    return fragments.map((fragment, i) => {
      const values = new BaseValues(fragment.length)
      for (const contexts of memory.contexts)
        contexts.addTrack(fragment, pairs[i], weightOf(contexts), values)
      memory.alignments?.addTrack(fragment, pairs[i], this.settings.alignments, values)
      return values.values
    })
  }

  /** How `gated` comes about base by base. */
  async gatedTracks(
    fragments: readonly Uint8Array[],
    pairs: readonly GenusPair[],
    gate: Gate,
    networks: Networks | undefined,
  ): Promise<Float32Array[]> {
    const memory = await this.#prepare()
    const judged = await this.judge(fragments, networks)
    const mixed = await gate.tracks(judged, pairs, this.genomes.genera.length)
    for (const [i, fragment] of fragments.entries())
      memory.alignments?.addTrack(fragment, pairs[i], this.settings.alignments, mixed[i])
    return mixed.map(({ values }) => values)
  }

  /** What the kinds of contexts, and networks if there are, say of each base of fragments. */
  async judge(fragments: readonly Uint8Array[], networks: Networks | undefined): Promise<JudgedFragment[]> {
    const { contexts } = await this.#prepare()
    const ofNetworks = await networks?.losses(fragments)
    return fragments.map((fragment, i) => ({
      bases: fragment.length,
      tracks: [
        ...contexts.map(ofShape => ofShape.track(fragment)),
        ...(ofNetworks ? [{ losses: ofNetworks[i] }] : []),
      ],
    }))
  }

  /** What `add` adds for each genus, stretch by stretch of a fragment, times the weight of alignments. */
  async #weighted(
    fragment: Uint8Array,
    onBases: BasesProgress = () => {},
    add: (start: number, end: number, sums: Float64Array) => void,
  ): Promise<Float64Array> {
    const sums = new Float64Array(this.genomes.genera.length)
    for (let start = 0; start < fragment.length; start += stretchLength) {
      add(start, Math.min(fragment.length, start + stretchLength), sums)
      if (start + stretchLength > fragment.length) break
      onBases(stretchLength)
      await turn()
    }
    return sums.map(sum => sum * this.settings.alignments)
  }
}

/** Lets the event loop see to signals and the terminal. */
const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

/** How much a kind of contexts weighs among all: contiguous ones half. */
const weightOf = ({ shape }: GenusContexts): number => (shape.skip === 0 ? 1 / 2 : 1 / 6)

/** What all kinds of contexts say of a fragment, which is judged stretch by stretch. */
class ContextSums {
  readonly #costs: readonly Float64Array[]
  /** How many bases the contiguous contexts predicted. */
  #predicted = 0

  constructor(readonly contexts: readonly GenusContexts[]) {
    this.#costs = contexts.map(({ genera }) => new Float64Array(genera))
  }

  /** Adds what they say of the bases from `start` to before `end`. */
  add(fragment: Uint8Array, start: number, end: number): void {
    const [predicted] = this.contexts.map((ofShape, i) =>
      ofShape.addCosts(fragment, this.#costs[i], start, end),
    )
    this.#predicted += predicted
  }

  /** Adds the log-likelihoods for each genus to `sums`, in nats; returns how many bases were predicted. */
  addLogLikelihoods(sums: Float64Array): number {
    for (const [i, costs] of this.#costs.entries()) addLogLikelihoods(costs, weightOf(this.contexts[i]), sums)
    return this.#predicted
  }
}

/** Makes what fragments are looked up in, part by part. */
async function prepared(
  genomes: RememberedGenomes,
  settings: MemorySettings,
  onProgress: PreparationProgress = () => {},
): Promise<Prepared> {
  const { order, alignments } = settings
  const lookups = lookupsOf(genomes)
  const indexShare = alignments > 0 ? 1 / 3 : 0
  const what = `remembering ${Number((genomes.bases.length / 1e6).toPrecision(2))} Mbp`
  async function done(share: number): Promise<void> {
    onProgress(share, what)
    await turn()
  }
  await done(0)
  // The index first: while it is sorted it needs more memory than afterwards.
  const ofProteins = alignments > 0 ? new TranslatedAlignments(genomes, settings) : undefined
  await done(indexShare)
  const contexts = await lookups.contexts(order, genera =>
    done(indexShare + ((1 - indexShare) * genera) / genomes.genera.length),
  )
  await done(1)
  return { contexts, alignments: ofProteins }
}
