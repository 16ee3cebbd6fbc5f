import type { Evaluation } from '../evaluate.js'
import { type EvaluationReads, type KeptClasses, scoredReads } from '../reads.js'
import type { LoggedAuroc, TrainingCurve } from '../trainingCurve.js'
import { columnWidth, gcChart, histogramChart, rocChart } from './distributionCharts.js'
import { genusChart, lengthChart } from './groupCharts.js'
import { classLegend, escapeMarkup, type PlotOptions, seriesOf, shownScores } from './picture.js'
import { type Chart, legend, loadPlotting, lookOf, looks, type Plotting } from './plotting.js'
import { allTables, narrowTables, reportText, type Table } from './tables.js'
import { loggedAurocChart, lossChart } from './trainingCharts.js'

/** What the page of an evaluation says beside its numbers. */
export type PageOptions = PlotOptions & {
  /** Lines about what was evaluated: models, files. */
  notes?: readonly string[]
  /** Trainings whose curves are drawn; of more than eight the first ones. */
  curves?: readonly TrainingCurve[]
  /** Their mean AUROCs, for the tables. */
  logged?: readonly LoggedAuroc[]
}

type Figure = { caption: string; charts: readonly Chart[] }

/** Scores in the charts of genera, where more cannot be told apart. */
const scoresByGenus = 3

/**
 * An evaluation as one HTML page that needs nothing else, no network and no script: ROC curves, histograms, AUROC by
 * genus and by length, scores against GC content, training curves, and all tables. Of many scores the charts show the
 * first and the best ones, the tables all.
 *
 * @throws RangeError as `evaluateScores`.
 */
export async function evaluationPage(
  reads: EvaluationReads,
  evaluation: Evaluation,
  { title, unit, notes = [], curves = [], logged = [] }: PageOptions,
): Promise<string> {
  const plotting = await loadPlotting()
  const kept = scoredReads(reads)
  const figures = [
    ...distributionFigures(plotting, kept, evaluation, unit),
    ...groupFigures(plotting, evaluation),
    ...gcFigure(plotting, kept, evaluation),
    ...trainingFigure(plotting, curves.slice(0, looks)),
  ]
  const { sizes, method } = reportText(evaluation)
  const { scores, groups } = evaluation
  const hasLengths = groups.some(({ by }) => by === 'length')
  const pool =
    'Reads of all lengths count together, but for AUROC by length: a score that grows with the length tells less so than at each.'
  const selection =
    `Charts show ${looks} of ${scores.length} scores, the first and the best by AUROC` +
    `${hasLengths ? ' (mean over lengths)' : ''}; tables have all.`
  const remarks = [...(hasLengths ? [pool] : []), ...(scores.length > looks ? [selection] : [])]
  const paragraphs = [`${sizes}.`, `${method}.`, ...remarks, ...notes].map(
    text => `<p>${escapeMarkup(text)}</p>`,
  )
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeMarkup(title)}</title>`,
    `<style>${styleSheet}</style></head><body>`,
    `<h1>${escapeMarkup(title)}</h1>`,
    ...paragraphs,
    '<div class="figures">',
    ...figures.map(figureElement),
    '</div>',
    ...allTables(evaluation, logged).flatMap(narrowTables).map(tableElement),
    '</body></html>\n',
  ].join('\n')
}

function distributionFigures(
  plotting: Plotting,
  kept: KeptClasses,
  evaluation: Evaluation,
  unit: string | undefined,
): Figure[] {
  const scores = shownScores(evaluation)
  const series = seriesOf(kept, scores)
  return [
    {
      caption: 'ROC curves',
      charts: [rocChart(plotting, series), legend(plotting, scores, columnWidth, 'line')],
    },
    {
      caption: 'Histograms of the scores, both classes scaled to the same area',
      charts: [classLegend(plotting), ...series.map(one => histogramChart(plotting, one, unit))],
    },
  ]
}

function groupFigures(plotting: Plotting, evaluation: Evaluation): Figure[] {
  const ofGenera = shownScores(evaluation, scoresByGenus)
  const generaOf = (distribution: 'in' | 'ood') =>
    evaluation.groups.filter(group => group.by === 'genus' && group.distribution === distribution)
  const byGenus = [
    { caption: 'AUROC of each in-distribution genus (reads of it)', genera: generaOf('in') },
    { caption: 'AUROC of each out-of-distribution genus (reads of it)', genera: generaOf('ood') },
  ]
    .filter(({ genera }) => genera.length > 0)
    .map(({ caption, genera }) => ({
      caption: `${caption}, against all reads of the other class`,
      charts: [legend(plotting, ofGenera, columnWidth, 'dot'), genusChart(plotting, genera, ofGenera)],
    }))
  const lengths = evaluation.groups.filter(({ by }) => by === 'length')
  if (lengths.length === 0) return byGenus
  const scores = shownScores(evaluation)
  const charts = [legend(plotting, scores, columnWidth, 'dot'), lengthChart(plotting, lengths, scores)]
  return [...byGenus, { caption: 'AUROC by length of the fragments', charts }]
}

function gcFigure(plotting: Plotting, kept: KeptClasses, evaluation: Evaluation): Figure[] {
  const { inside, outside } = kept
  if (!inside.gc || !outside.gc) return []
  const gc = { in: inside.gc, ood: outside.gc }
  const charts = seriesOf(kept, shownScores(evaluation, scoresByGenus)).map(one => gcChart(plotting, one, gc))
  const caption = 'Scores against GC content: some reads, and the mean of all by classes of GC content'
  return [{ caption, charts: [classLegend(plotting), ...charts] }]
}

function trainingFigure(plotting: Plotting, curves: readonly TrainingCurve[]): Figure[] {
  if (curves.length === 0) return []
  const items = curves.map(({ name }, i) => ({ label: name, look: lookOf(i) }))
  const charts = [legend(plotting, items, columnWidth, 'dot'), lossChart(plotting, curves)]
  const hasAuroc = curves.some(({ points }) => points.some(({ auroc }) => auroc !== undefined))
  return [
    {
      caption: 'Training curves',
      charts: hasAuroc ? [...charts, loggedAurocChart(plotting, curves)] : charts,
    },
  ]
}

const figureElement = ({ caption, charts }: Figure): string =>
  `<figure><figcaption>${escapeMarkup(caption)}</figcaption>${charts.map(({ svg }) => svg).join('\n')}</figure>`

function tableElement({ title, header, rows }: Table): string {
  const row = (cells: readonly string[], element: 'th' | 'td') =>
    `<tr>${cells.map(cell => `<${element}>${escapeMarkup(cell)}</${element}>`).join('')}</tr>`
  const body = rows.map(cells => row(cells, 'td')).join('\n')
  return `<h2>${escapeMarkup(title)}</h2>\n<div class="wide"><table><thead>${row(header, 'th')}</thead><tbody>\n${body}\n</tbody></table></div>`
}

const styleSheet = [
  ':root{color-scheme:light dark}',
  "body{font:14px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem}",
  'h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}',
  '.figures{display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-start}',
  'figure{margin:0;width:420px;max-width:100%}figcaption{font-weight:600;margin-bottom:.5rem}',
  '.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}',
  'th,td{text-align:right;padding:.15rem .8rem .15rem 0;border-bottom:1px solid #8884;white-space:nowrap}',
  'th:first-child,td:first-child{text-align:left}',
  // Names of runs are long.
  'td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:8rem}',
  '@media print{:root{color-scheme:light}body{max-width:none;margin:0;font-size:10pt}table{font-size:8.5pt}',
  'tr,figcaption,figure>svg{break-inside:avoid}h2,figcaption,figcaption+svg{break-after:avoid}',
  '.figures{display:block}figure{margin-bottom:1rem}figure>svg{display:block}.wide{overflow:visible}}',
].join('\n')
