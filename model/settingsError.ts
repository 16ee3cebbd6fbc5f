import { quoting } from '../data/index.js'
import type { ClassifierSettingName } from './classifierSettings.js'
import type { SettingName } from './settings.js'

/** A setting of either table. */
export type NamedSetting = SettingName | ClassifierSettingName

/**
 * An error whose message names settings. The library calls them by their names (`learning_rate 0`); an interface that
 * writes them in another way, as a command line does with `--learning_rate`, has the message told in its own way.
 */
export class SettingsError extends RangeError {
  override readonly name: string = 'SettingsError'

  /** `tell`: the message, with `name(setting)` wherever it names a setting. */
  constructor(
    readonly tell: (name: (setting: NamedSetting) => string) => string,
    options?: ErrorOptions,
  ) {
    super(quoting(tell(setting => setting)), options)
  }
}

/** Settings that make no sense, whatever the data. */
export class InvalidSettingsError extends SettingsError {
  override readonly name = 'InvalidSettingsError'
}
