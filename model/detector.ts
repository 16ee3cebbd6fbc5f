import { checkObject, checkReads } from '../data/index.js'
import { checkModelOptions } from './checkArguments.js'
import type { SavedModel } from './saved/index.js'
import { scoreReads } from './scoreReads.js'
import { Scorer, type ScoringHooks } from './scorer.js'

/** Scores of a read in mean nats per predicted base, higher for in-distribution reads; NaN where undefined. */
export type ReadScores = {
  /** log p(x) under the foreground model. */
  readonly foreground: number
  /** log p(x) under the background model. */
  readonly background: number
  /** The log-likelihood ratio, foreground minus background. */
  readonly ratio: number
}

/** How a detector scores. */
export type DetectorOptions = {
  /** Reads that go through a model together, at most (default 100). */
  readonly batch?: number
  /** Where to compute, by default the default device. */
  readonly device?: string
  /** Average over a read and its reverse complement: genomes have two strands, the reference model looks at one. */
  readonly bothStrands?: boolean
}

/** What the detector needs of a saved model. */
type Model = Pick<SavedModel, 'options' | 'state'>

/**
 * The likelihood-ratio detector (Ren et al. 2019, eq. 2): a foreground model of in-distribution reads, and a background
 * model of what reads have in common. Without a background model only the likelihood is defined.
 */
export class Detector {
  readonly #foreground: Scorer
  readonly #background: Scorer | undefined
  readonly #bothStrands: boolean

  /** @throws TypeError for what is no loaded model, such as its path. */
  constructor(
    foreground: Model,
    background?: Model,
    { batch = 100, device, bothStrands = false }: DetectorOptions = {},
  ) {
    const scorer = (model: Model) => {
      checkObject('Detector', 'a model: await loadModel(path)', model, ['options', 'state'])
      checkModelOptions('Detector', model.options)
      return new Scorer(model.options, model.state.parameters, batch, device)
    }
    this.#foreground = scorer(foreground)
    this.#background = background && scorer(background)
    this.#bothStrands = bothStrands
  }

  /**
   * Scores of reads (bases 0 to 3, 4 for unknown), in their order. `tracks`: for each read an array of its length, to which
   * the log-likelihood ratio of every predicted base in nats is added (the log-likelihood without a background), of the
   * strand that is given; `onProgress` as `Scorer` has it.
   * @throws TypeError for what are no reads.
   */
  async score(
    reads: readonly Uint8Array[],
    {
      tracks,
      onProgress,
    }: { tracks?: readonly Float32Array[]; onProgress?: (predictions: number) => void } = {},
  ): Promise<ReadScores[]> {
    checkReads('Detector.score', reads)
    const hooks = (sign: 1 | -1): ScoringHooks => ({
      sign,
      ...(tracks && { perBase: tracks }),
      ...(onProgress && { onProgress }),
    })
    const [foreground, background] = await Promise.all([
      this.#means(this.#foreground, reads, hooks(1)),
      this.#background && this.#means(this.#background, reads, hooks(-1)),
    ])
    return foreground.map((mean, i) => {
      const backgroundMean = background?.[i] ?? Number.NaN
      return { foreground: mean, background: backgroundMean, ratio: mean - backgroundMean }
    })
  }

  async #means(scorer: Scorer, reads: readonly Uint8Array[], hooks: ScoringHooks): Promise<number[]> {
    const scored = await scoreReads(scorer, reads, this.#bothStrands, hooks)
    return scored.map(({ mean }) => mean)
  }

  /** Free the compiled functions' memory (not the models'). */
  dispose(): void {
    this.#foreground.dispose()
    this.#background?.dispose()
  }
}
