/**
 * How well scores tell in-distribution reads from others: metrics with intervals, and reports. This is the folder's
 * door.
 *
 * `reads` drops reads without a score; `ranking` reduces the scores of both classes to their order, from which all the
 * rest is computed: `metrics`, AUROC's intervals and tests (`delong`), those of AUPRC (`bootstrap`) and of FPR
 * (`fprInterval`), over reads or over whole genomes or genera (`clusters`). `evaluate` puts these together with AUROCs of
 * `groups` of reads, the correlation with GC content (`correlation`) and the seeds' statistic (`batchAuroc`; of trainings
 * `trainingCurve`), for each score. An `interval` comes of Student's t (`student`; of the errors of two classes together,
 * `varianceTerms`), that of a share of its `binomialDeviance`. `report/` shows an evaluation, `scores/` are the methods of
 * detection.
 *
 * Calls on single fragments: `conformal` p-values, the threshold for many of them at once (`falseDiscovery`), the evidence
 * of several fragments of one origin in one (`pool`: `pooledMean`, `pooledSums`), how their scores are distributed (`runningHistogram`), and the table
 * of all of it (`scoreTable`).
 */
export { type BatchMean, batchSize, meanBatchAuroc } from './batchAuroc.js'
export { type BootstrapOptions, bootstrapIntervals } from './bootstrap.js'
export type { ClusterLabels } from './clusters.js'
export { Calibration, type CalibrationScores, fewestCalibrationScores } from './conformal.js'
export { type Correlation, pearson, spearman } from './correlation.js'
export { aurocEstimate, type ClassScores, delongVariance, type PairedTest, pairedDelong } from './delong.js'
export {
  type ClusterUnit,
  type Comparison,
  type Evaluation,
  type EvaluationOptions,
  evaluateScores,
  type ScoreEvaluation,
} from './evaluate.js'
export { FalseDiscovery } from './falseDiscovery.js'
export { fprAtTprInterval } from './fprInterval.js'
export type { Group, GroupEvaluation, GroupedBy } from './groups.js'
export type { Estimate, Interval } from './interval.js'
export { auprc, auprcOf, auroc, aurocOf, fprAtTpr, fprAtTprOf, rocCurve } from './metrics.js'
export { type Evidence, EvidencePool, type Pooling } from './pool.js'
export { type Counts, type Positive, type Ranking, rank, type Scores } from './ranking.js'
export type { ClassSize, EvaluationReads, ScoredReads } from './reads.js'
export {
  evaluationPage,
  evaluationPlot,
  formatMarkdown,
  formatTable,
  formatTsv,
  type PageOptions,
  type PlotOptions,
} from './report/index.js'
export { type Bin, RunningHistogram } from './runningHistogram.js'
export {
  type Call,
  callOf,
  defaultRate,
  formatFraction,
  formatScore,
  readColumns,
  readFields,
  type TableRow,
  tableHeader,
  tableLine,
} from './scoreTable.js'
export {
  type LoggedAuroc,
  meanLoggedAuroc,
  type StepWindow,
  type TrainingCurve,
  type TrainingPoint,
  trainingCurve,
} from './trainingCurve.js'
