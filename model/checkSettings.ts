import { checkObject } from '../data/index.js'
import {
  type ClassifierSettings,
  classifierSettingNames,
  classifierSettingsTable,
} from './classifierSettings.js'
import type { Setting } from './settingKinds.js'
import { defaults, type Settings, settingNames, settingsTable } from './settings.js'
import { InvalidSettingsError, type NamedSetting } from './settingsError.js'

/** @throws InvalidSettingsError that names the first setting that makes no sense, and what would; TypeError for what is no object. */
export function checkSettings(settings: Settings): void {
  checkEach(settingNames, settingsTable, settings)
  checkTogether(settings)
}

/** `checkSettings` of a classifier's. @throws InvalidSettingsError as `checkSettings`. */
export function checkClassifierSettings(settings: ClassifierSettings): void {
  checkEach(classifierSettingNames, classifierSettingsTable, settings)
  const { seq_len, len_motifs, task, mutation_rate } = settings
  if (len_motifs > seq_len)
    throw new InvalidSettingsError(
      name => `${name('len_motifs')} ${len_motifs}: give at most ${name('seq_len')}, which is ${seq_len}`,
    )
  if (task === 'mutated' && mutation_rate === 0)
    throw new InvalidSettingsError(
      name => `${name('task')} mutated: mutated reads need a ${name('mutation_rate')} above 0`,
    )
  checkValidation(settings)
  checkHistograms(settings)
}

/** What each setting of a table says of its own value. */
function checkEach<Name extends NamedSetting>(
  names: readonly Name[],
  table: Readonly<Record<Name, Setting>>,
  settings: Readonly<Record<Name, unknown>>,
): void {
  checkObject('settings', "an object with all of them: { ...defaults, out_dir: 'out' }", settings)
  for (const setting of names) {
    const { valid, wanted } = table[setting]
    const value = settings[setting]
    if (!valid(value)) throw new InvalidSettingsError(name => `${name(setting)} ${value}: give ${wanted}`)
  }
}

/** What settings say of each other. */
function checkTogether(settings: Settings): void {
  const { norm_lstm, cell, seq_len, min_seq_len } = settings
  if (min_seq_len > seq_len)
    throw new InvalidSettingsError(
      name => `${name('min_seq_len')} ${min_seq_len}: give at most ${name('seq_len')}, which is ${seq_len}`,
    )
  if (norm_lstm && cell && cell !== 'layerNormLstm')
    throw new InvalidSettingsError(
      name =>
        `${name('norm_lstm')} with ${name('cell')} ${cell}: layer normalisation is the cell layerNormLstm; give one of the two`,
    )
  checkValidation(settings)
  checkHistograms(settings)
}

function checkValidation({ in_val_data_dir, ood_val_data_dir }: ClassifierSettings | Settings): void {
  if (ood_val_data_dir && ood_val_data_dir !== defaults.ood_val_data_dir && !in_val_data_dir)
    throw new InvalidSettingsError(
      name =>
        `${name('ood_val_data_dir')} ${ood_val_data_dir}: give ${name('in_val_data_dir')}, too, for validation, or neither`,
    )
}

function checkHistograms({ tensorboard, tensorboard_histograms }: ClassifierSettings | Settings): void {
  if (tensorboard_histograms && !tensorboard)
    throw new InvalidSettingsError(
      name => `${name('tensorboard_histograms')} ${tensorboard_histograms}: give ${name('tensorboard')}, too`,
    )
}
