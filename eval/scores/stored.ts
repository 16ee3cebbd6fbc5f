/** What a score finds of itself in a file, checked. */
import type { StoredScore } from './score.js'

/** A setting that is a number from 0 on. @throws RangeError when it is not. */
export function storedNumber({ name, settings }: StoredScore, setting: string): number {
  const value = settings[setting]
  if (typeof value === 'number' && value >= 0) return value
  throw new RangeError(`${name}: its setting ${setting} is ${JSON.stringify(value)}, wanted a number`)
}

/** A setting that is a whole number from 0 on. @throws RangeError when it is not. */
export function storedWhole(stored: StoredScore, setting: string): number {
  const value = storedNumber(stored, setting)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`${stored.name}: its setting ${setting} is ${value}, wanted a whole number`)
}

/** A setting that is one of some words. @throws RangeError when it is not. */
export function storedChoice<V extends string>(
  { name, settings }: StoredScore,
  setting: string,
  choices: readonly V[],
): V {
  const value = choices.find(choice => choice === settings[setting])
  if (value !== undefined) return value
  throw new RangeError(
    `${name}: its setting ${setting} is ${JSON.stringify(settings[setting])}, wanted ${choices.join(' or ')}`,
  )
}

/** A setting that is a text. @throws RangeError when it is not. */
export function storedText({ name, settings }: StoredScore, setting: string): string {
  const value = settings[setting]
  if (typeof value === 'string') return value
  throw new RangeError(`${name}: its setting ${setting} is ${JSON.stringify(value)}, wanted a text`)
}

/** A setting that is a list of texts. @throws RangeError when it is not. */
export function storedTexts({ name, settings }: StoredScore, setting: string): readonly string[] {
  const value = settings[setting]
  if (Array.isArray(value) && value.every(text => typeof text === 'string')) return value
  throw new RangeError(`${name}: its setting ${setting} is ${JSON.stringify(value)}, wanted a list of texts`)
}

/** A setting that is a list of numbers from 0 on. @throws RangeError when it is not. */
export function storedNumbers({ name, settings }: StoredScore, setting: string): readonly number[] {
  const value = settings[setting]
  if (Array.isArray(value) && value.every(number => typeof number === 'number' && number >= 0)) return value
  throw new RangeError(
    `${name}: its setting ${setting} is ${JSON.stringify(value)}, wanted a list of numbers`,
  )
}

type ArrayTypes = {
  readonly uint8: Uint8Array
  readonly uint32: Uint32Array
  readonly float32: Float32Array
  readonly float64: Float64Array
}

const arrayTypes = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array }

/** An array of a type. @throws RangeError when it is missing, or of another type. */
export function storedArray<T extends keyof ArrayTypes>(
  { name, arrays }: StoredScore,
  array: string,
  type: T,
): ArrayTypes[T] {
  const data = arrays[array]
  if (data instanceof arrayTypes[type]) return data as ArrayTypes[T]
  throw new RangeError(
    `${name}: its array ${array} is ${data?.constructor.name ?? 'missing'}, wanted ${type}`,
  )
}
