import { type Estimate, noInterval } from './interval.js'
import { auroc } from './metrics.js'
import type { Scores } from './ranking.js'
import { tConfidence } from './student.js'

/** A mean over batches, and how many there were. */
export type BatchMean = Estimate & { batches: number }

/** The reference's batch: so many reads of each class. */
export const batchSize = 100

/**
 * The figure that the reference programs log: AUROCs of single batches, `size` reads of each class in their order, and
 * their mean. (Their published 0.641 and 0.677 are means of a hundred of these, one at each validation of a training:
 * `meanLoggedAuroc`.) It estimates the AUROC itself, worse than all reads at once do. An incomplete batch does not count;
 * NaN without a batch, no interval with one.
 *
 * @throws RangeError for a NaN.
 */
export function meanBatchAuroc(inScores: Scores, oodScores: Scores, size = batchSize): BatchMean {
  const batches = Math.floor(Math.min(inScores.length, oodScores.length) / size)
  const batchOf = (scores: Scores, batch: number): Float64Array =>
    Float64Array.from({ length: size }, (_, i) => scores[batch * size + i])
  const aurocs = Array.from({ length: batches }, (_, batch) =>
    auroc(batchOf(inScores, batch), batchOf(oodScores, batch)),
  )
  return meanOf(aurocs)
}

/** The mean of independent AUROCs with Student's interval, as far as it lies between 0 and 1. */
export function meanOf(values: readonly number[]): BatchMean {
  const n = values.length
  const value = values.reduce((sum, x) => sum + x, 0) / n
  if (n < 2) return { value, ...noInterval, batches: n }
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (n - 1)
  const margin = tConfidence(n - 1) * Math.sqrt(variance / n)
  return { value, low: Math.max(0, value - margin), high: Math.min(1, value + margin), batches: n }
}
