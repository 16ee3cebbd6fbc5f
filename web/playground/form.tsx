/** The settings of a training, each a choice. */
import { choices, type Settings } from './settings.js'

type Props = {
  readonly settings: Settings
  readonly onSettings: (settings: Settings) => void
  /** A training runs: of its settings the learning rate alone can be changed. */
  readonly isBusy: boolean
  /** There is a cell to train. */
  readonly isReady: boolean
  readonly onTrain: () => void
}

const labels: { readonly [K in keyof Settings]: string } = {
  hidden: 'Hidden units',
  length: 'Bases of a read',
  steps: 'Steps',
  seed: 'Seed',
  learningRate: 'Learning rate',
}

const names = Object.keys(labels) as (keyof Settings)[]

export function SettingsForm({ settings, onSettings, isBusy, isReady, onTrain }: Props) {
  return (
    <form
      class="settings training"
      onSubmit={event => {
        event.preventDefault()
        onTrain()
      }}
    >
      {names.map(name => (
        <label key={name}>
          {labels[name]}
          <select
            value={settings[name]}
            disabled={isBusy && name !== 'learningRate'}
            onChange={({ currentTarget }) => onSettings({ ...settings, [name]: Number(currentTarget.value) })}
          >
            {choices[name].map(choice => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </label>
      ))}
      <button type="submit" class="primary" disabled={isBusy || !isReady}>
        Train
      </button>
    </form>
  )
}
