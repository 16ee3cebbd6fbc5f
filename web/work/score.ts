import { gcFraction, type Read, readReads } from '../../data/index.js'
import { openDevice } from '../../engine/index.js'
import { DetectorScores } from '../../model/index.js'
import { loadPageDetector } from './detector.js'
import type { TaskContext } from './task.js'

export type ScoreInput = {
  /** The reads: FASTA, FASTQ or another format that the command line takes, plain or gzip. */
  readonly reads: Blob
  /** What messages call them. */
  readonly name: string
  /** A detector's file of the user's own; without it the one that comes with the page. */
  readonly detector?: File
  /** Reads that go through the networks together (default 100). */
  readonly batch?: number
}

/** A row of the table, as `xenograd score` has it. */
export type ScoredRead = {
  readonly name: string
  /** In bases. */
  readonly length: number
  /** Fraction of G and C among the known bases; NaN where none is known. */
  readonly gc: number
  /** Of all columns, in their order; NaN where one is not defined. */
  readonly scores: readonly number[]
  /** The conformal p-value of the main score; NaN where there is none. */
  readonly p: number
}

export type ScoreReport =
  /** Before the first read. */
  | {
      readonly kind: 'opened'
      /** What computes: `WebAssembly SIMD, …, 2 threads, …`. */
      readonly device: string
      /** Names of the scores, and the index of that which calls rest on. */
      readonly columns: readonly string[]
      readonly main: number
    }
  /** A batch is done. `fraction`: of the file's bytes that have been read. */
  | { readonly kind: 'scored'; readonly reads: readonly ScoredRead[]; readonly fraction: number }

export type ScoreResult = { readonly reads: number; readonly seconds: number }

/** The most bases that go through the scores together: it bounds the memory. */
const mostBases = 2 ** 21

/**
 * Scores all reads of a file with the detector's scores, in batches, in the file's order.
 * @throws InputError at the file's first damage, after the reads before it; CheckpointError for a detector that is none;
 * AbortError when stopped.
 */
export async function score(
  { reads, name, detector: own, batch = 100 }: ScoreInput,
  context: TaskContext<ScoreReport, never>,
): Promise<ScoreResult> {
  const start = performance.now()
  const runtime = await openDevice('wasm')
  const detector = await loadPageDetector(own)
  const scores = new DetectorScores(detector, { batch })
  const columns = scores.scores.map(score => score.name)
  const calibration = detector.calibration?.scores.get(columns[scores.main])
  context.report({ kind: 'opened', device: runtime.device.description, columns, main: scores.main })
  let count = 0
  let bytesRead = 0
  try {
    for await (const group of inBatches(
      readReads(
        counted(reads, n => (bytesRead += n)),
        { name },
      ),
      batch,
    )) {
      await context.turn()
      const scored = await scores.score(group.map(read => read.bases))
      count += group.length
      const rows = group.map(({ name, bases }, i) => ({
        name,
        length: bases.length,
        gc: gcFraction(bases),
        scores: scored[i],
        p: calibration?.pValue(scored[i][scores.main], bases.length) ?? Number.NaN,
      }))
      context.report({ kind: 'scored', reads: rows, fraction: bytesRead / reads.size })
    }
  } finally {
    scores.dispose()
  }
  return { reads: count, seconds: (performance.now() - start) / 1000 }
}

/** The chunks of a file; `onBytes` is told how many bytes each has. */
async function* counted(file: Blob, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      onBytes(value.length)
      yield value
    }
  } finally {
    // Whoever stops early does not wait for the file.
    void reader.cancel().catch(() => {})
  }
}

/** Groups of `size` reads, or of fewer that have `mostBases` bases; those before a damage, too. */
async function* inBatches(reads: AsyncIterable<Read>, size: number): AsyncGenerator<Read[]> {
  let batch: Read[] = []
  let bases = 0
  try {
    for await (const read of reads) {
      batch.push(read)
      bases += read.bases.length
      if (batch.length < size && bases < mostBases) continue
      yield batch
      batch = []
      bases = 0
    }
  } catch (error) {
    if (batch.length > 0) yield batch
    throw error
  }
  if (batch.length > 0) yield batch
}
