import type { Score } from '../eval/scores/score.js'
import type { Detector, ReadScores } from '../model/index.js'

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
