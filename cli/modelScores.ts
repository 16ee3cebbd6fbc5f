import { setImmediate } from 'node:timers/promises'
import type { Read } from '../data/index.js'
import type { Score } from '../eval/scores/index.js'
import type { Detector, ReadScores } from '../model/index.js'
import type { Input } from './input.js'
import { interrupted } from './interrupt.js'
import { startProgress } from './progress.js'
import { inBatches, prefetch, type ScoringFlags } from './scoring.js'
import type { Tally } from './tally.js'

/** The scores of a detector of two networks (`likelihood`, and `ratio` if it has a background), one of many methods. */
export function modelScores(detector: Detector, hasBackground: boolean): Score[] {
  // Both are asked for the same fragments, which go through the networks once.
  const pending = new WeakMap<readonly Uint8Array[], Promise<ReadScores[]>>()
  const scoresOf = (fragments: readonly Uint8Array[]): Promise<ReadScores[]> => {
    const scores = pending.get(fragments) ?? detector.score(fragments)
    pending.set(fragments, scores)
    return scores
  }
  const column = (name: string, of: (scores: ReadScores) => number): Score => ({
    name,
    score: async fragments => Float64Array.from(await scoresOf(fragments), of),
  })
  const likelihood = column('likelihood', ({ foreground }) => foreground)
  return hasBackground ? [likelihood, column('ratio', ({ ratio }) => ratio)] : [likelihood]
}

/** A read with its scores, in the order of the methods. */
export type ReadWithScores = { readonly read: Read; readonly scores: readonly number[] }

/**
 * Scores all reads of an input by every method, in batches, in their order, in bounded memory, with progress on stderr.
 * @throws InputError for a damaged read, AbortError when the user interrupts.
 */
export async function* scoreFragments(
  methods: readonly Score[],
  input: Input,
  tally: Tally,
  { batch, quiet }: ScoringFlags,
): AsyncGenerator<ReadWithScores[]> {
  async function* started() {
    for await (const reads of inBatches(input.reads, batch)) {
      interrupted.throwIfAborted()
      const fragments = reads.map(({ bases }) => bases)
      const columns = Promise.all(methods.map(method => method.score(fragments)))
      columns.catch(() => {}) // thrown where they are waited for, if no error comes before
      yield { reads, columns }
    }
  }
  const progress = startProgress(input.totalBytes, { quiet })
  try {
    for await (const { reads, columns: pending } of prefetch(started())) {
      const columns = await pending
      const scored = reads.map((read, i) => ({ read, scores: columns.map(column => column[i]) }))
      for (const { read, scores } of scored) tally.add({ read, foreground: scores[0] })
      progress.update(input.bytesRead(), `${tally.reads} reads, ${tally.readsPerSecond}`)
      yield scored
      // Let the event loop see to signals and the terminal.
      await setImmediate()
    }
  } finally {
    progress.stop()
  }
}
