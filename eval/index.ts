/**
 * How well scores tell in-distribution reads from others: metrics with intervals, reports and plots. This is the
 * folder's door.
 *
 * `reads` drops reads without a score; `ranking` reduces the scores of both classes to their order, from which all the
 * rest is computed: `metrics`, AUROC's intervals and tests (`delong`), the other metrics' intervals (`bootstrap`), over
 * reads or over whole genera (`clusters`). `evaluate` puts these together with the correlation with GC content
 * (`correlation`), `report` shows an evaluation as text, `plot` as SVG (`svg`). `normal` has the normal distribution
 * and what an interval is, `student` quantiles of the t distribution.
 *
 * Calls on single fragments: `conformal` p-values, the threshold for many of them at once (`falseDiscovery`), and the
 * evidence of several fragments of one origin in one (`pool`).
 */
export { type BootstrapOptions, bootstrapIntervals } from './bootstrap.js'
export type { ClusterLabels } from './clusters.js'
export { Calibration, type CalibrationScores, fewestCalibrationScores } from './conformal.js'
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
export { FalseDiscovery } from './falseDiscovery.js'
export { auprc, auprcOf, auroc, aurocOf, fprAtTpr, fprAtTprOf, rocCurve } from './metrics.js'
export type { Estimate, Interval } from './normal.js'
export {
  evaluationPlot,
  type HistogramPlotScore,
  histogramPlot,
  type PlotOptions,
  type RocPlotCurve,
  rocPlot,
} from './plot.js'
export { type Evidence, EvidencePool } from './pool.js'
export { type Counts, type Positive, type Ranking, rank, type Scores } from './ranking.js'
export type { ClassSize, EvaluationReads, ScoredReads } from './reads.js'
export { formatTable, formatTsv } from './report.js'
