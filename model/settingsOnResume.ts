import type { EarlierRun } from './runDirectory.js'
import type { SettingsTable } from './settingKinds.js'
import { type NamedSetting, SettingsError } from './settingsError.js'

/**
 * Compares the settings of a run that goes on with those that it had, each by its rule in the table.
 * Returns what the user is told of, a line each: `val_freq was 1000, is now 500`.
 *
 * `run`: the directory, for messages; `notes`: what the run runs on now. Devices are compared by what they say of
 * themselves there.
 * @throws SettingsError that names all settings which must be the same and are not.
 */
export function settingsOnResume<Table extends SettingsTable>(
  run: string,
  table: Table,
  settings: Readonly<Record<keyof Table, unknown>>,
  notes: readonly string[],
  earlier: EarlierRun,
): string[] {
  const changes = Object.entries(table).flatMap(([name, { resume, default: byDefault }]) => {
    const was = name === 'device' ? deviceIn(earlier.notes) : valueBefore(name, byDefault, earlier)
    const is = name === 'device' ? deviceIn(notes) : settings[name]
    return was === undefined || was === is ? [] : [{ name, resume, was: show(was), is: show(is) }]
  })
  const refused = changes.filter(({ resume }) => resume === 'same')
  if (refused.length > 0)
    throw new SettingsError(tell => {
      const list = refused.map(({ name, was, is }) => `${tell(name as NamedSetting)} ${was}, now ${is}`)
      return `${run}: this run began with ${list.join('; ')}; a run is resumed with what it began with (${tell('fresh')} starts anew)`
    })
  return changes
    .filter(({ resume }) => resume === 'told')
    .map(({ name, was, is }) => `${name} was ${was}, is now ${is}`)
}

/**
 * What a setting was: its default in runs of ours from before there was such a setting. Undefined where nobody knows:
 * the reference has fewer settings, and what it does without them need not be our default.
 */
const valueBefore = (name: string, byDefault: unknown, { settings, ofReference }: EarlierRun): unknown =>
  settings[name] ?? (ofReference ? undefined : byDefault)

/** What the device says of itself, its threads and libraries among that; undefined in the notes of the reference. */
const deviceIn = (notes: readonly string[]): string | undefined =>
  notes.find(note => note.startsWith('device '))?.replace('device ', '')

const show = (value: unknown): string => (value === '' ? 'not given' : String(value))
