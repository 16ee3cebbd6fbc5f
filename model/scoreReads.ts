import { reverseComplement } from '../data/index.js'
import type { LogLikelihood, Scorer, ScoringHooks } from './scorer.js'

/**
 * Log-likelihoods of reads of any lengths, in their order; over both strands the mean of a read's and that of its reverse
 * complement. `perBase` of the hooks is of the strand that is given.
 */
export async function scoreReads(
  scorer: Scorer,
  reads: readonly Uint8Array[],
  bothStrands: boolean,
  hooks: ScoringHooks = {},
): Promise<LogLikelihood[]> {
  const { perBase: _, ...backwardHooks } = hooks
  const [forward, backward] = await Promise.all([
    scoreByLength(scorer, reads, hooks),
    bothStrands ? scoreByLength(scorer, reads.map(reverseComplement), backwardHooks) : undefined,
  ])
  if (!backward) return forward
  // Both strands have the same number of counted predictions.
  return forward.map(({ sum, count, mean }, i) => ({
    sum: (sum + backward[i].sum) / 2,
    count,
    mean: (mean + backward[i].mean) / 2,
  }))
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
