import test from 'tape'
import {
  classifierDefaults,
  classifierSettingsTable,
  defaults,
  type Setting,
  SettingsError,
  settingsTable,
} from '../../model/index.js'
import type { EarlierRun } from '../../model/runDirectory.js'
import { settingsOnResume } from '../../model/settingsOnResume.js'

/** Another value of a setting than its default, of the same kind. */
function another({ kind, default: value }: Setting): unknown {
  if (kind === 'boolean') return !value
  return kind === 'string' ? `${value}x` : Number(value) / 2 + 1
}

type SomeSettings = Readonly<Record<string, unknown>>

/** What a run with these settings says that it runs on. */
const notesOf = ({ device }: SomeSettings): string[] => [
  ...(device === undefined ? [] : [`device wasm: ${device}`]),
  'cell lstm',
]

const earlierRun = (settings: SomeSettings, change: Partial<EarlierRun> = {}): EarlierRun => ({
  ofReference: false,
  settings,
  notes: notesOf(settings),
  ...change,
})

for (const [title, table, byDefault] of [
  ['a training', settingsTable, defaults],
  ['a classifier', classifierSettingsTable, classifierDefaults],
] as const)
  test(`settingsOnResume: of ${title}, every setting by its rule in the table`, t => {
    for (const [name, setting] of Object.entries<Setting>(table)) {
      const changed = { ...byDefault, [name]: another(setting) }
      const outcome = (earlier: EarlierRun): string => {
        try {
          return settingsOnResume('run', table, changed, notesOf(changed), earlier).join()
        } catch (error) {
          return error instanceof SettingsError ? error.tell(flag => `--${flag}`) : String(error)
        }
      }
      const expected = {
        same: new RegExp(
          `^run: this run began with --${name} .*, now .*; a run is resumed with what it began with \\(--fresh starts anew\\)$`,
        ),
        told: new RegExp(`^${name} was .*, is now .*$`),
        any: /^$/,
      }[setting.resume]
      t.match(outcome(earlierRun(byDefault)), expected, name)
      const { [name]: _, ...before } = { ...byDefault } as Record<string, unknown>
      const unwritten = name === 'device' ? /^$/ : expected
      t.match(outcome(earlierRun(before)), unwritten, `${name}: a run from before there was such a setting`)
      t.equal(outcome(earlierRun(before, { ofReference: true })), '', `${name}: the reference does not say`)
      t.equal(outcome(earlierRun(changed)), '', `${name}: as it was`)
    }
    t.end()
  })

test('settingsOnResume: all that is refused at once', t => {
  const changed = { ...defaults, dropout_rate: 0.2, reg_type: 'l1' }
  t.throws(
    () => settingsOnResume('run', settingsTable, changed, notesOf(changed), earlierRun(defaults)),
    /began with dropout_rate 0\.1, now 0\.2; reg_type l2, now l1; a run/,
  )
  t.end()
})
