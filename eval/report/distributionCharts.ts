import { rocCurve } from '../metrics.js'
import type { Scores } from '../ranking.js'
import { type Chart, classLooks, draw, type Look, type Plotting, plainText } from './plotting.js'

/** One score of the reads of both classes, and how it looks. */
export type ScoreSeries = { label: string; look: Look; inScores: Scores; oodScores: Scores }

/** Width of the charts of a column, in pixels. */
export const columnWidth = 420

/** ROC curves in one square. */
export function rocChart(plotting: Plotting, series: readonly ScoreSeries[]): Chart {
  const { Plot } = plotting
  const rate = { domain: [0, 1], ticks: 5, grid: true }
  const curves = series.map(({ look: { colour, dashes }, inScores, oodScores }) => {
    const points = thinned(rocCurve(inScores, oodScores))
    return Plot.line(points, { stroke: colour, strokeDasharray: dashes, strokeWidth: 2.5 })
  })
  return draw(plotting, `ROC curves of ${series.map(({ label }) => label).join(', ')}`, {
    ...{
      width: columnWidth,
      height: columnWidth,
      marginLeft: 56,
      marginBottom: 56,
      marginTop: 16,
      marginRight: 16,
    },
    x: {
      ...rate,
      label: 'out-of-distribution accepted (FPR)',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 40,
    },
    y: { ...rate, label: 'in-distribution accepted (TPR)', labelAnchor: 'center', labelArrow: 'none' },
    marks: [
      Plot.link([0], {
        x1: 0,
        y1: 0,
        x2: 1,
        y2: 1,
        stroke: 'currentColor',
        strokeOpacity: 0.4,
        strokeDasharray: '4 4',
      }),
      ...curves,
    ],
  })
}

/** The corners of a curve that are apart by a hundredth of a tick: a picture of a million reads stays small. */
function thinned({ fpr, tpr }: { fpr: Float64Array; tpr: Float64Array }): [x: number, y: number][] {
  const least = 0.002
  const points: [number, number][] = [[fpr[0], tpr[0]]]
  for (let i = 1; i < fpr.length; i++) {
    const [x, y] = points[points.length - 1]
    const isLast = i === fpr.length - 1
    if (isLast || fpr[i] - x >= least || tpr[i] - y >= least) points.push([fpr[i], tpr[i]])
  }
  return points
}

/**
 * Histograms of one score for both classes, each scaled to the same area. The range is that of all but the outermost
 * thousandths, which are counted at the edges.
 */
export function histogramChart(
  plotting: Plotting,
  { label, inScores, oodScores }: ScoreSeries,
  unit: string | undefined,
): Chart {
  const { Plot } = plotting
  const range = centralRange(inScores, oodScores)
  const classes = [
    { scores: oodScores, look: classLooks.ood },
    { scores: inScores, look: classLooks.in },
  ]
  const marks = classes.flatMap(({ scores, look: { colour, dashes } }) => {
    const outline = histogramOutline(scores, range)
    return [
      Plot.areaY(outline, { x: '0', y1: 0, y2: '1', fill: colour, fillOpacity: 0.25 }),
      Plot.line(outline, { stroke: colour, strokeDasharray: dashes, strokeWidth: 1.5 }),
    ]
  })
  const title = plainText(unit ? `${label} (${unit})` : label)
  return draw(plotting, `Histograms of ${label} for reads of both classes`, {
    ...{ width: columnWidth, height: 170, marginLeft: 16, marginRight: 16, marginTop: 8, marginBottom: 40 },
    x: { domain: range, ticks: 5, label: title, labelAnchor: 'center', labelArrow: 'none' },
    y: { axis: null },
    marks: [...marks, Plot.ruleY([0])],
  })
}

const bins = 40

/** The corners of a histogram's outline: shares of the scores in each of forty bins. */
function histogramOutline(scores: Scores, [low, high]: readonly [number, number]): [x: number, y: number][] {
  const counts = new Float64Array(bins)
  for (let i = 0; i < scores.length; i++) {
    const bin = Math.floor((bins * (scores[i] - low)) / (high - low))
    counts[Math.min(bins - 1, Math.max(0, bin))]++
  }
  const edge = (bin: number): number => low + (bin * (high - low)) / bins
  return Array.from(counts, (count, bin) => {
    const share = count / scores.length
    return [
      [edge(bin), share],
      [edge(bin + 1), share],
    ] as [number, number][]
  }).flat()
}

/** The range of all but the lowest and highest thousandth of the finite scores, never empty. */
function centralRange(...classes: Scores[]): [number, number] {
  const finite = classes.map(scores => Float64Array.from(scores).filter(Number.isFinite))
  const sorted = new Float64Array(finite.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const scores of finite) {
    sorted.set(scores, end)
    end += scores.length
  }
  sorted.sort()
  const low = sorted[Math.floor(0.001 * end)] ?? 0
  const high = sorted[Math.ceil(0.999 * end) - 1] ?? 1
  // Narrower than what numbers of this size can be cut into, it is one value.
  const least = 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1e-200)
  return high - low > least ? [low, high] : [low - 0.5, low + 0.5]
}

/** At most so many reads of a class are drawn as dots. */
const mostDots = 800

/** A score against GC content: some reads of each class, evenly from all, and the mean by classes of GC. */
export function gcChart(
  plotting: Plotting,
  { label, inScores, oodScores }: ScoreSeries,
  gc: { in: Scores; ood: Scores },
): Chart {
  const { Plot } = plotting
  const range = centralRange(inScores, oodScores)
  const classes = [
    { scores: oodScores, gc: gc.ood, look: classLooks.ood },
    { scores: inScores, gc: gc.in, look: classLooks.in },
  ]
  const dots = classes.map(({ scores, gc, look }) => {
    const step = Math.max(1, scores.length / mostDots)
    const points = Array.from({ length: Math.floor(scores.length / step) }, (_, i) => {
      const read = Math.floor(i * step)
      return [gc[read], scores[read]] as const
    }).filter(([x, y]) => x >= 0 && y >= range[0] && y <= range[1])
    return Plot.dot(points, {
      x: '0',
      y: '1',
      symbol: look.symbol,
      stroke: look.colour,
      r: 1.5,
      strokeOpacity: 0.4,
    })
  })
  const lines = classes.map(({ scores, gc, look }) =>
    Plot.line(meansByGc(scores, gc), { stroke: look.colour, strokeDasharray: look.dashes, strokeWidth: 2.5 }),
  )
  return draw(plotting, `${label} against GC content for reads of both classes`, {
    ...{ width: columnWidth, height: 260, marginLeft: 56, marginRight: 16, marginTop: 24, marginBottom: 40 },
    x: { label: 'GC content of the read', labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
    y: { domain: range, label: plainText(label), grid: true, ticks: 5, labelArrow: 'none' },
    marks: [...dots, ...lines],
  })
}

/** The mean score in each twentieth of GC content that has ten reads or more. */
function meansByGc(scores: Scores, gc: Scores): [gc: number, mean: number][] {
  const counts = new Float64Array(20)
  const sums = new Float64Array(20)
  for (let i = 0; i < scores.length; i++) {
    if (!(gc[i] >= 0) || !Number.isFinite(scores[i])) continue
    const bin = Math.min(19, Math.floor(20 * gc[i]))
    counts[bin]++
    sums[bin] += scores[i]
  }
  return Array.from(counts, (count, bin): [number, number] => [(bin + 0.5) / 20, sums[bin] / count]).filter(
    (_, bin) => counts[bin] >= 10,
  )
}
