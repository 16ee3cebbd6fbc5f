/** The options of a kind of score, as tables, so that a spec on a command line is checked and explained by them. */

/** A number from `least` to `most`. */
export type NumberOption = {
  readonly meaning: string
  readonly otherwise: number
  readonly least: number
  readonly most: number
  readonly whole: boolean
}

/** One of some words. */
export type ChoiceOption<V extends string = string> = {
  readonly meaning: string
  readonly otherwise: V
  readonly choices: readonly V[]
}

/** Names of other scores, joined by `+`, or the name of one; there is no default. */
export type NamesOption = { readonly meaning: string; readonly names: 'one' | 'several' }

/** Numbers from 0 on, joined by `+`; by default there are none. */
export type NumbersOption = { readonly meaning: string; readonly numbersFromZero: true }

/** An option of a score: what it may be, and what it is otherwise. */
export type ScoreOption = NumberOption | ChoiceOption | NamesOption | NumbersOption

export type ScoreOptions = Readonly<Record<string, ScoreOption>>

/** What the options of a table are set to. */
export type OptionValues<T extends ScoreOptions> = {
  readonly [Name in keyof T]: T[Name] extends NamesOption
    ? readonly string[]
    : T[Name] extends NumbersOption
      ? readonly number[]
      : T[Name] extends ChoiceOption<infer V>
        ? V
        : number
}

type Limits = { least: number; most: number; meaning: string }

export const wholeNumber = (otherwise: number, limits: Limits): NumberOption => ({
  otherwise,
  whole: true,
  ...limits,
})

export const positiveNumber = (otherwise: number, meaning: string): NumberOption => ({
  otherwise,
  whole: false,
  least: Number.MIN_VALUE,
  most: Number.MAX_VALUE,
  meaning,
})

export const numberFromZero = (otherwise: number, meaning: string): NumberOption => ({
  ...positiveNumber(otherwise, meaning),
  least: 0,
})

export const oneOf = <const V extends string>(
  choices: readonly [V, ...V[]],
  meaning: string,
): ChoiceOption<V> => ({ choices, otherwise: choices[0], meaning })

export const scoreNames = (names: 'one' | 'several', meaning: string): NamesOption => ({ names, meaning })

export const numbersFromZero = (meaning: string): NumbersOption => ({ numbersFromZero: true, meaning })

/** Which strands a score is fitted on. */
export const fittedStrands = oneOf(['both', 'one'], 'strands of the genomes to fit on')

/** What an option takes, in words. */
export function valuesOf(option: ScoreOption): string {
  if ('names' in option)
    return option.names === 'one' ? 'the name of a score' : 'names of scores, joined by +'
  if ('numbersFromZero' in option) return 'numbers from 0 on, joined by +'
  if ('choices' in option) return `one of ${option.choices.join(', ')}`
  const { whole, least, most } = option
  if (whole) return `a whole number from ${least} to ${most}`
  return least === 0 ? 'a number from 0 on' : 'a positive number'
}

/**
 * The values of all options of a table: those `given` as text, defaults for the rest. `subject` begins messages.
 * @throws RangeError for an option that the table does not have, and for a value that an option does not take.
 */
export function parseOptions<T extends ScoreOptions>(
  subject: string,
  table: T,
  given: Readonly<Record<string, string>>,
): OptionValues<T> {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(table, name))
      throw new RangeError(`${subject}: no option '${name}'; there are ${Object.keys(table).join(', ')}`)
  const values = Object.entries(table).map(([name, option]) => [
    name,
    parseValue(`${subject}: ${name}`, option, given[name]),
  ])
  return Object.fromEntries(values)
}

function parseValue(
  subject: string,
  option: ScoreOption,
  text: string | undefined,
): number | string | readonly string[] | readonly number[] {
  if (text === undefined) {
    if ('numbersFromZero' in option) return []
    if ('names' in option) throw new RangeError(`${subject} is missing; give ${valuesOf(option)}`)
    return option.otherwise
  }
  if ('names' in option) {
    const given = text.split('+')
    if (option.names === 'several' || given.length === 1) return given
  } else if ('numbersFromZero' in option) {
    const numbers = text.split('+').map(numberIn)
    if (numbers.every(number => number >= 0 && number < Number.POSITIVE_INFINITY)) return numbers
  } else if ('choices' in option) {
    if (option.choices.includes(text)) return text
  } else {
    const number = numberIn(text)
    if (number >= option.least && number <= option.most && (!option.whole || Number.isInteger(number)))
      return number
  }
  throw new RangeError(`${subject} is '${text}'; give ${valuesOf(option)}`)
}

const numberIn = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))
