export { type BootstrapOptions, bootstrapIntervals, type Interval } from './bootstrap.js'
export type { ClusterLabels } from './clusters.js'
export { pearson, spearman } from './correlation.js'
export { aurocEstimate, type ClassScores, delongVariance, type PairedTest, pairedDelong } from './delong.js'
export {
  type Comparison,
  type Correlation,
  type Evaluation,
  type EvaluationOptions,
  evaluateScores,
  type GenusEvaluation,
  type ScoreEvaluation,
} from './evaluate.js'
export { auprc, auprcOf, auroc, aurocOf, fprAtTpr, fprAtTprOf, rocCurve } from './metrics.js'
export type { Estimate } from './normal.js'
export {
  evaluationPlot,
  type HistogramPlotScore,
  histogramPlot,
  type PlotOptions,
  type RocPlotCurve,
  rocPlot,
} from './plot.js'
export { type Counts, type Positive, type Ranking, rank, type Scores } from './ranking.js'
export type { ClassSize, EvaluationReads, ScoredReads } from './reads.js'
export { formatTable, formatTsv } from './report.js'
