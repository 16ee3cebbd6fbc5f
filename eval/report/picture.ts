import type { Evaluation, ScoreEvaluation } from '../evaluate.js'
import { type EvaluationReads, type KeptClasses, scoredReads } from '../reads.js'
import { columnWidth, histogramChart, rocChart, type ScoreSeries } from './distributionCharts.js'
import { formatEstimate } from './figures.js'
import {
  type Chart,
  classLooks,
  type LegendItem,
  legend,
  loadPlotting,
  lookOf,
  looks,
  type Plotting,
  plainText,
} from './plotting.js'
import { reportText } from './tables.js'

/** A score in charts, with what legends say of it. */
export type ShownScore = LegendItem & { figure: string }

/** What a picture says beside its curves. */
export type PlotOptions = {
  title: string
  /** Unit of the scores, for the axes of histograms, if all have the same. */
  unit?: string
}

/**
 * The scores that a chart has room for, `most` of them: the first, which the others are tested against, and the best
 * ones; of reads of several lengths by the mean of their AUROCs at these, since a score that grows with the length is
 * worse in the pool than it is at any of them. A score looks the same in all charts.
 */
export function shownScores({ scores, groups }: Evaluation, most: number = looks): ShownScore[] {
  const meritOf = ({ score, auroc }: ScoreEvaluation): number => {
    const atLengths = groups
      .flatMap(({ by, auroc }) => (by === 'length' ? auroc[score].value : []))
      .filter(value => !Number.isNaN(value))
    return atLengths.length ? atLengths.reduce((a, b) => a + b) / atLengths.length : auroc.value
  }
  const best = scores.slice(1).sort((a, b) => meritOf(b) - meritOf(a))
  const pick = (count: number): ScoreEvaluation[] => {
    const picked = new Set([scores[0], ...best.slice(0, count - 1)])
    return scores.filter(score => picked.has(score))
  }
  const lookOfScore = new Map(pick(looks).map((score, i) => [score, lookOf(i)]))
  return pick(most).map(score => ({
    label: score.score,
    figure: `AUROC ${formatEstimate(score.auroc)}`,
    look: lookOfScore.get(score)!,
  }))
}

/** The series of some scores. */
export const seriesOf = ({ inside, outside }: KeptClasses, scores: readonly ShownScore[]): ScoreSeries[] =>
  scores.map(({ label, look }) => ({
    ...{ label, look },
    inScores: inside.scores[label],
    oodScores: outside.scores[label],
  }))

/** What the looks of the classes mean. */
export const classLegend = (plotting: Plotting): Chart =>
  legend(
    plotting,
    [classLooks.in, classLooks.ood].map(look => ({ label: look.label, look })),
    columnWidth,
    'line',
  )

const edge = 24
const titleHeight = 56

/**
 * The picture of an evaluation: ROC curves with their AUROCs, and beside them each score's histograms; of many scores
 * the first and the best seven. `reads` are those that were evaluated; reads without a score are left out as there.
 * Gives the text of an SVG file, on a card that is light or dark as the reader's system is.
 *
 * @throws RangeError as `evaluateScores`.
 */
export async function evaluationPlot(
  reads: EvaluationReads,
  evaluation: Evaluation,
  { title, unit }: PlotOptions,
): Promise<string> {
  const plotting = await loadPlotting()
  const scores = shownScores(evaluation)
  const series = seriesOf(scoredReads(reads), scores)
  const left = [rocChart(plotting, series), legend(plotting, scores, columnWidth, 'line')]
  const right = [classLegend(plotting), ...series.map(one => histogramChart(plotting, one, unit))]
  const heightOf = (column: readonly Chart[]): number => column.reduce((sum, { height }) => sum + height, 0)
  const height = titleHeight + Math.max(heightOf(left), heightOf(right)) + edge
  const width = 3 * edge + 2 * columnWidth
  const figures = evaluation.scores
    .map(({ score, auroc }) => `${score}: AUROC ${formatEstimate(auroc)}`)
    .join('; ')
  const description = `ROC curves (${figures}) and score histograms of ${reportText(evaluation).sizes}.`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="plot-title plot-description">`,
    `<title id="plot-title">${escapeMarkup(title)}</title>`,
    `<desc id="plot-description">${escapeMarkup(description)}</desc>`,
    `<style>${styleSheet}</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    `<text class="title" x="${edge}" y="36" fill="currentColor">${escapeMarkup(title)}</text>`,
    ...stacked(left, edge),
    ...stacked(right, 2 * edge + columnWidth),
    '</svg>\n',
  ].join('\n')
}

/** Charts one below the other. */
function stacked(charts: readonly Chart[], left: number): string[] {
  let top = titleHeight
  return charts.map(({ svg, height }) => {
    const placed = svg.replace('<svg ', `<svg x="${left}" y="${top}" `)
    top += height
    return placed
  })
}

const styleSheet = [
  'svg{color:#1f2328}',
  '.card{fill:#ffffff;stroke:#d0d7de}',
  ".title{font:600 16px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}",
  '@media(prefers-color-scheme:dark){svg{color:#f0f6fc}.card{fill:#0d1117;stroke:#3d444d}}',
].join('')

/** Text made safe for an element or attribute. */
export const escapeMarkup = (text: string): string =>
  plainText(text).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
