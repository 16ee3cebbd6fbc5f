import { EmptyInputError, type Read } from '../../data/index.js'
import { openDevice } from '../../engine/index.js'
import { DetectorScores, networksOf, rowsOfBatch, type SavedDetector } from '../../model/index.js'
import { loadPageDetector, type OwnModels } from './detector.js'
import { groupsOf } from './fileReads.js'
import { buffersOf, type RowBatch, rowBatch } from './rowBatch.js'
import type { TaskContext } from './task.js'

export type ScoreInput = {
  /** The reads: FASTA, FASTQ or another format that the command line takes, plain or gzip. */
  readonly files: readonly File[]
  /** Without it, the detector that comes with the page. */
  readonly models?: OwnModels
}

/** What scores, and what its scores mean. */
export type OpenedDetector = {
  readonly name: string
  /** Genera that it knows; undefined where its file does not say. */
  readonly genera: readonly string[] | undefined
  /** Names of the scores, and the index of that which calls rest on. */
  readonly columns: readonly string[]
  /** Of each column, whether it is a sum over bases, which grows with them, and no mean. */
  readonly areSums: readonly boolean[]
  readonly main: number
  /** Scores of held-out fragments of known genera, by the names of the scores that are calibrated. */
  readonly calibrations: ReadonlyMap<string, readonly CalibrationScores[]>
  /** Whether a score can be told base by base. */
  readonly hasTracks: boolean
}

type CalibrationScores = { readonly length: number; readonly scores: Float64Array }

export type ScoreReport =
  /** Before the first read. `device`: what computes, `WebAssembly SIMD, …, 2 threads, …`. */
  | { readonly kind: 'opened'; readonly device: string; readonly detector: OpenedDetector }
  /** A group is done. `file`: the index of its file; `fraction`: of the bytes of all files that is done. */
  | { readonly kind: 'scored'; readonly file: number; readonly rows: RowBatch; readonly fraction: number }
  /** Something that the user must know; it ends nothing. */
  | { readonly kind: 'warning'; readonly text: string }

export type ScoreResult = { readonly reads: number; readonly seconds: number }

/** The first group of a file is a share of the others: its scores are there the sooner. */
const firstShare = 8
/** So many groups of reads are being scored at once, so that the rows of a batch never want for reads. */
const ahead = 3

/**
 * Scores all reads of files with all scores of a detector, in groups, in their order.
 * @throws InputError at a file's first damage, after the reads before it; CheckpointError for models that are none;
 * AbortError when stopped.
 */
export async function score(
  { files, models }: ScoreInput,
  context: TaskContext<ScoreReport, never>,
): Promise<ScoreResult> {
  const runtime = await openDevice('wasm')
  const detector = await loadPageDetector(models)
  const batch = rowsOfBatch(networksOf(detector))
  const scores = new DetectorScores(detector, {
    batch,
    bothStrands: detector.calibration?.bothStrands ?? false,
  })
  context.report({
    kind: 'opened',
    device: runtime.device.description,
    detector: described(detector, scores),
  })
  const start = performance.now()
  const progress = new Progress(files)
  const pending: Promise<() => void>[] = []
  const scored = async (file: number, reads: readonly Read[]): Promise<() => void> => {
    const rows = rowBatch(reads, await scores.score(reads.map(read => read.bases)))
    return () => {
      const fraction = progress.scored(rows)
      context.report({ kind: 'scored', file, rows, fraction }, buffersOf(rows))
    }
  }
  try {
    for (const [i, file] of files.entries())
      try {
        for await (const reads of groupsOf(file, { first: batch / firstShare, size: batch }, bytes =>
          progress.read(bytes),
        )) {
          await context.turn()
          progress.parsed(reads)
          const group = scored(i, reads)
          group.catch(() => {}) // thrown where it is waited for
          pending.push(group)
          if (pending.length === ahead) (await pending.shift())?.()
        }
      } catch (error) {
        if (!(error instanceof EmptyInputError) || files.length === 1) throw error
        context.report({ kind: 'warning', text: error.message })
      }
  } finally {
    // Also where reading has failed: what came before is sound.
    if (!context.signal.aborted) for (const group of pending) (await group)()
    scores.dispose()
  }
  return { reads: progress.reads, seconds: (performance.now() - start) / 1000 }
}

function described(detector: SavedDetector, scores: DetectorScores): OpenedDetector {
  const { path, metadata, calibration } = detector
  return {
    name: path,
    genera: metadata.genera?.split(/,\s*/),
    columns: scores.scores.map(score => score.name),
    areSums: scores.scores.map(({ summed }) => summed !== undefined),
    main: scores.main,
    calibrations: new Map(
      Array.from(calibration?.scores ?? [], ([name, { lengths, scores }]) => [
        name,
        lengths.map((length, i) => ({ length, scores: scores[i] })),
      ]),
    ),
    hasTracks: scores.tracked !== undefined,
  }
}

/** How much of some files is done. What is read is ahead of what is scored; bases tell by how much. */
class Progress {
  reads = 0
  readonly #totalBytes: number
  #bytesRead = 0
  #basesRead = 0
  #basesScored = 0

  constructor(files: readonly File[]) {
    this.#totalBytes = files.reduce((sum, { size }) => sum + size, 0)
  }

  read(bytes: number): void {
    this.#bytesRead += bytes
  }

  parsed(reads: readonly Read[]): void {
    for (const { bases } of reads) this.#basesRead += bases.length
  }

  /** The fraction that is done with these. */
  scored({ count, lengths }: RowBatch): number {
    this.reads += count
    for (const length of lengths) this.#basesScored += length
    return ((this.#bytesRead / this.#totalBytes) * this.#basesScored) / (this.#basesRead || 1)
  }
}
