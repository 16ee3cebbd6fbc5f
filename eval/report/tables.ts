import type { Evaluation } from '../evaluate.js'
import type { GroupEvaluation } from '../groups.js'
import type { LoggedAuroc } from '../trainingCurve.js'
import { formatEstimate, formatFigure, formatP } from './figures.js'

/** A table of the report: text, a header for every column; the first column says what a row is about. */
export type Table = {
  title: string
  header: readonly string[]
  rows: readonly (readonly string[])[]
  /** The first columns say what a row is about, the others are one for each score; there may be many. */
  columnsBeforeScores?: number
}

/** Scores side by side in a table, at most: as many as a sheet of paper and a terminal have room for. */
const scoresInWidth = 4

/** A table with a column for each score, in parts that are no wider than a page; any other as it is. */
export function narrowTables(table: Table): Table[] {
  const { title, header, rows, columnsBeforeScores: before } = table
  if (before === undefined || header.length <= before + scoresInWidth) return [table]
  const parts = Math.ceil((header.length - before) / scoresInWidth)
  return Array.from({ length: parts }, (_, part) => {
    const start = before + part * scoresInWidth
    const pick = (cells: readonly string[]) => [
      ...cells.slice(0, before),
      ...cells.slice(start, start + scoresInWidth),
    ]
    return { title: `${title} (${part + 1} of ${parts})`, header: pick(header), rows: rows.map(pick) }
  })
}

/** What a report says beside its tables. */
export type ReportText = {
  /** How many reads there are. */
  sizes: string
  /** How the intervals were made. */
  method: string
}

/** The sizes of both classes, and where the intervals come from. */
export function reportText({ inDistribution, outOfDistribution, intervals }: Evaluation): ReportText {
  const dropped = inDistribution.dropped + outOfDistribution.dropped
  const unit = { read: 'reads', genome: 'genomes', genus: 'genera' }[intervals.unit]
  return {
    sizes:
      `${inDistribution.reads} in-distribution and ${outOfDistribution.reads} out-of-distribution reads` +
      (dropped ? ` (${dropped} more without a score)` : ''),
    method:
      `[ ]: ${Math.round(100 * intervals.confidence)} % intervals over ${unit}: DeLong for AUROC (paired for differences), ` +
      `bootstrap (${intervals.replicates} replicates, seed ${intervals.seed}) for AUPRC, inverted tests for FPR`,
  }
}

/** The figures of every score over all reads, a row each. */
export function scoreTables(evaluation: Evaluation): Table[] {
  const { scores, comparisons, intervals } = evaluation
  const against = scores[0].score
  const tests = new Map(comparisons.map(comparison => [comparison.score, comparison]))
  const size = intervals.batchSize
  return [
    {
      title: 'AUROC',
      header: ['', 'AUROC', ...(comparisons.length ? [`minus ${against}`, 'p'] : [])],
      rows: scores.map(({ score, auroc }) => {
        const test = tests.get(score)
        const columns = test ? [formatEstimate(test.difference, true), formatP(test.p)] : ['', '']
        return [score, formatEstimate(auroc), ...(comparisons.length ? columns : [])]
      }),
    },
    {
      title: 'AUPRC',
      header: ['', 'AUPRC (in-distribution)', 'AUPRC (out-of-distribution)'],
      rows: scores.map(({ score, auprcIn, auprcOod }) => [
        score,
        formatEstimate(auprcIn),
        formatEstimate(auprcOod),
      ]),
    },
    {
      title: 'False positive rate',
      header: ['', 'FPR at TPR 80 %', 'FPR at TPR 95 %'],
      rows: scores.map(({ score, fpr80, fpr95 }) => [score, formatEstimate(fpr80), formatEstimate(fpr95)]),
    },
    {
      title: `Mean AUROC of batches of ${size} + ${size} reads`,
      header: ['', `mean batch AUROC (${size} + ${size})`, 'batches'],
      rows: scores.map(({ score, meanBatchAuroc }) => [
        score,
        formatEstimate(meanBatchAuroc),
        String(meanBatchAuroc.batches),
      ]),
    },
    ...gcTable(evaluation),
    ...undefinedTable(evaluation),
  ]
}

function gcTable({ scores }: Evaluation): Table[] {
  const rows = scores.flatMap(({ score, gcCorrelation }) => {
    if (!gcCorrelation) return []
    const { all, inDistribution, outOfDistribution } = gcCorrelation
    return [
      [
        score,
        ...[all, inDistribution, outOfDistribution].map(({ spearman }) => formatFigure(spearman, true)),
      ],
    ]
  })
  if (rows.length === 0) return []
  return [
    {
      title: 'GC content',
      header: ['', 'GC rank correlation', 'in-distribution', 'out-of-distribution'],
      rows,
    },
  ]
}

function undefinedTable({ scores }: Evaluation): Table[] {
  const rows = scores
    .filter(
      ({ undefinedScores: { inDistribution, outOfDistribution } }) => inDistribution + outOfDistribution > 0,
    )
    .map(({ score, undefinedScores: { inDistribution, outOfDistribution } }) => [
      score,
      String(inDistribution),
      String(outOfDistribution),
    ])
  if (rows.length === 0) return []
  const header = ['', 'in-distribution reads without it', 'out-of-distribution reads without it']
  return [{ title: 'Undefined scores', header, rows }]
}

const groupTitles = {
  relation: { title: 'AUROC of near and far genera', column: 'out-of-distribution genera' },
  length: { title: 'AUROC by length', column: 'bases' },
  genus: { title: 'AUROC by genus, against all reads of the other class', column: 'genus' },
} as const

/** The AUROCs of groups of reads, a row for each group, a column for each score. */
export function groupTable({ groups, scores }: Evaluation, by: GroupEvaluation['by']): Table[] {
  const rows = groups
    .filter(group => group.by === by)
    .map(({ group, distribution, readsIn, readsOod, auroc }) => [
      by === 'genus' ? `${group} (${distribution})` : group,
      String(readsIn),
      String(readsOod),
      ...scores.map(({ score }) => formatEstimate(auroc[score])),
    ])
  if (rows.length === 0) return []
  const { title, column } = groupTitles[by]
  const before = [column, 'in', 'ood']
  const header = [...before, ...scores.map(({ score }) => score)]
  return [{ title, header, rows, columnsBeforeScores: before.length }]
}

/** The seeds' statistic of trainings, a row each. */
export function loggedTable(logged: readonly LoggedAuroc[]): Table[] {
  if (logged.length === 0) return []
  return [
    {
      title: 'Mean of the AUROCs that a training logged',
      header: ['run', 'mean logged AUROC', 'validations', 'steps'],
      rows: logged.map(mean => [
        mean.run,
        formatEstimate(mean),
        String(mean.batches),
        `${mean.from} to ${mean.to}`,
      ]),
    },
  ]
}

/** All tables of an evaluation. */
export const allTables = (evaluation: Evaluation, logged: readonly LoggedAuroc[] = []): Table[] => [
  ...scoreTables(evaluation),
  ...groupTable(evaluation, 'relation'),
  ...groupTable(evaluation, 'length'),
  ...groupTable(evaluation, 'genus'),
  ...loggedTable(logged),
]
