import { groups } from 'd3-array'
import { bootstrapIntervals } from './bootstrap.js'
import type { ClusterLabels } from './clusters.js'
import { pearson, spearman } from './correlation.js'
import { aurocEstimateOf, type PairedTest, pairedDelongOf } from './delong.js'
import { auprcOf, fprAtTprOf } from './metrics.js'
import { confidence, type Estimate } from './normal.js'
import { type Counts, type Ranking, rank, rankingOfSome } from './ranking.js'
import { type ClassSize, type EvaluationReads, type KeptReads, scoredReads } from './reads.js'

export type EvaluationOptions = {
  /** Seed of the bootstrap; default 1. */
  seed?: number
  /** Replicates of the bootstrap; default 1000, 0 for no intervals. */
  replicates?: number
  /** Take genera instead of reads as independent, for all intervals and tests. Default false. */
  clusterByGenus?: boolean
}

export type Correlation = {
  pearson: number
  spearman: number
}

export type ScoreEvaluation = {
  score: string
  /** Positive class: in-distribution. */
  auroc: Estimate
  auprcIn: Estimate
  auprcOod: Estimate
  /** FPR at a TPR of 80 % and 95 %; positive class: in-distribution. */
  fpr80: Estimate
  fpr95: Estimate
  /** Correlation with GC content: what a score should not depend on. */
  gcCorrelation?: { all: Correlation; inDistribution: Correlation; outOfDistribution: Correlation }
}

export type Comparison = PairedTest & {
  score: string
  against: string
}

export type GenusEvaluation = {
  genus: string
  distribution: 'in' | 'ood'
  reads: number
  /** By score: AUROC of this genus' reads against all reads of the other class. */
  auroc: Record<string, Estimate>
}

/** Everything the evaluator finds; NaN stands for undefined (and is null in JSON). */
export type Evaluation = {
  inDistribution: ClassSize
  outOfDistribution: ClassSize
  /** How the intervals were made. */
  intervals: { confidence: number; seed: number; replicates: number; unit: 'read' | 'genus' }
  scores: ScoreEvaluation[]
  /** Paired tests of every later score against the first. */
  comparisons: Comparison[]
  /** One entry per genus and class, where genera are given. */
  genera: GenusEvaluation[]
}

/** The metrics whose intervals come from the bootstrap. */
const bootstrapped = {
  auprcIn: (counts: Counts) => auprcOf(counts, 'in'),
  auprcOod: (counts: Counts) => auprcOf(counts, 'ood'),
  fpr80: (counts: Counts) => fprAtTprOf(counts, 0.8, 'in'),
  fpr95: (counts: Counts) => fprAtTprOf(counts, 0.95, 'in'),
}

/**
 * Evaluates one or several scores on the same reads. AUROC intervals and tests are DeLong's, the others come from a
 * seeded stratified bootstrap. A read with a NaN in any score is dropped from all of them, and counted, so that
 * the tests stay paired; infinities are ordinary extreme scores.
 *
 * @throws RangeError when a class has no read left, the classes have different scores, the lengths disagree, or
 * `clusterByGenus` finds no genera.
 */
export function evaluateScores(
  reads: EvaluationReads,
  { seed = 1, replicates = 1000, clusterByGenus = false }: EvaluationOptions = {},
): Evaluation {
  const { names, inside, outside } = scoredReads(reads)
  const labels = clusterByGenus ? genusLabels(inside, outside) : {}

  const rankings = names.map(name => rank(inside.scores[name], outside.scores[name]))
  const intervals = bootstrapIntervals(rankings, bootstrapped, { replicates, seed, labels })
  const scores = names.map((name, i): ScoreEvaluation => {
    const estimate = (metric: keyof typeof bootstrapped): Estimate => ({
      value: bootstrapped[metric](rankings[i]),
      ...intervals[i][metric],
    })
    return {
      score: name,
      auroc: aurocEstimateOf(rankings[i], labels),
      auprcIn: estimate('auprcIn'),
      auprcOod: estimate('auprcOod'),
      fpr80: estimate('fpr80'),
      fpr95: estimate('fpr95'),
      ...gcCorrelation(name, inside, outside),
    }
  })
  const [against, ...others] = names
  const comparisons = others.map((score, i) => ({
    score,
    against,
    ...pairedDelongOf(rankings[i + 1], rankings[0], labels),
  }))
  return {
    inDistribution: { reads: inside.reads, dropped: inside.dropped },
    outOfDistribution: { reads: outside.reads, dropped: outside.dropped },
    intervals: { confidence, seed, replicates, unit: clusterByGenus ? 'genus' : 'read' },
    scores,
    comparisons,
    genera: [
      ...perGenus('in', inside.genus, names, rankings),
      ...perGenus('ood', outside.genus, names, rankings),
    ],
  }
}

function genusLabels(inside: KeptReads, outside: KeptReads): ClusterLabels {
  if (!inside.genus || !outside.genus) {
    throw new RangeError('intervals over genera need the genus of every read of both classes')
  }
  return { in: inside.genus, ood: outside.genus }
}

/** How a score goes with GC content, where that is given: over all reads, and within each class. */
function gcCorrelation(
  score: string,
  inside: KeptReads,
  outside: KeptReads,
): Pick<ScoreEvaluation, 'gcCorrelation'> {
  if (!inside.gc || !outside.gc) return {}
  const correlate = (...classes: KeptReads[]): Correlation => {
    const pairs = classes
      .flatMap(({ gc, scores }) => Array.from(gc!, (value, i) => [value, scores[score][i]] as const))
      .filter(([value]) => !Number.isNaN(value))
    const x = pairs.map(([value]) => value)
    const y = pairs.map(([, value]) => value)
    return { pearson: pearson(x, y), spearman: spearman(x, y) }
  }
  return {
    gcCorrelation: {
      all: correlate(inside, outside),
      inDistribution: correlate(inside),
      outOfDistribution: correlate(outside),
    },
  }
}

/** Each genus of a class against all reads of the other class, genera sorted by name. */
function perGenus(
  distribution: 'in' | 'ood',
  genera: readonly string[] | undefined,
  names: readonly string[],
  rankings: readonly Ranking[],
): GenusEvaluation[] {
  if (!genera) return []
  return groups(genera.keys(), read => genera[read])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([genus, reads]) => {
      const estimates = rankings.map(ranking =>
        aurocEstimateOf(rankingOfSome(ranking, { [distribution]: reads })),
      )
      const auroc = Object.fromEntries(names.map((name, i) => [name, estimates[i]]))
      return { genus, distribution, reads: reads.length, auroc }
    })
}
