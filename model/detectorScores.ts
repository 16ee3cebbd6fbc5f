import { checkObject } from '../data/index.js'
import {
  type BasesProgress,
  isClassifierScore,
  loadScores,
  overStrands,
  type PreparationProgress,
  type Score,
} from '../eval/scores/index.js'
import { CheckpointError } from './checkpoint/index.js'
import { Detector, type DetectorOptions, type ReadScores } from './detector.js'
import type { FragmentClassifier } from './fragmentClassifier.js'
import { GenusNetworks } from './genusNetworks.js'
import type { SavedDetector } from './savedDetector.js'
import { markUnpredicted } from './scoringPass.js'
import { classifierScoresOf, openClassifier } from './storedClassifier.js'

/** How the scores of a detector are computed. */
export type DetectorScoresOptions = DetectorOptions & {
  /** Told from time to time of how many bases more a network or a fitted score has said something. */
  readonly onProgress?: (bases: number) => void
  /** The score whose lead `tracks` tell base by base, by its name; of one that cannot be told so they are as without. */
  readonly trackOf?: string | undefined
}

/** How a score of a fragment comes about, base by base. */
export type Track = {
  /** For each base log p under the one model or genus minus log p under the other, in nats; NaN where nothing is known. */
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
  /** How often `onProgress` is told of every base: once for each network and strand, and for each fitted score. */
  readonly passes: number
  readonly #firstFitted: number
  readonly #networks: Detector | undefined
  readonly #hasBackground: boolean
  readonly #genera: GenusNetworks | undefined
  readonly #classifier: FragmentClassifier | undefined
  readonly #onProgress: BasesProgress | undefined
  /** The score that `trackOf` names, if it can be told base by base. */
  readonly #chosenTrack: Score | undefined
  /** What the networks have said of fragments that are being scored: each of their columns asks for the same. */
  readonly #networkScores = new WeakMap<readonly Uint8Array[], Promise<ReadScores[]>>()

  /**
   * @throws CheckpointError when a stored score is of no kind that is known, its contents are not those of its kind, or a
   * classifier's parameters are not those that it says; TypeError for what is no detector.
   */
  constructor(detector: SavedDetector, { onProgress, trackOf, ...options }: DetectorScoresOptions = {}) {
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
    this.#chosenTrack = this.scores.find(({ name, leadTracks }) => name === trackOf && leadTracks)
    this.main = this.scores.length > networks.length || genera || background ? this.scores.length - 1 : 0
    const strands = options.bothStrands ? 2 : 1
    this.#firstFitted = networks.length
    this.passes =
      strands * (Number(!!foreground) + Number(!!background) + (genera?.size ?? 0)) + fitted.length
  }

  #column(name: string, of: (scores: ReadScores) => number): Score {
    return {
      name,
      score: async fragments => Float64Array.from(await this.#ofNetworks(fragments), of),
    }
  }

  #ofNetworks(fragments: readonly Uint8Array[], tracks?: readonly Float32Array[]): Promise<ReadScores[]> {
    let scores = tracks ? undefined : this.#networkScores.get(fragments)
    if (!scores) {
      scores = this.#networks!.score(fragments, {
        ...(tracks && { tracks }),
        ...(this.#onProgress && { onProgress: this.#onProgress }),
      })
      this.#networkScores.set(fragments, scores)
    }
    return scores
  }

  /**
   * Makes what scores look fragments up in, which takes seconds for genomes; without it, the first fragments wait for it.
   */
  async prepare(onProgress: PreparationProgress = () => {}): Promise<void> {
    const preparing = this.scores.flatMap(({ prepare }) => prepare ?? [])
    for (const [i, prepare] of preparing.entries())
      await prepare((share, what) => onProgress((i + share) / preparing.length, what))
  }

  /**
   * Scores of fragments (bases 0 to 3, 4 for unknown), in their order: for each fragment those of `scores`, NaN where one is
   * not defined.
   */
  async score(fragments: readonly Uint8Array[]): Promise<number[][]> {
    if (this.#networks) void this.#ofNetworks(fragments).catch(() => {}) // thrown where it is waited for
    const columns = await Promise.all(
      this.scores.map((score, i) =>
        i < this.#firstFitted ? score.score(fragments) : this.#scoreFitted(score, fragments),
      ),
    )
    return fragments.map((_, i) => columns.map(column => column[i]))
  }

  /** Has a fitted score made, and all bases told, on the way or at the end. */
  async #scoreFitted(score: Score, fragments: readonly Uint8Array[]): Promise<Float64Array> {
    const onBases = this.#onProgress
    if (!onBases) return score.score(fragments)
    let left = fragments.reduce((sum, { length }) => sum + length, 0)
    const result = await score.score(fragments, bases => {
      left -= bases
      onBases(bases)
    })
    onBases(left)
    return result
  }

  /**
   * The numbers that are summed over fragments of one origin (`SummedEvidence`): for each fragment those of each of `scores`
   * which is made of such, undefined of others, and where they are not defined. What the scores of the same batch are made of
   * is not computed again.
   */
  async evidence(fragments: readonly Uint8Array[]): Promise<(Float64Array | undefined)[][]> {
    const columns = await Promise.all(this.scores.map(({ summed }) => summed?.numbers(fragments)))
    return fragments.map((_, i) => columns.map(column => column?.[i]))
  }

  /**
   * What `tracks` are of: the lead of the score that was asked for (`trackOf`), else the ratio of foreground and background
   * (the likelihood without that), else the lead of the last score that can be told base by base; undefined where none can.
   */
  get tracked(): 'log-likelihood ratio' | 'log-likelihood' | 'log odds of genera' | undefined {
    if (this.#tracker) return 'log odds of genera'
    return this.#networks && (this.#hasBackground ? 'log-likelihood ratio' : 'log-likelihood')
  }

  /** Tells base by base how a lead comes about; undefined where tracks are those of the networks, or of nothing. */
  get #tracker(): Score['leadTracks'] {
    const last = this.#networks ? undefined : this.scores.findLast(({ leadTracks }) => leadTracks)
    return (this.#chosenTrack ?? last)?.leadTracks
  }

  /**
   * How a score comes about in fragments, base by base: the likelihood ratio of the foreground against the background, or
   * the lead of the likeliest genus over the second (of the strand that is given). Undefined for a fragment without
   * predictions, and for all of a detector without such scores. The networks make one pass for tracks and scores of the same
   * batch, if tracks are asked for first.
   */
  async tracks(fragments: readonly Uint8Array[]): Promise<(Track | undefined)[]> {
    if (this.#tracker || !this.#networks) {
      const leads = await this.#tracker?.(fragments)
      return fragments.map((_, i) => {
        const lead = leads?.[i]
        return lead && { values: lead.values, of: lead.likeliest, against: lead.second }
      })
    }
    const tracks = fragments.map(bases => new Float32Array(bases.length))
    await this.#ofNetworks(fragments, tracks)
    return tracks.map((values, i) => {
      markUnpredicted(values, fragments[i])
      if (values.every(Number.isNaN)) return undefined
      return { values, of: 'foreground', against: this.#hasBackground ? 'background' : undefined }
    })
  }

  /** Free what the scores hold on a device (not the models' parameters). */
  dispose(): void {
    for (const score of this.scores) score.dispose?.()
    this.#networks?.dispose()
    this.#genera?.dispose()
    this.#classifier?.dispose()
  }
}
