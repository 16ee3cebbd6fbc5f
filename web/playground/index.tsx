/** The view `#playground`: a cell is trained on synthetic genera, in a worker. */
import { useEffect, useState } from 'preact/hooks'
import { fixed } from '../ui/format.js'
import { keepInAddress, route } from '../ui/route.js'
import { TaskControls } from '../ui/taskControls.js'
import { useTask } from '../ui/useTask.js'
import type { TrainReport } from '../work/index.js'

type Validation = Extract<TrainReport, { kind: 'validation' }>

/** Cells that come with Xenograd, by their names. */
const cells: readonly string[] = ['lstm', 'gru', 'coupledGateLstm', 'peepholeLstm', 'layerNormLstm']

/** The loss of guessing: every base has a probability of a quarter. */
const guessing = Math.log(4)

const options = { hidden: 32, length: 100, steps: 200, seed: 1, validateEvery: 50 }
const learningRates = [0.001, 0.003, 0.01, 0.03]

/** The choice that a text of the address names, if there is one. */
const oneOf = <T,>(choices: readonly T[], text: string | null, otherwise: T): T =>
  choices.find(choice => String(choice) === text) ?? otherwise

export function PlaygroundView() {
  const { parameters } = route.value
  const [cell, setCell] = useState(oneOf(cells, parameters.get('cell'), 'lstm'))
  const [learningRate, setLearningRate] = useState(oneOf(learningRates, parameters.get('rate'), 0.01))
  useEffect(() => keepInAddress('playground', { cell, rate: String(learningRate) }), [cell, learningRate])
  const [losses, setLosses] = useState<readonly number[]>([])
  const [stepsPerSecond, setStepsPerSecond] = useState(0)
  const [validation, setValidation] = useState<Validation>()
  const task = useTask('train', {
    onReport(report) {
      if (report.kind === 'step') {
        setLosses(all => [...all, report.loss])
        setStepsPerSecond(report.stepsPerSecond)
      } else if (report.kind === 'validation') setValidation(report)
    },
  })
  const busy = task.status.kind === 'running' || task.status.kind === 'paused'
  const start = (): void => {
    setLosses([])
    setValidation(undefined)
    task.start({ ...options, cells: [{ name: cell }], learningRate })
  }
  return (
    <>
      <h1>Train a recurrent cell</h1>
      <p class="lead">
        A generative model of DNA learns to predict the next base of reads of six <em>synthetic</em> genera
        (Markov chains, no biology), {options.hidden} hidden units on {options.length} bases. It is then asked
        about reads of six others.
      </p>
      <form
        class="settings"
        onSubmit={event => {
          event.preventDefault()
          start()
        }}
      >
        <label>
          Cell
          <select value={cell} disabled={busy} onChange={({ currentTarget }) => setCell(currentTarget.value)}>
            {cells.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Learning rate
          <select
            value={learningRate}
            onChange={({ currentTarget }) => {
              const rate = Number(currentTarget.value)
              setLearningRate(rate)
              task.control({ learningRate: rate })
            }}
          >
            {learningRates.map(rate => (
              <option key={rate}>{rate}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary" disabled={busy}>
          Train {options.steps} steps
        </button>
      </form>
      <TaskControls task={task} />
      {losses.length > 0 && (
        <>
          <dl class="figures">
            <div>
              <dt>step</dt>
              <dd>{losses.length}</dd>
            </div>
            <div>
              <dt>loss, nats per base</dt>
              <dd>{fixed(losses[losses.length - 1], 4)}</dd>
            </div>
            <div>
              <dt>steps per second</dt>
              <dd>{fixed(stepsPerSecond, 0)}</dd>
            </div>
            {validation && (
              <div>
                <dt>AUROC at step {validation.step}</dt>
                <dd>
                  {fixed(validation.auroc, 3)}{' '}
                  <small>
                    [{fixed(validation.low, 3)}, {fixed(validation.high, 3)}]
                  </small>
                </dd>
              </div>
            )}
          </dl>
          <LossCurve losses={losses} />
        </>
      )}
    </>
  )
}

/** The loss of every step, and that of guessing. */
function LossCurve({ losses }: { readonly losses: readonly number[] }) {
  const [width, height] = [640, 220]
  const low = Math.min(...losses)
  const high = Math.max(guessing, ...losses)
  const x = (step: number): number => (width * step) / (options.steps - 1)
  const y = (loss: number): number => 10 + ((height - 20) * (high - loss)) / (high - low || 1)
  const points = losses.map((loss, i) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`).join(' ')
  return (
    <figure>
      <svg
        class="chart"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Loss after ${losses.length} steps`}
      >
        <line class="reference" x1="0" x2={width} y1={y(guessing)} y2={y(guessing)} />
        <text class="note" x={width} y={y(guessing) + 16} text-anchor="end">
          guessing: ln 4
        </text>
        <polyline class="curve" points={points} />
      </svg>
      <figcaption>Training loss of each batch, in nats per base</figcaption>
    </figure>
  )
}
