/** Plots of an evaluation as SVG text: no DOM, no fonts, no native code. */
import { bin, max, quantileSorted } from 'd3-array'
import type { Evaluation } from './evaluate.js'
import { rocCurve } from './metrics.js'
import type { Scores } from './ranking.js'
import { type EvaluationReads, scoredReads } from './reads.js'
import { formatFigure } from './report.js'
import { axes, type Frame, linePath, scoreColours, svgDocument, text, xPixel, yPixel } from './svg.js'

export type RocPlotCurve = {
  label: string
  /** What the legend says after the label, such as the AUROC. */
  figure?: string
  /** From (0, 0) to (1, 1), as `rocCurve` gives them. */
  fpr: ArrayLike<number>
  tpr: ArrayLike<number>
}

export type HistogramPlotScore = {
  label: string
  inScores: Scores
  oodScores: Scores
}

export type PlotOptions = {
  title: string
  /** Unit of the scores, for the axes of histograms. */
  unit?: string
}

/** Sizes in pixels: the side of the ROC curves' square, which is the width of histograms, too. */
const panel = 300
const margin = { left: 72, top: 84, bottom: 60, right: 28 }
/** Between the panels of two histograms, one below the other. */
const histogramGap = 62
/** Histograms alone have no labels on their left. */
const histogramMargin = 32

/** ROC curves in one square with a legend. Returns the text of an SVG file. */
export const rocPlot = (curves: readonly RocPlotCurve[], { title }: PlotOptions): string =>
  svgDocument(
    {
      width: margin.left + panel + margin.right,
      height: margin.top + panel + margin.bottom,
      title,
      description: `ROC curves of ${curves.map(({ label }) => label).join(', ')}.`,
    },
    [rocPanel(curves, margin.left, margin.top)],
  )

/**
 * For each score the histograms of both classes, each class scaled to the same area. The range is that of all but the
 * outermost thousandths, which are counted at the edges. Returns the text of an SVG file.
 */
export const histogramPlot = (
  scores: readonly HistogramPlotScore[],
  { title, unit }: PlotOptions,
): string => {
  const { body, height } = histogramPanels(scores, histogramMargin, unit)
  return svgDocument(
    {
      width: histogramMargin + panel + margin.right,
      height: margin.top + height + margin.bottom,
      title,
      description: `Histograms of ${scores.map(({ label }) => label).join(', ')} for reads of both classes.`,
    },
    body,
  )
}

/**
 * The picture of an evaluation: ROC curves of all scores with their AUROCs, and beside them each score's histograms.
 * `reads` are those that were evaluated; reads without a score are left out as there. Returns the text of an SVG file.
 */
export function evaluationPlot(
  reads: EvaluationReads,
  evaluation: Evaluation,
  { title, unit }: PlotOptions,
): string {
  const { inside, outside } = scoredReads(reads)
  const scores = evaluation.scores.map(({ score, auroc }) => ({
    label: score,
    figure: `${formatFigure(auroc.value)} [${formatFigure(auroc.low)}, ${formatFigure(auroc.high)}]`,
    inScores: inside.scores[score],
    oodScores: outside.scores[score],
  }))
  const curves = scores.map(score => ({ ...score, ...rocCurve(score.inScores, score.oodScores) }))
  const histogramsLeft = margin.left + panel + 48
  const histograms = histogramPanels(scores, histogramsLeft, unit)
  const figures = scores.map(({ label, figure }) => `${label}: AUROC ${figure}`).join('; ')
  return svgDocument(
    {
      width: histogramsLeft + panel + margin.right,
      height: margin.top + histograms.height + margin.bottom,
      title,
      description: `ROC curves (${figures}) and score histograms of ${inside.reads} in-distribution and ${outside.reads} out-of-distribution reads.`,
    },
    [rocPanel(curves, margin.left, margin.top), ...histograms.body],
  )
}

function rocPanel(curves: readonly RocPlotCurve[], left: number, top: number): string {
  const frame: Frame = { left, top, width: panel, height: panel, x: [0, 1], y: [0, 1] }
  const parts = [
    text(left, top - 16, 'ROC', 'strong'),
    axes(
      frame,
      { title: 'out-of-distribution reads accepted (FPR)', ticks: 5 },
      { title: 'in-distribution reads accepted (TPR)', ticks: 5 },
    ),
    `<path class="chance" d="${linePath([
      [left, top + panel],
      [left + panel, top],
    ])}"/>`,
  ]
  const legendTop = top + panel - 12 - 18 * (curves.length - 1)
  const right = left + panel - 12
  const hasFigures = curves.some(({ figure }) => figure !== undefined)
  if (hasFigures)
    parts.push(text(right, legendTop - 18, 'AUROC [95 % interval]', 'muted', 'text-anchor="end"'))
  curves.forEach(({ label, figure, fpr, tpr }, i) => {
    const points = Array.from(fpr, (x, k) => [xPixel(frame, x), yPixel(frame, tpr[k])] as const)
    const style = `curve score${i % scoreColours}`
    const y = legendTop + 18 * i
    parts.push(
      `<path class="${style}" d="${linePath(points)}"/>`,
      `<path class="${style}" d="M${left + 68} ${y - 4}h14"/>`,
      text(left + 90, y, label),
    )
    if (figure !== undefined) parts.push(text(right, y, figure, '', 'text-anchor="end"'))
  })
  return parts.join('\n')
}

function histogramPanels(
  scores: readonly HistogramPlotScore[],
  left: number,
  unit: string | undefined,
): { body: string[]; height: number } {
  const gaps = histogramGap * (scores.length - 1)
  const height = Math.max(panel, 110 * scores.length + gaps)
  const panelHeight = (height - gaps) / scores.length
  const legend = [
    `<rect class="in area" x="${left}" y="${margin.top - 26}" width="12" height="12"/>`,
    text(left + 18, margin.top - 16, 'in-distribution'),
    `<rect class="ood area" x="${left + 118}" y="${margin.top - 26}" width="12" height="12"/>`,
    text(left + 136, margin.top - 16, 'out-of-distribution'),
  ]
  const body = scores.map((score, i) =>
    histogramPanel(score, left, margin.top + i * (panelHeight + histogramGap), panelHeight, unit),
  )
  return { body: [...legend, ...body], height }
}

function histogramPanel(
  { label, inScores, oodScores }: HistogramPlotScore,
  left: number,
  top: number,
  height: number,
  unit: string | undefined,
): string {
  const x = centralRange([...Array.from(inScores), ...Array.from(oodScores)])
  const clamped = (scores: Scores): number[] =>
    Array.from(scores, score => Math.min(Math.max(score, x[0]), x[1]))
  const bins = bin()
    .domain(x)
    .thresholds(Array.from({ length: 39 }, (_, i) => x[0] + ((i + 1) * (x[1] - x[0])) / 40))
  const classes = [
    { style: 'ood', scores: oodScores },
    { style: 'in', scores: inScores },
  ].map(({ style, scores }) => ({
    style,
    bars: bins(clamped(scores)).map(bar => ({ x0: bar.x0!, x1: bar.x1!, share: bar.length / scores.length })),
  }))
  const highest = max(classes, ({ bars }) => max(bars, ({ share }) => share)) ?? 1
  const frame: Frame = { left, top, width: panel, height, x, y: [0, highest * 1.05] }
  const steps = classes.map(({ style, bars }) => {
    const outline = bars.flatMap(({ x0, x1, share }) =>
      [x0, x1].map(edge => [xPixel(frame, edge), yPixel(frame, share)] as const),
    )
    const corner = (edge: number) => [xPixel(frame, edge), yPixel(frame, 0)] as const
    return `<path class="${style} area" d="${linePath([corner(x[0]), ...outline, corner(x[1])])}Z"/>`
  })
  return [
    axes(frame, { title: unit ? `${label} (${unit})` : label, ticks: 4 }, { title: '', ticks: 0 }),
    ...steps,
  ].join('\n')
}

/** The range of all but the lowest and highest thousandth of the finite scores, never empty. */
function centralRange(scores: readonly number[]): [number, number] {
  const sorted = Float64Array.from(scores.filter(Number.isFinite)).sort()
  const low = quantileSorted(Array.from(sorted), 0.001) ?? 0
  const high = quantileSorted(Array.from(sorted), 0.999) ?? 1
  // Narrower than what numbers of this size can be cut into, it is one value.
  const least = 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1e-200)
  return high - low > least ? [low, high] : [low - 0.5, low + 0.5]
}
