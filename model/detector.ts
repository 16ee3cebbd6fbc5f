import { checkObject, checkReads } from '../data/index.js'
import { checkModelOptions } from './checkArguments.js'
import type { SavedModel } from './saved/index.js'
import { scoreReads } from './scoreReads.js'
import { addToTrack } from './scorer.js'
import { ScoringPass } from './scoringPass.js'

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
  readonly #pass: ScoringPass
  readonly #bothStrands: boolean

  /** @throws TypeError for what is no loaded model, such as its path. */
  constructor(
    foreground: Model,
    background?: Model,
    { batch = 100, device, bothStrands = false }: DetectorOptions = {},
  ) {
    const models = background ? [foreground, background] : [foreground]
    for (const model of models) {
      checkObject('Detector', 'a model: await loadModel(path)', model, ['options', 'state'])
      checkModelOptions('Detector', model.options)
    }
    this.#pass = new ScoringPass(
      models.map(({ options, state: { parameters } }) => ({ options, parameters })),
      batch,
      device,
    )
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
    const [foreground, background] = await scoreReads(this.#pass, reads, this.#bothStrands, {
      ...(tracks && {
        onBases: ({ model, read, ...bases }) => addToTrack(tracks[read], bases, model === 0 ? 1 : -1),
      }),
      ...(onProgress && { onProgress }),
    })
    return foreground.map(({ mean }, i) => {
      const backgroundMean = background?.[i].mean ?? Number.NaN
      return { foreground: mean, background: backgroundMean, ratio: mean - backgroundMean }
    })
  }

  /** Free the compiled functions' memory (not the models'). */
  dispose(): void {
    this.#pass.dispose()
  }
}
