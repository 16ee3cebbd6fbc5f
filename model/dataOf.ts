import { existsSync } from 'node:fs'
import { InputError } from '../data/index.js'
import { defaults, type Settings } from './settings.js'
import { type NamedSetting, SettingsError } from './settingsError.js'

/** What a setting's data are read with; bad input is an error that names the setting, with the InputError as its cause. */
export async function dataOf<T>(setting: NamedSetting, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new SettingsError(name => `${name(setting)}: ${error.message}`, { cause: error })
  }
}

/** Whether a folder is not named at all: set to nothing, or left at a default that does not exist. */
export const absentByDefault = (
  settings: Pick<Settings, 'in_val_data_dir' | 'ood_val_data_dir'>,
  setting: 'in_val_data_dir' | 'ood_val_data_dir',
): boolean =>
  settings[setting] === '' || (settings[setting] === defaults[setting] && !existsSync(settings[setting]))
