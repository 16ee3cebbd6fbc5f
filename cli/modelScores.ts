import type { Read } from '../data/index.js'
import type { Score } from '../eval/scores/index.js'
import type { DetectorScores } from '../model/index.js'
import type { Input } from './input.js'
import { ScoringProgress, scoreInOrder } from './scoring.js'
import type { Tally } from './tally.js'

/**
 * What an evaluation compares of a detector: the networks' `likelihood` and, with a background model, their `ratio`, and
 * the detector's other scores under their own names.
 */
export function methodsOf(detector: DetectorScores, hasBackground: boolean): Score[] {
  const names: Readonly<Record<string, string | undefined>> = {
    ll_fg: 'likelihood',
    ll_bg: undefined, // the background alone is no method
    llr: hasBackground ? 'ratio' : undefined,
  }
  return detector.scores.flatMap(score => {
    const name = Object.hasOwn(names, score.name) ? names[score.name] : score.name
    return name === undefined ? [] : [{ name, score: fragments => score.score(fragments) }]
  })
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
  { batch, quiet }: { readonly batch: number; readonly quiet?: boolean },
): AsyncGenerator<ReadWithScores[]> {
  const progress = new ScoringProgress(input, tally, quiet)
  const scoring = {
    batch,
    fragmentsOf: ({ bases }: Read) => [bases],
    async score(fragments: readonly Uint8Array[]) {
      const columns = await Promise.all(methods.map(method => method.score(fragments)))
      return fragments.map((_, i) => columns.map(column => column[i]))
    },
  }
  try {
    for await (const group of scoreInOrder(input.reads, scoring)) {
      const scored = group.map(({ item: read, scores: [scores] }) => ({ read, scores }))
      let bases = 0
      for (const { read, scores } of scored) {
        tally.add(read, scores[0])
        bases += read.bases.length
      }
      progress.read(bases)
      progress.scored(bases)
      yield scored
    }
  } finally {
    progress.stop()
  }
}
