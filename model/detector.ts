import { reverseComplement } from '../data/index.js'
import type { SavedModel } from './saved/index.js'
import { type LogLikelihood, Scorer, type ScoringHooks } from './scorer.js'

/** Scores of a read in mean nats per predicted base, higher for in-distribution reads; NaN where undefined. */
export type ReadScores = {
  /** log p(x) under the foreground model. */
  readonly foreground: number
  /** log p(x) under the background model. */
  readonly background: number
  /** The log-likelihood ratio, foreground minus background. */
  readonly ratio: number
}

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

  constructor(
    foreground: Model,
    background?: Model,
    { batch = 100, device, bothStrands = false }: DetectorOptions = {},
  ) {
    const scorer = ({ options, state }: Model) => new Scorer(options, state.parameters, batch, device)
    this.#foreground = scorer(foreground)
    this.#background = background && scorer(background)
    this.#bothStrands = bothStrands
  }

  /**
   * Scores of reads (bases 0 to 3, 4 for unknown), in their order. `tracks`: for each read an array of its length, to which
   * the log-likelihood ratio of every predicted base in nats is added (the log-likelihood without a background), of the
   * strand that is given; `onProgress` as `Scorer` has it.
   */
  async score(
    reads: readonly Uint8Array[],
    {
      tracks,
      onProgress,
    }: { tracks?: readonly Float32Array[]; onProgress?: (predictions: number) => void } = {},
  ): Promise<ReadScores[]> {
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
    const { perBase: _, ...backwardHooks } = hooks
    const [forward, backward] = await Promise.all([
      scoreByLength(scorer, reads, hooks),
      this.#bothStrands ? scoreByLength(scorer, reads.map(reverseComplement), backwardHooks) : undefined,
    ])
    if (!backward) return forward.map(({ mean }) => mean)
    // Both strands have the same number of counted predictions.
    return forward.map(({ mean }, i) => (mean + backward[i].mean) / 2)
  }

  /** Free the compiled functions' memory (not the models'). */
  dispose(): void {
    this.#foreground.dispose()
    this.#background?.dispose()
  }
}

/** Scores reads of similar length together, as a batch is padded to its longest read. */
async function scoreByLength(
  scorer: Scorer,
  reads: readonly Uint8Array[],
  { perBase, ...hooks }: ScoringHooks,
): Promise<LogLikelihood[]> {
  const likelihoods: LogLikelihood[] = []
  const groups = groupByLength(reads).map(async group => {
    const scored = await scorer.score(
      group.map(i => reads[i]),
      { ...hooks, ...(perBase && { perBase: group.map(i => perBase[i]) }) },
    )
    group.forEach((i, k) => {
      likelihoods[i] = scored[k]
    })
  })
  await Promise.all(groups)
  return likelihoods
}

/** Positions of the reads, in groups whose longest read is at most about four times as long as the shortest. */
function groupByLength(reads: readonly Uint8Array[]): number[][] {
  const longestFirst = reads.map((_, i) => i).sort((a, b) => reads[b].length - reads[a].length)
  const groups: number[][] = []
  let longest = Number.POSITIVE_INFINITY
  for (const i of longestFirst) {
    if (longest > 4 * reads[i].length + 256) {
      groups.push([])
      longest = reads[i].length
    }
    groups[groups.length - 1].push(i)
  }
  return groups
}
