import * as Plot from '@observablehq/plot'
import { useCallback } from 'preact/hooks'
import type { Colours } from './colours.js'
import { legendMarks } from './legend.js'
import { Picture } from './picture.js'
import type { ScoredReads } from './scoredReads.js'
import { binsOf, type CallCounts, callerOf, calls, type Range } from './summary.js'
import type { Threshold } from './threshold.js'

/** So many reads, and no more, are drawn one by one. */
const mostDots = 1500
const columnCount = 56
const rowCount = 40

type Props = {
  readonly reads: ScoredReads
  /** How many reads there are: what is drawn is of these. */
  readonly count: number
  readonly counts: CallCounts
  readonly threshold: Threshold
  readonly cutoff: number
  readonly labels: readonly string[]
  readonly score: string
  readonly scoreRange: Range
  /** What the score is drawn against. */
  readonly against: 'gc' | 'length'
  readonly xRange: Range
  readonly file: string
}

const axes = {
  gc: { title: 'GC content', label: 'GC content' },
  length: { title: 'length', label: 'length in bases' },
} as const

/** The score against something else: every read a dot, or, of many, how many are where. */
export function Density(props: Props) {
  const { reads, count, threshold, score, against, cutoff, counts, scoreRange, xRange, labels } = props
  const draw = useCallback(
    (_: number, colours: Colours) => plotOf(props, colours),
    [reads, count, threshold, score, against, cutoff, counts, scoreRange, xRange, labels],
  )
  const { title } = axes[against]
  return (
    <Picture
      title={`${score} against ${title}`}
      description={`${score} of ${count} reads against their ${title}, by their calls`}
      file={props.file}
      draw={draw}
    >
      {count > mostDots && <p class="note">The darker a place, the more reads.</p>}
    </Picture>
  )
}

function plotOf(props: Props, colours: Colours): Plot.PlotOptions {
  const { against, score, scoreRange, xRange, labels, counts, count, cutoff } = props
  const isLogarithmic = against === 'length' && xRange[1] > 10 * xRange[0]
  const fills = [colours.known, colours.unknown, colours.none]
  const isOneCutoff = Number.isFinite(cutoff) && cutoff > scoreRange[0] && cutoff < scoreRange[1]
  return {
    height: 320,
    marginLeft: 60,
    marginRight: 16,
    marginTop: 36,
    marginBottom: 44,
    x: {
      type: isLogarithmic ? 'log' : 'linear',
      domain: xRange,
      label: axes[against].label,
      labelAnchor: 'center',
      labelArrow: 'none',
      ...(isLogarithmic ? { ticks: roundNumbers(xRange), tickFormat: ',' } : { ticks: 5 }),
    },
    y: { domain: scoreRange, label: score, labelAnchor: 'center', grid: true, ticks: 6, labelArrow: 'none' },
    marks: [
      count <= mostDots ? dots(props, fills) : cells(props, isLogarithmic, colours),
      ...(isOneCutoff
        ? [Plot.ruleY([cutoff], { stroke: 'currentColor', strokeDasharray: '4 3', strokeOpacity: 0.7 })]
        : []),
      ...legendMarks(labels, counts, fills),
    ],
  }
}

/** 1, 2 and 5 times powers of ten. */
function roundNumbers([low, high]: Range): number[] {
  const powers = Array.from({ length: 12 }, (_, i) => 10 ** i)
  return powers.flatMap(power => [power, 2 * power, 5 * power]).filter(x => x >= low && x <= high)
}

/** A read's place in x. */
function xOf(reads: ScoredReads, against: Props['against']): (read: number) => number {
  if (against === 'gc') return reads.gcFractions()
  const { lengths } = reads
  return read => lengths[read]
}

function dots(
  { reads, count, threshold, against, scoreRange }: Props,
  fills: readonly string[],
): Plot.Markish {
  const callOf = callerOf(reads, threshold)
  const { scores, by, detector } = reads
  const x = xOf(reads, against)
  const points = Array.from({ length: count }, (_, i) => ({
    x: x(i),
    y: Math.min(scoreRange[1], Math.max(scoreRange[0], scores[i * detector.columns.length + by])),
    call: callOf(i),
  })).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
  return Plot.dot(points, {
    x: 'x',
    y: 'y',
    r: 2.5,
    fill: ({ call }: { call: number }) => fills[call],
    // Told apart by shape, too.
    symbol: ({ call }: { call: number }) => (call === calls.unknown ? 'triangle' : 'circle'),
    fillOpacity: 0.65,
  })
}

/** How many reads are in each cell of a grid: the more the darker, in a mixture of the colours of their calls. */
function cells(
  { reads, count, threshold, against, scoreRange, xRange }: Props,
  isLogarithmic: boolean,
  colours: Colours,
): Plot.Markish {
  const scale = isLogarithmic ? Math.log : (value: number) => value
  const unscale = isLogarithmic ? Math.exp : (value: number) => value
  const range: Range = [scale(xRange[0]), scale(xRange[1])]
  const columnOf = binsOf(range, columnCount)
  const rowOf = binsOf(scoreRange, rowCount)
  const all = new Float64Array(columnCount * rowCount)
  const unknown = new Float64Array(columnCount * rowCount)
  const none = new Float64Array(columnCount * rowCount)
  const callOf = callerOf(reads, threshold)
  const { scores, by, detector } = reads
  const x = xOf(reads, against)
  for (let i = 0; i < count; i++) {
    const score = scores[i * detector.columns.length + by]
    if (Number.isNaN(score) || Number.isNaN(x(i))) continue
    const cell = columnOf(scale(x(i))) * rowCount + rowOf(score)
    all[cell]++
    const call = callOf(i)
    if (call === calls.unknown) unknown[cell]++
    if (call === calls.none) none[cell]++
  }
  const most = Math.log1p(all.reduce((a, b) => Math.max(a, b), 1))
  const width = (range[1] - range[0]) / columnCount
  const height = (scoreRange[1] - scoreRange[0]) / rowCount
  const rects = Array.from(all, (reads, cell) => {
    const [column, row] = [Math.floor(cell / rowCount), cell % rowCount]
    return {
      reads,
      x1: unscale(range[0] + column * width),
      x2: unscale(range[0] + (column + 1) * width),
      y1: scoreRange[0] + row * height,
      y2: scoreRange[0] + (row + 1) * height,
      fill:
        2 * none[cell] > reads
          ? colours.none
          : mixed(colours.known, colours.unknown, unknown[cell] / (reads - none[cell])),
      opacity: 0.12 + (0.88 * Math.log1p(reads)) / most,
    }
  }).filter(({ reads }) => reads > 0)
  return Plot.rect(rects, {
    x1: 'x1',
    x2: 'x2',
    y1: 'y1',
    y2: 'y2',
    fill: 'fill',
    fillOpacity: { value: 'opacity', scale: null },
  })
}

/** A colour between two of the form #rrggbb. */
function mixed(from: string, to: string, share: number): string {
  const channel = (i: number): string => {
    const [a, b] = [from, to].map(colour => Number.parseInt(colour.slice(i, i + 2), 16))
    return Math.round(a + (b - a) * share)
      .toString(16)
      .padStart(2, '0')
  }
  return `#${channel(1)}${channel(3)}${channel(5)}`
}
