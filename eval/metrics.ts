/**
 * AUROC, AUPRC and FPR at a given TPR. Each exists for scores and, with the suffix `Of`, for counts per distinct score,
 * which is what the bootstrap resamples.
 */
import { type Counts, type Positive, rank, type Scores } from './ranking.js'

/**
 * Area under the ROC curve: the probability that a random in-distribution read scores higher than a random
 * out-of-distribution read, ties counting one half. Scores are higher for in-distribution reads; the positive class is
 * the in-distribution one (with the classes and the sign of the scores both exchanged it is the same).
 *
 * Throws a RangeError for an empty class or a NaN.
 */
export const auroc = (inScores: Scores, oodScores: Scores): number => aurocOf(rank(inScores, oodScores))

/**
 * Area under the precision-recall curve as average precision: the sum over the distinct scores of precision times gain
 * in recall, without interpolation, as scikit-learn's `average_precision_score`. For `positive = 'ood'` reads are
 * called from the lowest score upwards. Its value at chance is the share of the positive class.
 *
 * Throws a RangeError for an empty class or a NaN.
 */
export const auprc = (inScores: Scores, oodScores: Scores, positive: Positive = 'in'): number =>
  auprcOf(rank(inScores, oodScores), positive)

/**
 * The smallest false positive rate over all thresholds (the distinct scores) whose true positive rate is at least
 * `tpr`, in (0, 1]. No interpolation between thresholds: this is the first such point of scikit-learn's
 * `roc_curve(…, drop_intermediate=False)`.
 *
 * Throws a RangeError for an empty class, a NaN, or another `tpr`.
 */
export const fprAtTpr = (
  inScores: Scores,
  oodScores: Scores,
  tpr: number,
  positive: Positive = 'in',
): number => fprAtTprOf(rank(inScores, oodScores), tpr, positive)

/** See `auroc`. */
export function aurocOf({ inCounts, oodCounts }: Counts): number {
  let oodBelow = 0
  let inBelow = 0
  let wins = 0
  for (let i = 0; i < inCounts.length; i++) {
    wins += inCounts[i] * (oodBelow + oodCounts[i] / 2)
    oodBelow += oodCounts[i]
    inBelow += inCounts[i]
  }
  return wins / (inBelow * oodBelow)
}

/** See `auprc`. */
export function auprcOf(counts: Counts, positive: Positive): number {
  let area = 0
  sweep(counts, positive, (truePositives, falsePositives, gained) => {
    if (gained > 0) area += (gained * truePositives) / (truePositives + falsePositives)
    return false
  })
  return area / total(positive === 'in' ? counts.inCounts : counts.oodCounts)
}

/** See `fprAtTpr`. */
export function fprAtTprOf(counts: Counts, tpr: number, positive: Positive): number {
  if (!(tpr > 0 && tpr <= 1)) throw new RangeError(`true positive rate: got ${tpr}, give one in (0, 1]`)
  const [positives, negatives] = inOrder(counts, positive).map(total)
  let fpr = 1
  sweep(counts, positive, (truePositives, falsePositives) => {
    if (truePositives / positives < tpr) return false
    fpr = falsePositives / negatives
    return true
  })
  return fpr
}

/** The ROC curve's corners from (0, 0) to (1, 1), the positive class being the in-distribution one. */
export function rocCurve(inScores: Scores, oodScores: Scores): { fpr: Float64Array; tpr: Float64Array } {
  const counts = rank(inScores, oodScores)
  const fpr = new Float64Array(counts.scores.length + 1)
  const tpr = new Float64Array(counts.scores.length + 1)
  let i = 0
  sweep(counts, 'in', (truePositives, falsePositives) => {
    i++
    tpr[i] = truePositives / inScores.length
    fpr[i] = falsePositives / oodScores.length
    return false
  })
  return { fpr, tpr }
}

const inOrder = ({ inCounts, oodCounts }: Counts, positive: Positive): [Float64Array, Float64Array] =>
  positive === 'in' ? [inCounts, oodCounts] : [oodCounts, inCounts]

const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0)

/** Lowers the threshold over the distinct scores (for 'ood': raises it) until `visit` returns true. */
function sweep(
  counts: Counts,
  positive: Positive,
  visit: (truePositives: number, falsePositives: number, gained: number) => boolean,
): void {
  const [positives, negatives] = inOrder(counts, positive)
  const levels = positives.length
  let truePositives = 0
  let falsePositives = 0
  for (let i = 0; i < levels; i++) {
    const level = positive === 'in' ? levels - 1 - i : i
    truePositives += positives[level]
    falsePositives += negatives[level]
    if (visit(truePositives, falsePositives, positives[level])) return
  }
}
