import type { EarlierRun } from './runDirectory.js'
import type { SettingsTable } from './settings.js'
import { type NamedSetting, SettingsError } from './settingsError.js'

/**
 * Compares the settings of a run that goes on with those that it had, each by its rule in the table.
 * Returns what the user is told of, a line each: `val_freq was 1000, is now 500`.
 *
 * `run`: the directory, for messages; `notes`: what the run runs on now, of which the line on the device is compared.
 * @throws SettingsError that names all settings which must be the same and are not.
 */
export function settingsOnResume<Table extends SettingsTable>(
  run: string,
  table: Table,
  settings: Readonly<Record<keyof Table, unknown>>,
  notes: readonly string[],
  earlier: EarlierRun,
): string[] {
  const changed = (rule: 'same' | 'told') =>
    namesOf(table).filter(name => {
      if (table[name].resume !== rule) return false
      const before = valueBefore(name, table, earlier)
      return before !== undefined && before !== settings[name]
    })
  const before = (name: keyof Table & string) => show(valueBefore(name, table, earlier))
  const refused = changed('same')
  if (refused.length > 0)
    throw new SettingsError(tell => {
      const list = refused.map(
        name => `${tell(name as NamedSetting)} ${before(name)}, now ${show(settings[name])}`,
      )
      return `${run}: this run began with ${list.join('; ')}; a run is resumed with what it began with (${tell('fresh')} starts anew)`
    })
  return [
    ...changed('told').map(name => `${name} was ${before(name)}, is now ${show(settings[name])}`),
    ...changedDevice(notes, earlier.notes),
  ]
}

const namesOf = <Table extends SettingsTable>(table: Table): (keyof Table & string)[] => Object.keys(table)

/**
 * What a setting was: its default in runs of ours from before there was such a setting. Undefined where nobody knows:
 * the reference has fewer settings, and what it does without them need not be our default.
 */
const valueBefore = (name: string, table: SettingsTable, { settings, ofReference }: EarlierRun): unknown =>
  settings[name] ?? (ofReference ? undefined : table[name].default)

const show = (value: unknown): string => (value === '' ? 'not given' : String(value))

/** Another device, other threads, another BLAS library: what the device says of itself. */
function changedDevice(now: readonly string[], before: readonly string[]): string[] {
  const [is, was] = [now, before].map(notes => notes.find(note => note.startsWith('device ')))
  return is !== undefined && was !== undefined && is !== was ? [`it ran on ${was}`] : []
}
