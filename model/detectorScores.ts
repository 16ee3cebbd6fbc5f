import { checkObject, unknown } from '../data/index.js'
import { isClassifierScore, loadScores, overStrands, type Score } from '../eval/scores/index.js'
import { CheckpointError } from './checkpoint/index.js'
import { Detector, type DetectorOptions, type ReadScores } from './detector.js'
import type { FragmentClassifier } from './fragmentClassifier.js'
import { GenusNetworks } from './genusNetworks.js'
import type { SavedDetector } from './savedDetector.js'
import { classifierScoresOf, openClassifier } from './storedClassifier.js'

/** How the scores of a detector are computed. */
export type DetectorScoresOptions = DetectorOptions & {
  /** Told from time to time how many predictions the networks have made since the last time. */
  readonly onProgress?: (predictions: number) => void
}

/** A likelihood ratio base by base. */
export type Track = {
  /** For each base log p under the one model minus log p under the other, in nats; NaN where it is not predicted. */
  readonly values: Float32Array
  readonly of: string
  /** Undefined without another model: log p alone. */
  readonly against: string | undefined
}

/** What the networks of a detector say of a fragment, by the names that tables have. */
const networkColumns = {
  ll_fg: scores => scores.foreground,
  ll_bg: scores => scores.background,
  llr: scores => scores.ratio,
} as const satisfies Record<string, (scores: ReadScores) => number>

/**
 * What `load` makes of the fitted scores of a detector file.
 * @throws CheckpointError when one is of no kind that is known, or its contents are not those of its kind.
 */
export function loadFitted(path: string, load: () => readonly Score[]): readonly Score[] {
  try {
    return load()
  } catch (cause) {
    if (cause instanceof RangeError) throw new CheckpointError(path, cause.message, { cause })
    throw cause
  }
}

/** All scores of a detector for the same fragments, side by side: the columns of a table. */
export class DetectorScores {
  readonly scores: readonly Score[]
  /**
   * Index of the score that calls rest on: the last one that is fitted, else the odds of the networks of genera, else the
   * ratio, else the likelihood.
   */
  readonly main: number
  /** How many predictions the networks make of every base. */
  readonly passes: number
  readonly #networks: Detector | undefined
  readonly #hasBackground: boolean
  readonly #genera: GenusNetworks | undefined
  readonly #classifier: FragmentClassifier | undefined
  readonly #onProgress: ((predictions: number) => void) | undefined
  /** What the networks have said of fragments that are being scored: each of their columns asks for the same. */
  readonly #networkScores = new WeakMap<readonly Uint8Array[], Promise<ReadScores[]>>()

  /**
   * @throws CheckpointError when a stored score is of no kind that is known, its contents are not those of its kind, or a
   * classifier's parameters are not those that it says; TypeError for what is no detector.
   */
  constructor(detector: SavedDetector, { onProgress, ...options }: DetectorScoresOptions = {}) {
    checkObject('DetectorScores', 'a detector: await loadDetector(path)', detector, ['scores', 'metadata'])
    const { path, foreground, background, genera, classifier, scores: stored } = detector
    this.#networks = foreground && new Detector(foreground, background, options)
    this.#hasBackground = background !== undefined
    this.#onProgress = onProgress
    this.#genera = genera && new GenusNetworks(genera, { ...options, ...(onProgress && { onProgress }) })
    const networks = [
      ...(foreground ? Object.entries(networkColumns).map(column => this.#column(...column)) : []),
      ...(this.#genera?.scores ?? []),
    ]
    const { batch, device } = options
    this.#classifier = classifier && openClassifier(path, classifier, { ...(batch && { batch }), device })
    const fitted = loadFitted(path, () => {
      const ofClassifier = this.#classifier ? classifierScoresOf(stored, [this.#classifier]) : []
      const others = stored.filter(score => !(this.#classifier && isClassifierScore(score)))
      return [...ofClassifier, ...loadScores(others, [...networks, ...ofClassifier])]
    })
    this.scores = [
      ...networks,
      ...(options.bothStrands ? fitted.map(score => overStrands(score.name, score, 'mean')) : fitted),
    ]
    this.main = this.scores.length > networks.length || genera || background ? this.scores.length - 1 : 0
    const strands = options.bothStrands ? 2 : 1
    this.passes = strands * (Number(!!foreground) + Number(!!background) + (genera?.size ?? 0))
  }

  #column(name: string, of: (scores: ReadScores) => number): Score {
    return {
      name,
      score: async fragments => Float64Array.from(await this.#ofNetworks(fragments), of),
    }
  }

  #ofNetworks(fragments: readonly Uint8Array[], tracks?: readonly Float32Array[]): Promise<ReadScores[]> {
    let scores = this.#networkScores.get(fragments)
    if (!scores) {
      scores = this.#networks!.score(fragments, {
        ...(tracks && { tracks }),
        ...(this.#onProgress && { onProgress: this.#onProgress }),
      })
      this.#networkScores.set(fragments, scores)
    }
    return scores
  }

  /** Whether there is a foreground, whose log-likelihoods can be told base by base. */
  get hasTracks(): boolean {
    return this.#networks !== undefined
  }

  /**
   * Scores of fragments (bases 0 to 3, 4 for unknown), in their order: for each fragment those of `scores`, NaN where one is
   * not defined. `tracks` as `Detector.score` has it.
   */
  async score(fragments: readonly Uint8Array[], tracks?: readonly Float32Array[]): Promise<number[][]> {
    if (this.#networks) void this.#ofNetworks(fragments, tracks).catch(() => {}) // thrown where it is waited for
    const columns = await Promise.all(this.scores.map(score => score.score(fragments)))
    return fragments.map((_, i) => columns.map(column => column[i]))
  }

  /**
   * How a fragment's likelihood ratio comes about, base by base: of the foreground against the background, or of the
   * likeliest genus against the second. Undefined for a detector without networks, and for a fragment without predictions.
   */
  async track(bases: Uint8Array): Promise<Track | undefined> {
    if (!this.#networks) {
      const ofGenera = await this.#genera?.track(bases)
      return ofGenera && { values: ofGenera.values, of: ofGenera.likeliest, against: ofGenera.second }
    }
    const values = new Float32Array(bases.length)
    await this.#networks.score([bases], { tracks: [values] })
    const isPredicted = (i: number) => i > 0 && bases[i] < unknown && bases[i - 1] < unknown
    for (const i of values.keys()) if (!isPredicted(i)) values[i] = Number.NaN
    if (values.every(Number.isNaN)) return undefined
    return { values, of: 'foreground', against: this.#hasBackground ? 'background' : undefined }
  }

  /** Free what the scores hold on a device (not the models' parameters). */
  dispose(): void {
    for (const score of this.scores) score.dispose?.()
    this.#networks?.dispose()
    this.#genera?.dispose()
    this.#classifier?.dispose()
  }
}
