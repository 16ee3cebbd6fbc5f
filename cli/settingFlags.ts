import { InvalidArgumentError, Option, type OptionValues } from 'commander'
import {
  defaults,
  type Setting,
  type SettingName,
  type Settings,
  type SettingsOf,
  type SettingsTable,
  settingNames,
  settingsTable,
} from '../model/index.js'
import { parseDevice } from './deviceFile.js'

/** `--norm_lstm`, `--norm_lstm=True` and `--norm_lstm=false`, as TensorFlow's flags have it. */
function parseFlag(text: string): boolean {
  if (/^(true|t|1|yes|y)$/i.test(text)) return true
  if (/^(false|f|0|no|n)$/i.test(text)) return false
  throw new InvalidArgumentError('Give true or false.')
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number.')
  return value
}

/** The options of one setting: a flag has a negative form, too, the second one (`--nonorm_lstm`). */
function optionsOf(name: string, { kind, default: value, meaning }: Setting): Option[] {
  const long = `--${name.replaceAll('_', '-')}`
  const option = (form: string) =>
    new Option(`${long} ${form}`, meaning).default(value, value === '' ? 'none' : undefined)
  if (kind === 'boolean')
    return [option('[flag]').argParser(parseFlag).preset(true), new Option(`--no${long.slice(2)}`).hideHelp()]
  if (kind !== 'string') return [option('<number>').argParser(parseNumber)]
  if (name === 'device') return [option('<name>').argParser(text => text && parseDevice(text))]
  return [option(name === 'out_dir' ? '<out-folder>' : '<text>')]
}

/** A flag for every setting of a table. */
export const tableOptions = (table: SettingsTable): Option[] =>
  Object.entries(table).flatMap(([name, setting]) => optionsOf(name, setting))

/** A flag for every setting of a training but some, for commands that train. */
export const settingOptions = (without: readonly SettingName[] = []): Option[] =>
  settingNames.filter(name => !without.includes(name)).flatMap(name => optionsOf(name, settingsTable[name]))

/** The settings of a training's command line; `device`: the name of the device that was chosen. */
export const settingsOf = (given: OptionValues, device: string): Settings => ({
  ...tableSettings(settingsTable, defaults, given),
  device: given.device ? device : defaults.device,
})

/** The settings of a table that a command line gives; the others are those of `byDefault`. */
export function tableSettings<Table extends SettingsTable>(
  table: Table,
  byDefault: SettingsOf<Table>,
  given: OptionValues,
): SettingsOf<Table> {
  const values = Object.entries(table).map(([name, setting]) => {
    const [option, negative] = optionsOf(name, setting)
    const negated = negative && given[negative.attributeName()]
    return [name, negated ? false : given[option.attributeName()]]
  })
  const known = values.filter(([, value]) => value !== undefined)
  return { ...byDefault, ...Object.fromEntries(known) }
}

/** Settings as flags of `xenograd train`: those that are not at their defaults. */
export const flagsOf = (settings: Settings): string[] =>
  settingNames
    .filter(name => settings[name] !== defaults[name])
    .map(name => `--${name.replaceAll('_', '-')}=${settings[name]}`)
