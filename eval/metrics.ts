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
 * @throws RangeError for an empty class or a NaN.
 * @example
 * ```ts
 * import { auroc } from 'xenograd/eval'
 *
 * console.log(auroc([0.9, 0.8, 0.3], [0.5, 0.1])) // 0.8333333333333334
 * ```
 */
export const auroc = (inScores: Scores, oodScores: Scores): number => aurocOf(rank(inScores, oodScores))

/**
 * Area under the precision-recall curve as average precision: the sum over the distinct scores of precision times gain
 * in recall, without interpolation, as scikit-learn's `average_precision_score`. For `positive = 'ood'` reads are
 * called from the lowest score upwards. Its value at chance is the share of the positive class.
 *
 * @throws RangeError for an empty class or a NaN.
 */
export const auprc = (inScores: Scores, oodScores: Scores, positive: Positive = 'in'): number =>
  auprcOf(rank(inScores, oodScores), positive)

/**
 * The smallest false positive rate over all thresholds (the distinct scores) whose true positive rate is at least
 * `tpr`, in (0, 1]. No interpolation between thresholds: this is the first such point of scikit-learn's
 * `roc_curve(…, drop_intermediate=False)`.
 *
 * @throws RangeError for an empty class, a NaN, or another `tpr`.
 */
export const fprAtTpr = (
  inScores: Scores,
  oodScores: Scores,
  tpr: number,
  positive: Positive = 'in',
): number => fprAtTprOf(rank(inScores, oodScores), tpr, positive)

/** `auroc` of counts per distinct score. */
export function aurocOf({ inCounts, oodCounts }: Counts): number {
  let oodBelow = 0
  let wins = 0
  for (let i = 0; i < inCounts.length; i++) {
    wins += inCounts[i] * (oodBelow + oodCounts[i] / 2)
    oodBelow += oodCounts[i]
  }
  return wins / (total(inCounts) * oodBelow)
}

/** `auprc` of counts per distinct score. */
export function auprcOf(counts: Counts, positive: Positive): number {
  const { positives, negatives, start, step } = sweep(counts, positive)
  let truePositives = 0
  let falsePositives = 0
  let area = 0
  for (let i = start; i >= 0 && i < positives.length; i += step) {
    truePositives += positives[i]
    falsePositives += negatives[i]
    if (positives[i] > 0) area += (positives[i] * truePositives) / (truePositives + falsePositives)
  }
  return area / truePositives
}

/**
 * `fprAtTpr` of counts per distinct score.
 * @throws RangeError when `tpr` is not in (0, 1].
 */
export function fprAtTprOf(counts: Counts, tpr: number, positive: Positive): number {
  if (!(tpr > 0 && tpr <= 1)) throw new RangeError(`true positive rate: got ${tpr}, give one in (0, 1]`)
  const { positives, negatives, start, step } = sweep(counts, positive)
  const allPositives = total(positives)
  let truePositives = 0
  let falsePositives = 0
  for (let i = start; truePositives / allPositives < tpr; i += step) {
    truePositives += positives[i]
    falsePositives += negatives[i]
  }
  return falsePositives / total(negatives)
}

/**
 * The ROC curve's corners from (0, 0) to (1, 1), the positive class being the in-distribution one.
 * @throws RangeError for an empty class or a NaN.
 */
export function rocCurve(inScores: Scores, oodScores: Scores): { fpr: Float64Array; tpr: Float64Array } {
  const { inCounts, oodCounts } = rank(inScores, oodScores)
  const corners = (counts: Float64Array, reads: number): Float64Array => {
    const rates = new Float64Array(counts.length + 1)
    let called = 0
    for (let i = 1; i < rates.length; i++) {
      called += counts[counts.length - i]
      rates[i] = called / reads
    }
    return rates
  }
  return { fpr: corners(oodCounts, oodScores.length), tpr: corners(inCounts, inScores.length) }
}

/** The order in which a threshold passes the distinct scores: downwards, or for `ood` upwards. */
const sweep = ({ inCounts, oodCounts }: Counts, positive: Positive) =>
  positive === 'in'
    ? { positives: inCounts, negatives: oodCounts, start: inCounts.length - 1, step: -1 }
    : { positives: oodCounts, negatives: inCounts, start: 0, step: 1 }

function total(counts: Float64Array): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += counts[i]
  return sum
}
