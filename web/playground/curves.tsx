/** Cells in training, as curves over their steps. */
import { Axes } from './axes.js'
import type { Compared } from './comparison.js'
import type { TrainingProgress } from './progress.js'

/** The loss of guessing: every base has a probability of a quarter. */
const guessing = Math.log(4)

/** Steps in the mean that is drawn: single batches differ by more than cells do. */
const window = 9

const smooth = (values: readonly number[]): number[] =>
  values.map((_, i) => {
    const part = values.slice(Math.max(0, i - window + 1), i + 1)
    return part.reduce((a, b) => a + b, 0) / part.length
  })

type ChartProps = { readonly compared: readonly Compared[]; readonly steps: number }

/** Losses of each batch, thin, and their moving mean; the loss of guessing; and where the learning rate was changed. */
export function LossChart({ compared, steps, rates }: ChartProps & Pick<TrainingProgress, 'rates'>) {
  const losses = compared.flatMap(({ losses }) => losses).filter(Number.isFinite)
  return (
    <Axes
      steps={steps}
      range={[Math.min(guessing, ...losses), Math.min(2 * guessing, Math.max(guessing, ...losses))]}
      height={230}
      title="Loss in nats per base: each batch, and the mean of nine"
    >
      {({ x, y }) => {
        const points = (values: readonly number[]): string =>
          values
            .map((value, i) =>
              Number.isFinite(value) ? `${x(i + 1).toFixed(1)},${y(value).toFixed(1)}` : '',
            )
            .join(' ')
        return (
          <>
            <line class="reference" x1={x(0)} x2={x(steps)} y1={y(guessing)} y2={y(guessing)} />
            <text class="note" x={x(steps)} y={y(guessing) + 14} text-anchor="end">
              guessing: ln 4
            </text>
            {rates.slice(1).map(({ step, learningRate }) => (
              <g key={step}>
                <line class="reference" x1={x(step)} x2={x(step)} y1={8} y2={208} />
                <text class="note" x={x(step) + 4} y={204}>
                  rate {learningRate}
                </text>
              </g>
            ))}
            {compared.map(({ className, losses }) => (
              <polyline key={className} class={`curve faint ${className}`} points={points(losses)} />
            ))}
            {compared.map(({ className, losses }) => (
              <polyline key={className} class={`curve ${className}`} points={points(smooth(losses))} />
            ))}
          </>
        )
      }}
    </Axes>
  )
}

/** AUROC at each validation, with its interval; cells stand side by side, as their intervals overlap. */
export function AurocChart({ compared, steps }: ChartProps) {
  const validations = compared.flatMap(({ validations }) => validations)
  if (!validations.length) return null
  const values = validations.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite)
  return (
    <Axes
      steps={steps}
      range={[Math.min(0.5, ...values), Math.max(0.7, ...values)]}
      height={130}
      title="AUROC, known against unknown genera, with its 95 % interval"
    >
      {({ x, y }) => (
        <>
          <line class="reference" x1={x(0)} x2={x(steps)} y1={y(0.5)} y2={y(0.5)} />
          {compared.map(({ className, validations }, cell) => (
            <g key={className} class={className}>
              {validations
                .filter(({ auroc }) => Number.isFinite(auroc))
                .map(({ step, auroc, low, high }) => {
                  const centre = x(step) + 6 * (cell - 0.5)
                  return (
                    <g key={step}>
                      <line class="interval" x1={centre} x2={centre} y1={y(low)} y2={y(high)} />
                      <circle class="point" cx={centre} cy={y(auroc)} r={3.2} />
                    </g>
                  )
                })}
            </g>
          ))}
        </>
      )}
    </Axes>
  )
}
