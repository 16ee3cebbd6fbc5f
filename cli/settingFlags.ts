import { InvalidArgumentError, Option, type OptionValues } from 'commander'
import {
  defaults,
  type ResumeRule,
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

/** What may be another when a run goes on from its checkpoint, for the help of commands that train. */
export function resumeHelp(table: SettingsTable): string {
  const flagsWith = (rule: ResumeRule) => {
    const names = Object.keys(table).filter(name => table[name].resume === rule)
    // The device last: what follows is said of it.
    const ordered = [...names.filter(name => name !== 'device'), ...names.filter(name => name === 'device')]
    return ordered.map(name => `--${name}`)
  }
  return wrapped(
    `A run goes on from its checkpoint with what it began with. These may be others, and are told if they are: ${flagsWith('told').join(', ')} (with its threads and libraries). These do not matter: ${flagsWith('any').join(', ')}. All others must be as they were (--fresh starts anew).`,
  )
}

/** Text in lines of at most 120 characters, after an empty one. */
function wrapped(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ? `${lines.at(-1)} ${word}` : word
    if (line.length > 120) lines.push(word)
    else lines[lines.length - 1] = line
  }
  return `\n${lines.join('\n')}`
}
