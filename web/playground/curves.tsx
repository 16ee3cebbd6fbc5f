/** Curves of several trainings in one picture. */
import { fixed } from '../ui/format.js'

export type Curve = { readonly label: string; readonly className: string; readonly values: readonly number[] }

const [width, height, left, bottom] = [640, 260, 44, 24]

/** About four round numbers between two. */
function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= raw) ?? raw
  const first = Math.ceil(low / step) * step
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => first + i * step)
}

/** A moving mean: single batches differ by more than trainings do. */
function smooth(values: readonly number[], over = 9): number[] {
  return values.map((_, i) => {
    const window = values.slice(Math.max(0, i - over + 1), i + 1)
    return window.reduce((a, b) => a + b, 0) / window.length
  })
}

/** Losses by step, thin as they are and thick in the mean of nine steps, and `reference`, a line across. */
export function Curves({
  curves,
  steps,
  reference,
  title,
}: {
  readonly curves: readonly Curve[]
  readonly steps: number
  readonly reference: { readonly value: number; readonly label: string }
  readonly title: string
}) {
  const all = curves.flatMap(({ values }) => values).filter(Number.isFinite)
  const low = Math.min(reference.value, ...all)
  const high = Math.max(reference.value, ...all)
  const x = (step: number): number => left + ((width - left - 8) * step) / Math.max(1, steps - 1)
  const y = (value: number): number => 8 + ((height - bottom - 16) * (high - value)) / (high - low || 1)
  const points = (values: readonly number[]): string =>
    values
      .map((value, i) => (Number.isFinite(value) ? `${x(i).toFixed(1)},${y(value).toFixed(1)}` : ''))
      .join(' ')
  return (
    <figure>
      <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title}>
        {ticks(low, high).map(value => (
          <g key={value}>
            <line class="grid" x1={left} x2={width - 8} y1={y(value)} y2={y(value)} />
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
        <line class="reference" x1={left} x2={width - 8} y1={y(reference.value)} y2={y(reference.value)} />
        <text class="note" x={width - 8} y={y(reference.value) + 16} text-anchor="end">
          {reference.label}
        </text>
        {curves.map(({ label, className, values }) => (
          <g key={label} class={className}>
            <polyline class="curve faint" points={points(values)} />
            <polyline class="curve" points={points(smooth(values))} />
          </g>
        ))}
      </svg>
      <figcaption>{title}</figcaption>
    </figure>
  )
}
