import { type Command, InvalidArgumentError, Option, type OptionValues } from 'commander'
import type { Setting, SettingsOf, SettingsTable } from '../model/index.js'
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
  return [
    name === 'device' ? option('<name>').argParser(text => text && parseDevice(text)) : option('<text>'),
  ]
}

/** Adds a flag for every setting of a table to a command. Returns what takes the settings out of the parsed options. */
export function addSettingFlags<Table extends SettingsTable>(
  command: Command,
  table: Table,
): (given: OptionValues) => SettingsOf<Table> {
  const options = Object.entries(table).map(([name, setting]) => ({
    name,
    forms: optionsOf(name, setting),
  }))
  for (const { forms } of options) for (const option of forms) command.addOption(option)
  return given => {
    const values = options.map(({ name, forms: [option, negative] }) => [
      name,
      negative && given[negative.attributeName()] ? false : given[option.attributeName()],
    ])
    return Object.fromEntries(values)
  }
}
