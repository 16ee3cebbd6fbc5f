/** A cell in training, beside the built-in LSTM: from the same seed, on the same batches, turn by turn. */
import { useState } from 'preact/hooks'
import { TaskControls } from '../ui/taskControls.js'
import { useTask } from '../ui/useTask.js'
import { type Compared, Comparison } from './comparison.js'
import { AurocChart, LossChart } from './curves.js'
import { SettingsForm } from './form.js'
import { type TrainingProgress, useProgress } from './progress.js'
import { batchSize, type Settings } from './settings.js'

const baseline = 'lstm'

/** Steps between validations. */
const validateEvery = 50

type Props = {
  readonly text: string
  /** What the cell is called; undefined while its text cannot be run. */
  readonly name: string | undefined
  readonly settings: Settings
  readonly onSettings: (settings: Settings) => void
}

/** What is trained, or was last. */
type Trained = { readonly name: string; readonly settings: Settings }

export function Training({ text, name, settings, onSettings }: Props) {
  const { progress, add, clear } = useProgress()
  const [trained, setTrained] = useState<Trained>()
  const [device, setDevice] = useState('')
  const task = useTask('train', {
    onReport: report => (report.kind === 'opened' ? setDevice(report.device) : add(report)),
  })
  const start = (): void => {
    clear()
    setTrained({ name: name ?? '', settings })
    task.start({ ...settings, batchSize, validateEvery, cells: [{ text }, { name: baseline }] })
  }
  return (
    <>
      <SettingsForm
        settings={settings}
        onSettings={next => {
          onSettings(next)
          task.control({ learningRate: next.learningRate })
        }}
        isBusy={task.status.kind === 'running' || task.status.kind === 'paused'}
        isReady={name !== undefined}
        onTrain={start}
      />
      <TaskControls task={task} />
      {trained && progress.cells[0].losses.length === 0 && task.status.kind === 'running' && (
        <p class="note">Compiles both…</p>
      )}
      {trained && progress.cells[0].losses.length > 0 && (
        <Results {...trained} progress={progress} device={device} />
      )}
      {!trained && (
        <p class="note">
          It trains in turn with the built-in LSTM, from the same seed and on the same batches: {batchSize}{' '}
          reads of six synthetic genera (Markov chains, no biology). The learning rate can be changed on the
          way.
        </p>
      )}
    </>
  )
}

function Results({
  name,
  settings,
  progress: { cells, rates },
  device,
}: Trained & { readonly progress: TrainingProgress; readonly device: string }) {
  const compared: Compared[] = [
    { label: name, className: 'mine', ...cells[0] },
    { label: 'built-in LSTM', className: 'baseline', ...cells[1] },
  ]
  return (
    <>
      <LossChart compared={compared} steps={settings.steps} rates={rates} />
      <AurocChart compared={compared} steps={settings.steps} />
      <Comparison compared={compared} />
      <p class="note">
        AUROC: how well the likelihood tells reads of the six genera from reads of six others. {device}.
      </p>
    </>
  )
}
