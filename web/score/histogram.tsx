import * as Plot from '@observablehq/plot'
import { useCallback, useRef } from 'preact/hooks'
import type { Colours } from './colours.js'
import { legendMarks } from './legend.js'
import { Picture } from './picture.js'
import type { CallCounts, Histogram as Counts } from './summary.js'

export const binCount = 80

const margins = { marginLeft: 60, marginRight: 16, marginTop: 36, marginBottom: 44 }
const height = 280

type Props = {
  readonly histogram: Counts
  readonly counts: CallCounts
  /** What the score is called. */
  readonly score: string
  /** Names of the calls. */
  readonly labels: readonly string[]
  /** The score below which reads are called unknown; NaN where that cannot be said. */
  readonly cutoff: number
  /** What stands beside the line of the threshold. */
  readonly note: string
  readonly file: string
  /** The threshold for those who cannot see it. */
  readonly valueText: string
  /** Dragged to a score. */
  readonly onDrag: (score: number) => void
  /** Moved by so many steps of the keyboard. */
  readonly onSteps: (steps: number) => void
}

/** A histogram of the score for every call, with the threshold as a handle. */
export function Histogram(props: Props) {
  const { histogram, counts, score, labels, cutoff, note, file } = props
  const draw = useCallback(
    (_: number, colours: Colours) => plotOf(histogram, counts, score, labels, cutoff, note, colours),
    [histogram, counts, score, labels, cutoff, note],
  )
  return (
    <Picture
      title={`${score} of all reads`}
      description={`Histogram of ${score}: ${labels.map((label, i) => `${counts[i]} ${label}`).join(', ')}; ${note}`}
      file={file}
      draw={draw}
      overlay={width => <Handle {...props} width={width} />}
    />
  )
}

function plotOf(
  { range, bins }: Counts,
  counts: CallCounts,
  score: string,
  labels: readonly string[],
  cutoff: number,
  note: string,
  colours: Colours,
): Plot.PlotOptions {
  const [low, high] = range
  const size = (high - low) / binCount
  const fills = [colours.known, colours.unknown, colours.none]
  const rows = fills.flatMap((fill, call) =>
    Array.from(bins[call], (count, i) => ({
      fill,
      count,
      x1: low + i * size,
      x2: low + (i + 1) * size,
    })).filter(({ count }) => count > 0),
  )
  const isWithin = cutoff >= low && cutoff <= high
  const isLeft = cutoff > (low + high) / 2
  return {
    ...margins,
    height,
    x: { domain: range, label: score, labelAnchor: 'center', labelArrow: 'none', ticks: 8 },
    y: {
      label: 'reads',
      labelAnchor: 'center',
      grid: true,
      ticks: 5,
      labelArrow: 'none',
      nice: true,
      zero: true,
      tickFormat: 's',
    },
    marks: [
      Plot.rectY(rows, Plot.stackY({ x1: 'x1', x2: 'x2', y: 'count', fill: 'fill', insetRight: 0.5 })),
      Plot.ruleY([0]),
      ...(isWithin
        ? [
            Plot.ruleX([cutoff], { stroke: 'currentColor', strokeWidth: 1.5 }),
            Plot.text([note], {
              x: cutoff,
              frameAnchor: 'top',
              dy: 6,
              dx: isLeft ? -8 : 8,
              textAnchor: isLeft ? 'end' : 'start',
              stroke: colours.paper,
              strokeWidth: 4,
              fill: 'currentColor',
            }),
          ]
        : []),
      ...legendMarks(labels, counts, fills),
    ],
  }
}

type HandleProps = Props & { readonly width: number }

/** The threshold: dragged, or moved by the arrow keys (page keys: ten steps; Home and End: as far as it goes). */
function Handle({ histogram: { range }, cutoff, valueText, width, onDrag, onSteps }: HandleProps) {
  const [low, high] = range
  const stage = useRef<HTMLDivElement>(null)
  const { marginLeft: left, marginRight: right } = margins
  const inside = width - left - right
  const place = Number.isFinite(cutoff) ? cutoff : cutoff > 0 ? high : low
  const x = left + (inside * (Math.min(high, Math.max(low, place)) - low)) / (high - low)
  const scoreAt = (clientX: number): number => {
    const { left: edge = 0 } = stage.current?.getBoundingClientRect() ?? {}
    return low + ((clientX - edge - left) / inside) * (high - low)
  }
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowUp: 1,
    ArrowLeft: -1,
    ArrowDown: -1,
    PageUp: 10,
    PageDown: -10,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  }
  return (
    <div class="over" ref={stage}>
      <div
        class="handle"
        role="slider"
        tabIndex={0}
        aria-label="Threshold"
        aria-orientation="horizontal"
        aria-valuemin={Number(low.toPrecision(4))}
        aria-valuemax={Number(high.toPrecision(4))}
        aria-valuenow={Number(place.toPrecision(4))}
        aria-valuetext={valueText}
        style={{
          left: `${x}px`,
          top: `${margins.marginTop - 14}px`,
          height: `${height - margins.marginTop - margins.marginBottom + 14}px`,
        }}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId)
          event.currentTarget.focus()
          event.preventDefault()
        }}
        onPointerMove={event => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) onDrag(scoreAt(event.clientX))
        }}
        onKeyDown={event => {
          const moved = steps[event.key]
          if (moved === undefined) return
          event.preventDefault()
          onSteps(event.shiftKey ? 10 * moved : moved)
        }}
      />
    </div>
  )
}
