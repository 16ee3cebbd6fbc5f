/** What a setting is, and the kinds of settings: what tables of settings (`settings`, `classifierSettings`) are made of. */

/** The JavaScript type of each kind of setting. */
type Kinds = { integer: number; number: number; boolean: boolean; string: string }

/**
 * What a setting may be when a run goes on from a checkpoint: the `same` as before, or the run is refused, since it would
 * not end with the bits of one that was never interrupted; another one, and the user is `told`; or `any`, since it does
 * not concern what the run computes. Of data only the path may be another one:
 * that they are the same is the business of `runIdentity`.
 */
export type ResumeRule = 'same' | 'told' | 'any'

/** Everything that is known about one setting. */
export type Setting = {
  [Kind in keyof Kinds]: {
    readonly kind: Kind
    readonly default: Kinds[Kind]
    readonly resume: ResumeRule
    /** For `--help`. */
    readonly meaning: string
    readonly valid: (value: unknown) => boolean
    /** What `valid` accepts, as a message says it: `give ${wanted}`. */
    readonly wanted: string
  }
}[keyof Kinds]

/** Settings by their names. */
export type SettingsTable = Readonly<Record<string, Setting>>

/** Whether a value has the type of a kind of setting. */
export const isKind = <Kind extends keyof Kinds>(kind: Kind, value: unknown): value is Kinds[Kind] =>
  kind === 'integer' ? Number.isInteger(value) : typeof value === kind

/** What settings of a kind have in common; `accepts` says which values make sense (by default all), `wanted` in words. */
export const ofKind = <Kind extends keyof Kinds>(
  kind: Kind,
  wanted: string,
  accepts: (value: Kinds[Kind]) => boolean = () => true,
) => ({ kind, wanted, valid: (value: unknown) => isKind(kind, value) && accepts(value) })

export const flag = ofKind('boolean', 'true or false')
export const text = ofKind('string', 'a text')
export const oneOf = (...choices: readonly string[]) =>
  ofKind('string', `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`, choice =>
    choices.includes(choice),
  )
export const numberFrom0 = ofKind('number', '0 or more', n => n >= 0 && Number.isFinite(n))
export const integerFrom = (least: number) =>
  ofKind('integer', `a whole number, ${least} or more`, n => n >= least)

/** A value for every setting of a table. */
export type SettingsOf<Table extends SettingsTable> = { [Name in keyof Table]: Kinds[Table[Name]['kind']] }

/** One field of every setting of a table, by the setting's name. */
export function column<Table extends SettingsTable, Field extends keyof Setting>(
  table: Table,
  field: Field,
): { [Name in keyof Table]: Table[Name][Field] } {
  const fields = Object.entries(table).map(([name, setting]) => [name, setting[field]])
  return Object.fromEntries(fields)
}
