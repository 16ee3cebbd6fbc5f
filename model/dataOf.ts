import { existsSync } from 'node:fs'
import { InputError } from '../data/index.js'
import { defaults, type Settings } from './settings.js'
import { type NamedSetting, SettingsError } from './settingsError.js'

/**
 * Reads the data of a setting. `hint`: what else to say where they cannot be read.
 * @throws SettingsError for bad input: it names the setting, and has the InputError as its cause.
 */
export async function dataOf<T>(
  setting: NamedSetting,
  read: () => Promise<T>,
  hint: SettingsError['tell'] = () => '',
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new SettingsError(name => `${name(setting)}: ${error.message}${hint(name)}`, { cause: error })
  }
}

/** Whether a folder is not named at all: set to nothing, or left at a default that does not exist. */
export const absentByDefault = (
  settings: Pick<Settings, 'in_val_data_dir' | 'ood_val_data_dir'>,
  setting: 'in_val_data_dir' | 'ood_val_data_dir',
): boolean =>
  settings[setting] === '' || (settings[setting] === defaults[setting] && !existsSync(settings[setting]))
