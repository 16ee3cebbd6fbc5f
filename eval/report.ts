/** An evaluation as people and programs read it: a table for the terminal, TSV. (JSON: `JSON.stringify(evaluation)`.) */
import type { Evaluation, ScoreEvaluation } from './evaluate.js'
import type { Estimate } from './normal.js'

type Metric = Exclude<keyof ScoreEvaluation, 'score' | 'gcCorrelation'>

const rows: readonly (readonly [label: string, metric: Metric])[] = [
  ['AUROC', 'auroc'],
  ['AUPRC (in-distribution)', 'auprcIn'],
  ['AUPRC (out-of-distribution)', 'auprcOod'],
  ['FPR at TPR 80 %', 'fpr80'],
  ['FPR at TPR 95 %', 'fpr95'],
]

/** The evaluation as fixed-width text: one column per score, one line per metric with its interval. Ends in a newline. */
export function formatTable(evaluation: Evaluation): string {
  const { scores, comparisons, intervals, inDistribution, outOfDistribution } = evaluation
  const lines: string[][] = [['', ...scores.map(({ score }) => score)]]
  for (const [label, metric] of rows) lines.push([label, ...scores.map(score => showEstimate(score[metric]))])
  if (scores.some(score => score.gcCorrelation)) {
    const correlations = scores.map(({ gcCorrelation }) =>
      formatFigure(gcCorrelation?.all.spearman ?? Number.NaN),
    )
    lines.push(['GC rank correlation', ...correlations])
  }
  const sizes = `${inDistribution.reads} in-distribution and ${outOfDistribution.reads} out-of-distribution reads`
  const dropped = inDistribution.dropped + outOfDistribution.dropped
  const tests = comparisons.map(({ score, against, difference, z, p }) => {
    const test = Number.isNaN(p) ? 'untestable' : `z ${z.toFixed(1)}, p ${showP(p)}`
    return `AUROC, ${score} minus ${against}: ${showEstimate(difference, true)}, ${test} (DeLong, paired)`
  })
  const percent = Math.round(100 * intervals.confidence)
  const unit = intervals.unit === 'genus' ? 'genera' : 'reads'
  return [
    `${sizes}${dropped ? ` (${dropped} more without a score)` : ''}`,
    '',
    ...alignColumns(lines),
    '',
    ...tests,
    `[ ]: ${percent} % intervals over ${unit}: DeLong for AUROC, bootstrap (${intervals.replicates} replicates, seed ${intervals.seed}) for the rest`,
    '',
  ].join('\n')
}

/**
 * The evaluation as TSV in long form, header first: `#subject metric value low high reads_in reads_ood`, one row per
 * score and metric, test, and genus. Undefined numbers are `NA`; ends in a newline.
 */
export function formatTsv(evaluation: Evaluation): string {
  const { reads: readsIn } = evaluation.inDistribution
  const { reads: readsOod } = evaluation.outOfDistribution
  const lines = [['#subject', 'metric', 'value', 'low', 'high', 'reads_in', 'reads_ood']]
  const add = (
    subject: string,
    metric: string,
    { value, low, high }: Estimate,
    inReads = readsIn,
    oodReads = readsOod,
  ): void => {
    lines.push([subject, metric, exact(value), exact(low), exact(high), String(inReads), String(oodReads)])
  }
  const addPoint = (subject: string, metric: string, value: number): void =>
    add(subject, metric, { value, low: Number.NaN, high: Number.NaN })
  for (const evaluated of evaluation.scores) {
    for (const [, metric] of rows) add(evaluated.score, tsvNames[metric], evaluated[metric])
    if (!evaluated.gcCorrelation) continue
    const { all, inDistribution, outOfDistribution } = evaluated.gcCorrelation
    for (const [reads, correlation] of Object.entries({ all, in: inDistribution, ood: outOfDistribution })) {
      addPoint(evaluated.score, `gc_pearson_${reads}`, correlation.pearson)
      addPoint(evaluated.score, `gc_spearman_${reads}`, correlation.spearman)
    }
  }
  for (const { score, against, difference, z, p } of evaluation.comparisons) {
    const subject = `${score}-${against}`
    add(subject, 'auroc_difference', difference)
    addPoint(subject, 'auroc_difference_z', z)
    addPoint(subject, 'auroc_difference_p', p)
  }
  for (const { genus, distribution, reads, auroc } of evaluation.genera) {
    const sizes = distribution === 'in' ? [reads, readsOod] : [readsIn, reads]
    for (const [score, estimate] of Object.entries(auroc))
      add(score, `auroc_${distribution}:${genus}`, estimate, ...sizes)
  }
  return lines.map(line => `${line.join('\t')}\n`).join('')
}

const tsvNames: Record<Metric, string> = {
  auroc: 'auroc',
  auprcIn: 'auprc_in',
  auprcOod: 'auprc_ood',
  fpr80: 'fpr80',
  fpr95: 'fpr95',
}

const exact = (value: number): string => (Number.isNaN(value) ? 'NA' : String(value))

/** A figure with three decimals, or NA. */
export const formatFigure = (value: number, signed = false): string =>
  Number.isNaN(value) ? 'NA' : `${signed && value >= 0 ? '+' : ''}${value.toFixed(3)}`

const showEstimate = ({ value, low, high }: Estimate, signed = false): string =>
  `${formatFigure(value, signed)} [${formatFigure(low, signed)}, ${formatFigure(high, signed)}]`

const showP = (p: number): string => (p < 1e-300 ? '< 1e-300' : p < 1e-3 ? p.toExponential(1) : p.toFixed(3))

function alignColumns(lines: readonly string[][]): string[] {
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  return lines.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] + 3))
      .join('')
      .trimEnd(),
  )
}
