import { type EnvironmentVariable, environment } from './environment.js'

export type OptionValue = string | number | boolean

/** One option of a device: what it means, which values it takes, and the environment variable that also sets it. */
export type DeviceOption<V extends OptionValue = OptionValue> = {
  readonly meaning: string
  /** The values that it takes, in words: `a whole number, 1 or more`. */
  readonly values: string
  /** What holds where nobody sets it, in words: `one for each core`. */
  readonly otherwise: string
  /** The value that this is, given as it is or (in the environment, on the command line) as text; undefined: none. */
  readonly parse: (given: unknown) => V | undefined
  readonly variable?: EnvironmentVariable
}

/** What is said of an option beside the values that it takes. */
type About = Pick<DeviceOption, 'meaning' | 'otherwise' | 'variable'>

/** An option that is a whole number of at least `least`. */
const wholeNumber = (least: number, about: About): DeviceOption<number> => ({
  ...about,
  values: `a whole number, ${least} or more`,
  parse: given => {
    const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
    return Number.isSafeInteger(number) && Number(number) >= least ? Number(number) : undefined
  },
})

/** An option that is one of some words. */
const oneOf = <const V extends string>(choices: readonly V[], about: About): DeviceOption<V> => ({
  ...about,
  values: `one of ${choices.join(', ')}`,
  parse: given => choices.find(choice => choice === String(given)),
})

/** An option that is a text, such as a path. */
const text = (values: string, about: About): DeviceOption<string> => ({
  ...about,
  values,
  parse: given => (typeof given === 'string' && given !== '' ? given : undefined),
})

/** An option that is on or off; in the environment 1 or 0. */
const flag = (about: About): DeviceOption<boolean> => ({
  ...about,
  values: 'true or false',
  parse: given => {
    if (typeof given === 'boolean') return given
    return given === '1' || given === 'true' ? true : given === '0' || given === 'false' ? false : undefined
  },
})

/** Makes options: `option.wholeNumber(1, { meaning: 'threads', otherwise: 'one for each core' })`. */
export const option = { wholeNumber, oneOf, text, flag }

/** The options that a kind of device knows, by name. */
export type OptionTable = Readonly<Record<string, DeviceOption>>

/** Values for the options of a table; those left out are the device's choice. */
export type OptionValues<T extends OptionTable> = {
  readonly [Name in keyof T]?: T[Name] extends DeviceOption<infer V> ? V : never
}

/** Options of a device that is known only when the program runs. */
export type DeviceOptions = Readonly<Record<string, OptionValue | undefined>>

/**
 * What a device is opened with: what was given, else what the environment says, else nothing.
 * @throws RangeError for an option that the device does not know, or a value that an option does not take.
 */
export function resolveOptions<T extends OptionTable>(
  device: string,
  table: T,
  given: DeviceOptions = {},
): OptionValues<T> {
  const names = Object.keys(table)
  for (const name of Object.keys(given))
    if (!Object.hasOwn(table, name))
      throw new RangeError(
        `device '${device}' has no option '${name}'; ${names.length ? `there are ${names.join(', ')}` : 'it takes none'}`,
      )
  const values: Record<string, OptionValue> = {}
  for (const [name, { values: wanted, parse, variable }] of Object.entries(table)) {
    const fromEnvironment = given[name] === undefined && variable ? environment(variable) : undefined
    const asked = given[name] ?? fromEnvironment
    if (asked === undefined) continue
    const value = parse(asked)
    if (value === undefined)
      throw new RangeError(
        fromEnvironment === undefined
          ? `device '${device}': ${name} ${asked}; give ${wanted}`
          : `${variable}=${asked}: give ${wanted}`,
      )
    values[name] = value
  }
  return values as OptionValues<T>
}
