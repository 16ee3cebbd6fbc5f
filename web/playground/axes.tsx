/** The frame of a chart over the steps of a training. */
import type { ComponentChildren } from 'preact'
import { fixed } from '../ui/format.js'

/** Where values lie in a chart, in the units of its picture. */
export type Scale = { readonly x: (step: number) => number; readonly y: (value: number) => number }

type Props = {
  readonly steps: number
  /** The least and the largest value that is shown. */
  readonly range: readonly [low: number, high: number]
  readonly height: number
  readonly title: string
  readonly children: (scale: Scale) => ComponentChildren
}

const [width, left, right, top, bottom] = [640, 44, 14, 8, 22]

/** About four round numbers between two. */
function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= raw) ?? raw
  const first = Math.ceil(low / step - 1e-9) * step
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => first + i * step)
}

export function Axes({ steps, range: [low, high], height, title, children }: Props) {
  const x = (step: number): number => left + ((width - left - right) * step) / steps
  const y = (value: number): number => top + ((height - top - bottom) * (high - value)) / (high - low || 1)
  return (
    <figure class="training">
      <figcaption>{title}</figcaption>
      <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title}>
        {ticks(low, high).map(value => (
          <g key={value}>
            <line class="grid" x1={left} x2={width - right} y1={y(value)} y2={y(value)} />
            <text class="note" x={left - 8} y={y(value) + 4} text-anchor="end">
              {fixed(value, 2)}
            </text>
          </g>
        ))}
        {ticks(0, steps).map(step => (
          <text key={step} class="note" x={x(step)} y={height - 4} text-anchor="middle">
            {step}
          </text>
        ))}
        {children({ x, y })}
      </svg>
    </figure>
  )
}
