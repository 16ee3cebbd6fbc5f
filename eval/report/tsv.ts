import type { Evaluation, ScoreEvaluation } from '../evaluate.js'
import { type Estimate, noInterval } from '../interval.js'
import type { LoggedAuroc } from '../trainingCurve.js'

const estimates = {
  auroc: 'auroc',
  auprcIn: 'auprc_in',
  auprcOod: 'auprc_ood',
  fpr80: 'fpr80',
  fpr95: 'fpr95',
  meanBatchAuroc: 'mean_batch_auroc',
} as const satisfies Partial<Record<keyof ScoreEvaluation, string>>

/**
 * The evaluation as TSV in long form, header first: `#subject metric group value low high reads_in reads_ood`, one row
 * per score and metric, test, group of reads, and training. Figures have all their digits, undefined ones are `NA`; ends
 * in a newline.
 */
export function formatTsv(evaluation: Evaluation, logged: readonly LoggedAuroc[] = []): string {
  const sizes: Sizes = [evaluation.inDistribution.reads, evaluation.outOfDistribution.reads]
  const lines = [['#subject', 'metric', 'group', 'value', 'low', 'high', 'reads_in', 'reads_ood']]
  const add: Add = (subject, metric, estimate, group = 'all', reads = sizes) => {
    const { value, low, high } = typeof estimate === 'number' ? { value: estimate, ...noInterval } : estimate
    lines.push([subject, metric, group, exact(value), exact(low), exact(high), ...reads.map(String)])
  }
  for (const score of evaluation.scores) addScore(add, score)
  for (const { score, against, difference, t, degreesOfFreedom, p } of evaluation.comparisons) {
    const subject = `${score}-${against}`
    add(subject, 'auroc_difference', difference)
    add(subject, 'auroc_difference_t', t)
    add(subject, 'auroc_difference_df', degreesOfFreedom)
    add(subject, 'auroc_difference_p', p)
  }
  for (const { by, group, distribution, readsIn, readsOod, auroc } of evaluation.groups) {
    const name = by === 'genus' ? `genus_${distribution}:${group}` : `${by}:${group}`
    for (const [score, estimate] of Object.entries(auroc))
      add(score, 'auroc', estimate, name, [readsIn, readsOod])
  }
  for (const mean of logged)
    add(mean.run, 'mean_logged_auroc', mean, `steps:${mean.from}-${mean.to}`, ['NA', 'NA'])
  return lines.map(line => `${line.join('\t')}\n`).join('')
}

type Sizes = readonly [readsIn: number | 'NA', readsOod: number | 'NA']

type Add = (
  subject: string,
  metric: string,
  estimate: Estimate | number,
  group?: string,
  reads?: Sizes,
) => void

function addScore(add: Add, evaluated: ScoreEvaluation): void {
  const { score, undefinedScores, gcCorrelation } = evaluated
  for (const [metric, name] of Object.entries(estimates))
    add(score, name, evaluated[metric as keyof typeof estimates])
  add(score, 'undefined_in', undefinedScores.inDistribution)
  add(score, 'undefined_ood', undefinedScores.outOfDistribution)
  if (!gcCorrelation) return
  const { all, inDistribution, outOfDistribution } = gcCorrelation
  for (const [reads, correlation] of Object.entries({ all, in: inDistribution, ood: outOfDistribution })) {
    add(score, `gc_pearson_${reads}`, correlation.pearson)
    add(score, `gc_spearman_${reads}`, correlation.spearman)
  }
}

const exact = (value: number): string => (Number.isNaN(value) ? 'NA' : String(value))
