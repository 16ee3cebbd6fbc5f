/**
 * A score of DNA fragments: one number each, higher for in-distribution fragments. All methods of detection have this
 * form, so that one evaluator compares them and one weighted sum joins them.
 */
export type Score = {
  /** As tables name it, unique in a detector: `kmers15`. */
  readonly name: string
  /**
   * Scores of fragments (bases 0 to 3, 4 for unknown) of any length, in their order: higher = in-distribution, NaN where
   * the score is not defined, as for a fragment that is too short. `onBases`: told on the way, by a score that takes long.
   */
  score(fragments: readonly Uint8Array[], onBases?: BasesProgress): Promise<Float64Array>
  /** What each genus has to say for a fragment, where the score is made of that. */
  readonly genusEvidence?: GenusEvidence
  /** How the score is made of numbers that are summed over fragments of one origin, where it is no mean over bases. */
  readonly summed?: SummedEvidence
  /**
   * How the score of fragments comes about base by base, where it is a lead, or a sum of leads, of one genus over others.
   * Undefined for a fragment without one. Of the strand that is given, where both are scored.
   */
  leadTracks?(fragments: readonly Uint8Array[]): Promise<readonly (LeadTrack | undefined)[]>
  /**
   * Makes what fragments are looked up in, where that takes seconds; without it, the first fragments wait for it.
   */
  prepare?(onProgress?: PreparationProgress): Promise<void>
  /** Free what the score holds on a device. */
  dispose?(): void
}

/** Told from time to time of how many bases more a score is made. */
export type BasesProgress = (bases: number) => void

/** Told which share of a preparation is done, and in words what that is (`remembering 83 Mbp`). */
export type PreparationProgress = (share: number, what: string) => void

/** Differences of numbers, by their indices: those that are added, and those that are taken off. */
export type Contrast = { readonly plus: readonly number[]; readonly minus: readonly number[] }

/** Numbers in nats that are summed over fragments of one origin, and a score that is a difference of some of the sums. */
export type SummedEvidence = {
  /** The numbers of each fragment; undefined where they are not defined, as for one that is too short. */
  numbers(fragments: readonly Uint8Array[]): Promise<readonly (Float64Array | undefined)[]>
  /**
   * Which sums the score is the difference of, such as that of the likeliest genus and the second; after it, with which
   * others it would be less surely greater. None where the score is not defined.
   */
  contrasts(sums: Float64Array): readonly Contrast[]
}

/** How the lead of a genus comes about along a fragment. */
export type LeadTrack = {
  /** What each base adds to the lead, in nats; NaN where none of it is known. */
  readonly values: Float32Array
  /** The genus that leads; of several leads that of each, as `Listeria by contexts, Bacillus by alignments`. */
  readonly likeliest: string
  /** What it leads over, in the same way. */
  readonly second: string
}

/** Two genera by their numbers, as `[likeliest, second]`. */
export type GenusPair = readonly [genus: number, other: number]

/** The bases of a fragment from `start` to before `end`. */
export type FragmentWindow = {
  readonly fragment: Uint8Array
  readonly start: number
  readonly end: number
}

/** What speaks for each genus that a detector knows. */
export type GenusEvidence = {
  readonly genera: readonly string[]
  /**
   * Evidence of each fragment for each genus in nats, such as its log-likelihood there: only differences between genera
   * have a meaning. Undefined where it is not defined, as for a fragment that is too short.
   */
  evidence(
    fragments: readonly Uint8Array[],
    onBases?: BasesProgress,
  ): Promise<readonly (Float64Array | undefined)[]>
  /**
   * Where the evidence is a likelihood that is made base by base: of each window of a fragment, for each of its bases and
   * genus in turn ([bases, genera]), -log p of the base after those before it in the fragment, in nats, NaN where it is not
   * predicted.
   */
  losses?(windows: readonly FragmentWindow[]): Promise<readonly Float32Array[]>
  /**
   * Where it is known how the evidence comes about base by base: of each fragment, for the pair of genera that goes with
   * it, what each base adds to the evidence of the first genus more than to that of the other, in nats; NaN where nothing
   * is known of a base. Of the strand that is given, where both are scored.
   */
  tracks?(fragments: readonly Uint8Array[], pairs: readonly GenusPair[]): Promise<readonly Float32Array[]>
}

/** What a fitted score has learned, as a file holds it: its kind, its settings (JSON), and its arrays by name. */
export type StoredScore = {
  readonly kind: string
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly arrays: Readonly<Record<string, StoredArray>>
}

/** Numbers of a fitted score as a file has them. */
export type StoredArray = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array

/** The log-likelihood of a fragment: the sum in nats over `count` predicted bases. */
export type FragmentLikelihood = { readonly sum: number; readonly count: number }

/** What likelihood scores need of a generative model (networks live above this folder, chains in it). */
export type LikelihoodModel = {
  logLikelihoods(fragments: readonly Uint8Array[]): Promise<readonly FragmentLikelihood[]>
  dispose?(): void
}

/** A score that can go into a file. */
export type StorableScore = Score & { store(): StoredScore }
