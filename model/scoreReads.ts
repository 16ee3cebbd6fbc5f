import { reverseComplement } from '../data/index.js'
import type { LogLikelihood, PassHooks, ScoringPass } from './scoringPass.js'

/**
 * Log-likelihoods of reads under each model of a pass, in the order of the reads; over both strands the mean of a read's and
 * that of its reverse complement. `onBases` of the hooks is told of the strand that is given.
 */
export async function scoreReads(
  pass: ScoringPass,
  reads: readonly Uint8Array[],
  bothStrands: boolean,
  hooks: PassHooks = {},
): Promise<LogLikelihood[][]> {
  const { onBases: _, ...backwardHooks } = hooks
  const [forward, backward] = await Promise.all([
    pass.score(reads, hooks),
    bothStrands ? pass.score(reads.map(reverseComplement), backwardHooks) : undefined,
  ])
  if (!backward) return forward
  // Both strands have the same number of counted predictions.
  return forward.map((ofModel, model) =>
    ofModel.map(({ sum, count, mean }, i) => ({
      sum: (sum + backward[model][i].sum) / 2,
      count,
      mean: (mean + backward[model][i].mean) / 2,
    })),
  )
}
