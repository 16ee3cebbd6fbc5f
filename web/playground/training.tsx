/** A cell in training, beside the built-in LSTM from the same seed. */
import { useState } from 'preact/hooks'
import { fixed } from '../ui/format.js'
import { TaskControls } from '../ui/taskControls.js'
import { useTask } from '../ui/useTask.js'
import type { TrainReport } from '../work/index.js'
import { Curves } from './curves.js'

/** The loss of guessing: every base has a probability of a quarter. */
const guessing = Math.log(4)

const steps = 300
const validateEvery = 50

export const learningRates = [0.001, 0.003, 0.01, 0.03]
export const hiddenSizes = [8, 16, 32, 64, 128]
/** Bases of a read. */
export const length = 100

export type TrainingSettings = {
  readonly hidden: number
  readonly learningRate: number
  readonly seed: number
}

type Progress = {
  readonly losses: readonly number[]
  /** Of the last steps, each. */
  readonly speeds: readonly number[]
  readonly validation?: Extract<TrainReport, { kind: 'validation' }>
}

const nothing: Progress = { losses: [], speeds: [] }

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function advance(progress: Progress, report: Exclude<TrainReport, { kind: 'opened' }>): Progress {
  return report.kind === 'validation'
    ? { ...progress, validation: report }
    : {
        ...progress,
        losses: [...progress.losses, report.loss],
        speeds: [...progress.speeds.slice(-19), report.stepsPerSecond],
      }
}

type Props = {
  readonly text: string
  /** What the cell is called; undefined while its text cannot be run. */
  readonly name: string | undefined
  readonly settings: TrainingSettings
  readonly onSettings: (settings: TrainingSettings) => void
}

export function Training({ text, name, settings, onSettings }: Props) {
  const [progress, setProgress] = useState<readonly Progress[]>([nothing, nothing])
  const [trained, setTrained] = useState<string>()
  const [device, setDevice] = useState('')
  const task = useTask('train', {
    onReport(report) {
      if (report.kind === 'opened') setDevice(report.device)
      else setProgress(all => all.map((one, cell) => (cell === report.cell ? advance(one, report) : one)))
    },
  })
  const busy = task.status.kind === 'running' || task.status.kind === 'paused'
  const start = (): void => {
    setProgress([nothing, nothing])
    setTrained(name)
    const cells = [{ text }, { name: 'lstm' }]
    task.start({ ...settings, cells, length, steps, validateEvery })
  }
  const curves = progress.map(({ losses }, cell) => ({
    label: cell === 0 ? (trained ?? '') : 'built-in LSTM',
    className: cell === 0 ? 'mine' : 'baseline',
    values: losses,
  }))
  return (
    <>
      <form
        class="settings"
        onSubmit={event => {
          event.preventDefault()
          start()
        }}
      >
        <Choice
          label="Hidden units"
          choices={hiddenSizes}
          value={settings.hidden}
          disabled={busy}
          onChoose={hidden => onSettings({ ...settings, hidden })}
        />
        <Choice
          label="Learning rate"
          choices={learningRates}
          value={settings.learningRate}
          onChoose={learningRate => {
            onSettings({ ...settings, learningRate })
            task.control({ learningRate })
          }}
        />
        <Choice
          label="Seed"
          choices={[1, 2, 3, 4, 5]}
          value={settings.seed}
          disabled={busy}
          onChoose={seed => onSettings({ ...settings, seed })}
        />
        <button type="submit" class="primary" disabled={busy || name === undefined}>
          Train {steps} steps
        </button>
      </form>
      <TaskControls task={task} />
      {trained !== undefined && progress[0].losses.length > 0 && (
        <>
          <Curves
            curves={curves}
            steps={steps}
            reference={{ value: guessing, label: 'guessing: ln 4' }}
            title="Training loss in nats per base: each batch, and the mean of nine"
          />
          <Table curves={curves} progress={progress} />
          <p class="note">
            Reads of six synthetic genera (Markov chains, no biology), {length} bases each, 50 a batch; AUROC
            of the likelihood tells reads of them from reads of six others. {device}.
          </p>
        </>
      )}
    </>
  )
}

function Table({
  curves,
  progress,
}: {
  readonly curves: readonly { readonly label: string; readonly className: string }[]
  readonly progress: readonly Progress[]
}) {
  return (
    <div class="scroll">
      <table class="comparison">
        <thead>
          <tr>
            <th scope="col">cell</th>
            <th scope="col" class="number">
              step
            </th>
            <th scope="col" class="number">
              loss
            </th>
            <th scope="col" class="number">
              AUROC [95 %]
            </th>
            <th scope="col" class="number">
              steps/s
            </th>
          </tr>
        </thead>
        <tbody>
          {progress.map(({ losses, speeds, validation }, cell) => (
            <tr key={curves[cell].className}>
              <th scope="row">
                <span class={`key ${curves[cell].className}`} /> {curves[cell].label}
              </th>
              <td class="number">{losses.length}</td>
              <td class="number">{losses.length > 0 ? fixed(losses[losses.length - 1], 4) : ''}</td>
              <td class="number">
                {validation &&
                  `${fixed(validation.auroc, 3)} [${fixed(validation.low, 3)}, ${fixed(validation.high, 3)}]`}
              </td>
              <td class="number">{speeds.length > 0 ? fixed(median(speeds), 0) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Choice({
  label,
  choices,
  value,
  disabled = false,
  onChoose,
}: {
  readonly label: string
  readonly choices: readonly number[]
  readonly value: number
  readonly disabled?: boolean
  readonly onChoose: (value: number) => void
}) {
  return (
    <label>
      {label}
      <select
        value={value}
        disabled={disabled}
        onChange={({ currentTarget }) => onChoose(Number(currentTarget.value))}
      >
        {choices.map(choice => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    </label>
  )
}
