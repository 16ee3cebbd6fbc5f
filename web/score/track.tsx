import * as Plot from '@observablehq/plot'
import { useCallback, useEffect, useState } from 'preact/hooks'
import { decode } from '../../data/index.js'
import { count, fixed } from '../ui/format.js'
import { useTask } from '../ui/useTask.js'
import type { OwnModels, TrackResult } from '../work/index.js'
import type { Colours } from './colours.js'
import { Picture } from './picture.js'
import type { ScoredReads } from './scoredReads.js'

type Props = {
  readonly reads: ScoredReads
  readonly read: number
  readonly models: OwnModels | undefined
  readonly file: string
  readonly onClose: () => void
}

/** One read: its scores, and how its likelihood ratio comes about along it. */
export function OpenedRead({ reads, read, models, file, onClose }: Props) {
  const [track, setTrack] = useState<TrackResult>()
  const task = useTask('track', { onReport() {}, onDone: setTrack })
  const bases = reads.basesOf(read)
  const { detector } = reads
  useEffect(() => {
    setTrack(undefined)
    if (bases && detector.hasTracks) task.start({ bases, ...(models && { models }) })
  }, [reads, read])
  const name = reads.name(read)
  const scores = reads.scoresOf(read)
  const without = !detector.hasTracks
    ? `${detector.name} has neither networks nor genomes of genera: only they tell base by base.`
    : !bases
      ? 'This read came after there was no more room for bases: score it alone to see along it.'
      : task.status.kind === 'failed'
        ? task.status.message
        : task.status.kind === 'done' && !track
          ? 'No base of this read is predicted: it has no two known bases in a row.'
          : undefined
  return (
    <section id="opened-read" class="card" aria-label={`Read ${name}`}>
      <header>
        <h3>{name}</h3>
        <button type="button" class="quiet" aria-label="Close the read" onClick={onClose}>
          ×
        </button>
      </header>
      <p class="note">
        {[
          `${count(reads.composition(read).length)} bases`,
          ...detector.columns.map((column, i) => `${column} ${fixed(scores[i], 4)}`),
          ...(reads.calibration ? [`p ${fixed(reads.p[read], 4)}`] : []),
        ].join(' · ')}
      </p>
      {without && <p>{without}</p>}
      {!without && !track && <p class="note">Following the networks along the read…</p>}
      {bases && track && <TrackPicture bases={bases} track={track} file={file} />}
    </section>
  )
}

/** A mean is taken over so many bases, for the line. */
const smoothed = 25
/** So many bars are drawn at most, each of the mean of some bases. */
const mostBars = 600
/** Letters are drawn of so few bases, where there is room for them. */
const mostLetters = 110

type PictureProps = {
  readonly bases: Uint8Array
  readonly track: NonNullable<TrackResult>
  readonly file: string
}

function TrackPicture({ bases, track, file }: PictureProps) {
  const { of, against, values } = track
  const draw = useCallback(
    (width: number, colours: Colours) => plotOf(width, bases, track, colours),
    [bases, track],
  )
  const predicted = values.filter(value => !Number.isNaN(value))
  const sum = predicted.reduce((a, b) => a + b, 0)
  const title = against
    ? `Likelihood ratio along the read: ${of} against ${against}`
    : 'Log-likelihood along the read'
  return (
    <Picture title={title} file={file} draw={draw} description={`${title}, ${fixed(sum, 1)} nats in all`}>
      <p class="note">
        {against
          ? `log p(base | ${of}) − log p(base | ${against}): ${fixed(sum, 1)} nats in all. Above zero, a base speaks for ${of}. The line is the mean over ${smoothed} bases.`
          : `log p(base): ${fixed(sum / predicted.length, 3)} nats per base. The line is the mean over ${smoothed} bases.`}
      </p>
    </Picture>
  )
}

function plotOf(
  place: number,
  bases: Uint8Array,
  { values, against }: NonNullable<TrackResult>,
  colours: Colours,
): Plot.PlotOptions {
  const width = Math.ceil(values.length / mostBars)
  const bars = Array.from({ length: Math.ceil(values.length / width) }, (_, i) => ({
    start: i * width + 0.5,
    end: Math.min(values.length, (i + 1) * width) + 0.5,
    value: meanOf(values, i * width, (i + 1) * width),
  })).filter(({ value }) => !Number.isNaN(value))
  const line = Array.from({ length: bars.length }, (_, i) => {
    const middle = Math.round((bars[i].start + bars[i].end) / 2 - 1)
    return [middle + 1, meanOf(values, middle - (smoothed >> 1), middle + (smoothed >> 1) + 1)] as const
  })
  const hasLetters = values.length <= mostLetters && place >= mostLetters * 8
  return {
    height: 220,
    marginLeft: 60,
    marginRight: 16,
    marginTop: 16,
    marginBottom: 44,
    x: {
      domain: [0.5, values.length + 0.5],
      label: 'base',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: 8,
    },
    y: {
      label: 'nats',
      labelAnchor: 'center',
      insetBottom: hasLetters ? 18 : 0,
      grid: true,
      ticks: 5,
      labelArrow: 'none',
    },
    marks: [
      Plot.rect(bars, {
        x1: 'start',
        x2: 'end',
        y1: 0,
        y2: 'value',
        fill: ({ value }: { value: number }) => (value < 0 && against ? colours.unknown : colours.known),
        fillOpacity: 0.6,
      }),
      Plot.ruleY([0]),
      Plot.line(line, { stroke: 'currentColor', strokeWidth: 1.5 }),
      ...(hasLetters
        ? [
            Plot.text([...decode(bases)], {
              x: (_: string, i: number) => i + 1,
              frameAnchor: 'bottom',
              dy: -2,
              text: letter => letter,
            }),
          ]
        : []),
    ],
  }
}

/** The mean of the values from `start` to before `end` that there are. */
function meanOf(values: Float32Array, start: number, end: number): number {
  let sum = 0
  let count = 0
  for (let i = Math.max(0, start); i < Math.min(end, values.length); i++)
    if (!Number.isNaN(values[i])) {
      sum += values[i]
      count++
    }
  return sum / count
}
