import { type Settings, settingNames, settingsTable } from './settings.js'
import { InvalidSettingsError } from './settingsError.js'

/** @throws InvalidSettingsError that names the first setting that makes no sense, and what would. */
export function checkSettings(settings: Settings): void {
  for (const setting of settingNames) {
    const { valid, wanted } = settingsTable[setting]
    const value = settings[setting]
    if (!valid(value)) throw new InvalidSettingsError(name => `${name(setting)} ${value}: give ${wanted}`)
  }
  checkTogether(settings)
}

/** What settings say of each other. */
function checkTogether(settings: Settings): void {
  const { norm_lstm, cell, in_val_data_dir, ood_val_data_dir, seq_len, min_seq_len } = settings
  if (min_seq_len > seq_len)
    throw new InvalidSettingsError(
      name => `${name('min_seq_len')} ${min_seq_len}: give at most ${name('seq_len')}, which is ${seq_len}`,
    )
  if (norm_lstm && cell && cell !== 'layerNormLstm')
    throw new InvalidSettingsError(
      name =>
        `${name('norm_lstm')} with ${name('cell')} ${cell}: layer normalisation is the cell layerNormLstm; give one of the two`,
    )
  if (!in_val_data_dir !== !ood_val_data_dir)
    throw new InvalidSettingsError(
      name =>
        `${name('in_val_data_dir')} '${in_val_data_dir}', ${name('ood_val_data_dir')} '${ood_val_data_dir}': give both, or set both to nothing for no validation`,
    )
}
