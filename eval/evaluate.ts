import { type BatchMean, batchSize, meanBatchAuroc } from './batchAuroc.js'
import { bootstrapIntervals } from './bootstrap.js'
import type { ClusterLabels } from './clusters.js'
import { type Correlation, correlate } from './correlation.js'
import { aurocEstimateOf, type PairedTest, pairedDelongOf } from './delong.js'
import { fprAtTprInterval } from './fprInterval.js'
import { type GroupEvaluation, groupEstimates, groupsOf } from './groups.js'
import { confidence, type Estimate } from './interval.js'
import { auprcOf, fprAtTprOf } from './metrics.js'
import { type Counts, rank } from './ranking.js'
import { type ClassSize, type EvaluationReads, type KeptReads, scoredReads } from './reads.js'

/** What is independent of each other: reads, or all reads of a genome, or of a genus, together. */
export type ClusterUnit = 'read' | 'genome' | 'genus'

/** What an evaluation computes, and over what its intervals are. */
export type EvaluationOptions = {
  /** Seed of the bootstrap; default 1. */
  seed?: number
  /** Replicates of the bootstrap; default 1000, 0 for no intervals of AUPRC. */
  replicates?: number
  /** What intervals and tests take for independent. Default `read`. */
  cluster?: ClusterUnit
  /** Out-of-distribution genera that are near the in-distribution ones; they and the others are then told apart. */
  near?: readonly string[]
}

/** What an evaluation finds out about one score. */
export type ScoreEvaluation = {
  score: string
  /** Positive class: in-distribution. */
  auroc: Estimate
  auprcIn: Estimate
  auprcOod: Estimate
  /** FPR at a TPR of 80 % and 95 %; positive class: in-distribution. */
  fpr80: Estimate
  fpr95: Estimate
  /** The mean of the AUROCs of batches of 100 reads of each class, which is what the reference programs report. */
  meanBatchAuroc: BatchMean
  /** Of how many reads of each class the score is not a number; they count for no score. */
  undefinedScores: { inDistribution: number; outOfDistribution: number }
  /** Correlation with GC content: what a score should not depend on. */
  gcCorrelation?: { all: Correlation; inDistribution: Correlation; outOfDistribution: Correlation }
}

/** Two scores of an evaluation, compared on the same reads. */
export type Comparison = PairedTest & {
  score: string
  against: string
}

/** Everything the evaluator finds; NaN stands for undefined (and is null in JSON). */
export type Evaluation = {
  inDistribution: ClassSize
  outOfDistribution: ClassSize
  /** How the intervals were made. */
  intervals: { confidence: number; seed: number; replicates: number; unit: ClusterUnit; batchSize: number }
  scores: ScoreEvaluation[]
  /** Paired tests of every later score against the first. */
  comparisons: Comparison[]
  /** By genus, by length, and near and far genera, as far as those are known. */
  groups: GroupEvaluation[]
}

/** The metrics whose intervals come from the bootstrap. */
const bootstrapped = {
  auprcIn: (counts: Counts) => auprcOf(counts, 'in'),
  auprcOod: (counts: Counts) => auprcOf(counts, 'ood'),
}

/**
 * Evaluates one or several scores on the same reads. AUROC intervals and tests are DeLong's, those of AUPRC come
 * from a seeded stratified bootstrap, those of FPR from an inverted test (`fprAtTprInterval`). A read with a NaN in any score is dropped from all of them, and counted, so that
 * the tests stay paired; infinities are ordinary extreme scores.
 *
 * @throws RangeError when a class has no read left, the classes have different scores, the lengths disagree, `cluster`
 * or `near` needs names that are not there, or `near` has a genus that no out-of-distribution read is of.
 */
export function evaluateScores(
  reads: EvaluationReads,
  { seed = 1, replicates = 1000, cluster = 'read', near }: EvaluationOptions = {},
): Evaluation {
  const kept = scoredReads(reads)
  const { names, inside, outside } = kept
  const labels = clusterLabels(cluster, inside, outside)
  const groups = groupsOf(kept, labels, near)
  const groupAurocs = groups.map((): Record<string, Estimate> => ({}))
  const first = rank(inside.scores[names[0]], outside.scores[names[0]])
  const scores: ScoreEvaluation[] = []
  const comparisons: Comparison[] = []
  // One score after the other, so that of many scores of a million reads only two rankings are there at once.
  for (const [i, name] of names.entries()) {
    const ranking = i === 0 ? first : rank(inside.scores[name], outside.scores[name])
    const intervals = bootstrapIntervals(ranking, bootstrapped, { replicates, seed, labels })
    const estimate = (metric: keyof typeof bootstrapped): Estimate => ({
      value: bootstrapped[metric](ranking),
      ...intervals[metric],
    })
    const fprAt = (tpr: number): Estimate => ({
      value: fprAtTprOf(ranking, tpr, 'in'),
      ...fprAtTprInterval(ranking, tpr, 'in', labels),
    })
    scores.push({
      score: name,
      auroc: aurocEstimateOf(ranking, labels),
      auprcIn: estimate('auprcIn'),
      auprcOod: estimate('auprcOod'),
      fpr80: fprAt(0.8),
      fpr95: fprAt(0.95),
      meanBatchAuroc: meanBatchAuroc(inside.scores[name], outside.scores[name]),
      undefinedScores: {
        inDistribution: inside.undefinedScores[name],
        outOfDistribution: outside.undefinedScores[name],
      },
      ...gcCorrelation(name, inside, outside),
    })
    if (i > 0) comparisons.push({ score: name, against: names[0], ...pairedDelongOf(ranking, first, labels) })
    for (const [g, auroc] of groupEstimates(ranking, groups).entries()) groupAurocs[g][name] = auroc
  }
  return {
    inDistribution: { reads: inside.reads, dropped: inside.dropped },
    outOfDistribution: { reads: outside.reads, dropped: outside.dropped },
    intervals: { confidence, seed, replicates, unit: cluster, batchSize },
    scores,
    comparisons,
    groups: groups.map(({ by, group, distribution, readsIn, readsOod }, g) => ({
      ...{ by, group, distribution, readsIn, readsOod },
      auroc: groupAurocs[g],
    })),
  }
}

function clusterLabels(unit: ClusterUnit, inside: KeptReads, outside: KeptReads): ClusterLabels {
  if (unit === 'read') return {}
  const labels = { in: inside[unit], ood: outside[unit] }
  if (!labels.in || !labels.ood) {
    const units = unit === 'genus' ? 'genera' : 'genomes'
    throw new RangeError(`intervals over ${units} need the ${unit} of every read of both classes`)
  }
  return labels
}

/** How a score goes with GC content, where that is given: over all reads, and within each class. */
function gcCorrelation(
  score: string,
  inside: KeptReads,
  outside: KeptReads,
): Pick<ScoreEvaluation, 'gcCorrelation'> {
  if (!inside.gc || !outside.gc) return {}
  const [scoresIn, scoresOod] = [inside.scores[score], outside.scores[score]]
  return {
    gcCorrelation: {
      all: correlate(joined(inside.gc, outside.gc), joined(scoresIn, scoresOod)),
      inDistribution: correlate(inside.gc, scoresIn),
      outOfDistribution: correlate(outside.gc, scoresOod),
    },
  }
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
