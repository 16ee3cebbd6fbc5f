import type { BasesProgress, GenusPair, PreparationProgress } from '../score.js'
import { BaseValues } from './baseValues.js'
import { CopyGains } from './copyGains.js'
import { Experts, type JudgedPiece, type Networks } from './experts.js'
import type { Gate } from './gate.js'
import { GatePass } from './gatePass.js'
import { checkCopyContext, GenusCopies } from './genusCopies.js'
import { lookupsOf, shapesOf } from './lookups.js'
import { pieceLength, stretchLength } from './pieces.js'
import { ContextSums, PooledContexts } from './pooledContexts.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { TranslatedAlignments } from './translatedAlignments.js'
import { turn } from './turn.js'

export type MemorySettings = {
  /** Bases of a contiguous context. */
  readonly order: number
  /** Bases in a row that a copy begins with; 0: no copies. */
  readonly copies: number
  /** How much the gain by copies counts, where it is pooled with the rest. */
  readonly copyWeight: number
  /** Nats for each half bit of an alignment beyond the threshold; 0: no alignments. */
  readonly alignments: number
  /** What an alignment must score beyond, in half bits. */
  readonly threshold: number
}

/** For each genus, in nats: what contexts say, and the leads by alignments and, if there are, by copies. */
export type ApartOpinions = {
  readonly contexts: Float64Array
  readonly leads: readonly Float64Array[]
}

/** What is looked up in the genomes. */
type Prepared = {
  readonly contexts: PooledContexts
  readonly copies: CopyGains | undefined
  readonly alignments: TranslatedAlignments | undefined
  readonly experts: Experts
}

/**
 * What each genus has to say for a fragment, in nats: of contexts of its genomes, of copies, and of alignments by their
 * weight. What is looked up for that is made when it is first asked for, or before by `prepare`.
 */
export class GenusMemory {
  #prepared: Promise<Prepared> | undefined

  readonly genomes: RememberedGenomes

  /** @throws RangeError for contexts, or copies, of an order that is too low or too high. */
  constructor(
    genomes: RememberedGenomes,
    readonly settings: MemorySettings,
  ) {
    shapesOf(settings.order)
    if (settings.copies > 0) checkCopyContext(settings.copies)
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
   * kinds of contexts, and with them copies, are pooled with fixed weights.
   */
  async pooled(
    fragments: readonly Uint8Array[],
    onBases?: BasesProgress,
  ): Promise<(Float64Array | undefined)[]> {
    const memory = await this.#prepare()
    const evidence: (Float64Array | undefined)[] = []
    for (const fragment of fragments) {
      const contexts = new ContextSums(memory.contexts.kinds)
      const sums = new Float64Array(this.genomes.genera.length)
      const gains = new Float64Array(sums.length)
      await inPieces(fragment, onBases, (start, end) => {
        const piece = fragment.subarray(start, end)
        contexts.add(fragment, start, end)
        memory.alignments?.addScores(piece, sums)
        memory.copies?.addGains(piece, gains)
      })
      for (let genus = 0; genus < sums.length; genus++) sums[genus] *= this.settings.alignments
      const predicted = contexts.addLogLikelihoods(sums)
      evidence.push(
        predicted > 0 ? sums.map((sum, genus) => sum + this.settings.copyWeight * gains[genus]) : undefined,
      )
    }
    return evidence
  }

  /**
   * What is said of each fragment, apart: of contexts, for each genus; of alignments and, if there are, of copies, by how
   * much each genus leads over all others region by region, by their weights. Undefined where a fragment has no base that
   * could be predicted. All in nats.
   */
  async apart(
    fragments: readonly Uint8Array[],
    onBases?: BasesProgress,
  ): Promise<(ApartOpinions | undefined)[]> {
    const memory = await this.#prepare()
    const { alignments, copyWeight } = this.settings
    const opinions = []
    for (const fragment of fragments) {
      const [contexts, ofAlignments, ofCopies] = Array.from(
        { length: 3 },
        () => new Float64Array(this.genomes.genera.length),
      )
      const ofContexts = new ContextSums(memory.contexts.kinds)
      await inPieces(fragment, onBases, (start, end) => {
        const piece = fragment.subarray(start, end)
        ofContexts.add(fragment, start, end)
        memory.alignments?.addLeads(piece, ofAlignments)
        memory.copies?.addLeads(piece, ofCopies)
      })
      const predicted = ofContexts.addLogLikelihoods(contexts)
      const leads = [ofAlignments.map(lead => lead * alignments)]
      if (memory.copies) leads.push(ofCopies.map(lead => lead * copyWeight))
      opinions.push(predicted > 0 ? { contexts, leads } : undefined)
    }
    return opinions
  }

  /**
   * How what is said apart comes about base by base: of contexts, for a pair of genera for each fragment; of each kind of
   * leads, for one genus for each fragment, in `leaders`.
   */
  async apartTracks(
    fragments: readonly Uint8Array[],
    pairs: readonly GenusPair[],
    leaders: readonly (readonly number[])[],
  ): Promise<Float32Array[]> {
    const memory = await this.#prepare()
    const { alignments, copyWeight } = this.settings
    return fragments.map((fragment, i) => {
      const values = new BaseValues(fragment.length)
      const [ofAlignments, ofCopies] = leaders[i]
      memory.contexts.addTrack(fragment, pairs[i], values)
      memory.alignments?.addLeadTrack(fragment, ofAlignments, alignments, values)
      memory.copies?.addLeadTrack(fragment, ofCopies, copyWeight, values)
      return values.values
    })
  }

  /**
   * `pooled` with kinds of contexts, copies, and networks if there are, mixed base by base as a gate weighs them. A record is
   * gone through piece by piece, in memory that does not grow with its length, and calls after each other.
   */
  async gated(
    fragments: readonly Uint8Array[],
    gate: Gate,
    networks: Networks | undefined,
    onBases?: BasesProgress,
  ): Promise<(Float64Array | undefined)[]> {
    const { experts, alignments } = await this.#prepare()
    const genera = [...this.genomes.genera.keys()]
    const mixed = fragments.map(() => new Float64Array(genera.length))
    const aligned = fragments.map(() => new Float64Array(genera.length))
    const pass = new GatePass(gate, genera.length, (fragment, genus, _, logLikelihood) => {
      mixed[fragment][genus] += logLikelihood
    })
    await experts.judge(
      fragments,
      networks,
      async judged => {
        const { index, start, bases } = judged
        alignments?.addScores(fragments[index].subarray(start, start + bases), aligned[index])
        await pass.add(judged, index, genera)
      },
      onBases,
    )
    await pass.end()
    return mixed.map((sums, i) =>
      sums.some(sum => sum !== 0)
        ? sums.map((sum, genus) => this.settings.alignments * aligned[i][genus] + sum)
        : undefined,
    )
  }

  /** How `pooled` comes about base by base, as `GenusEvidence` has `tracks`; an alignment is spread over its bases. */
  async pooledTracks(fragments: readonly Uint8Array[], pairs: readonly GenusPair[]): Promise<Float32Array[]> {
    const memory = await this.#prepare()
    return fragments.map((fragment, i) => {
      const values = new BaseValues(fragment.length)
      memory.contexts.addTrack(fragment, pairs[i], values)
      memory.copies?.addTrack(fragment, pairs[i], this.settings.copyWeight, values)
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
    const { experts, alignments } = await this.#prepare()
    const tracks = fragments.map(({ length }) => new BaseValues(length))
    const pass = new GatePass(gate, this.genomes.genera.length, (fragment, genus, base, logLikelihood) =>
      tracks[fragment].add(base, genus === pairs[fragment][0] ? logLikelihood : -logLikelihood),
    )
    await experts.judge(fragments, networks, judged => pass.add(judged, judged.index, pairs[judged.index]))
    await pass.end()
    for (const [i, fragment] of fragments.entries())
      alignments?.addTrack(fragment, pairs[i], this.settings.alignments, tracks[i])
    return tracks.map(({ values }) => values)
  }

  /** Gives what the kinds of contexts, copies, and networks if there are, say of fragments, as `Experts` has it. */
  async judge(
    fragments: readonly Uint8Array[],
    networks: Networks | undefined,
    visit: (judged: JudgedPiece) => void,
  ): Promise<void> {
    const { experts } = await this.#prepare()
    await experts.judge(fragments, networks, visit)
  }
}

/**
 * Has each piece of a fragment looked up; of a long one, `onBases` is told how many bases more are done. After each piece
 * scores that look up the same have theirs, so that what is found for one is still there for the others.
 */
async function inPieces(
  fragment: Uint8Array,
  onBases: BasesProgress = () => {},
  lookUp: (start: number, end: number) => void,
): Promise<void> {
  for (let start = 0; start < fragment.length; start += pieceLength) {
    const end = start + pieceLength
    lookUp(start, Math.min(fragment.length, end))
    if (end > fragment.length) break
    if (end % stretchLength === 0) {
      onBases(stretchLength)
      await turn()
    } else await undefined
  }
}

/** Makes what fragments are looked up in, part by part. */
async function prepared(
  genomes: RememberedGenomes,
  settings: MemorySettings,
  onProgress: PreparationProgress = () => {},
): Promise<Prepared> {
  const { order, alignments, copies } = settings
  const lookups = lookupsOf(genomes)
  const indexShare = alignments > 0 || copies > 0 ? 1 / 3 : 0
  const what = `remembering ${Number((genomes.bases.length / 1e6).toPrecision(2))} Mbp`
  async function done(share: number): Promise<void> {
    onProgress(share, what)
    await turn()
  }
  await done(0)
  // The index first: while it is sorted it needs more memory than afterwards.
  const ofProteins = alignments > 0 ? new TranslatedAlignments(genomes, settings) : undefined
  const ofGenera = copies > 0 ? new GenusCopies(genomes, copies) : undefined
  await done(indexShare)
  const kinds = await lookups.contexts(order, genera =>
    done(indexShare + ((1 - indexShare) * genera) / genomes.genera.length),
  )
  await done(1)
  const contexts = new PooledContexts(kinds)
  return {
    contexts,
    copies: ofGenera && new CopyGains(ofGenera, contexts),
    alignments: ofProteins,
    experts: new Experts(kinds, ofGenera, genomes.genera.length),
  }
}
