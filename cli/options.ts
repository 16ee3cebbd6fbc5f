import { InvalidArgumentError, Option } from 'commander'
import type { Shard } from '../data/index.js'

/**
 * Options may be written with dashes or underscores (`--batch_size`, as the reference has it): the names, not their
 * values, get dashes.
 */
export function dashedNames(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((arg, i) =>
    end >= 0 && i > end ? arg : arg.replace(/^--[a-z][\w-]*/i, name => name.replaceAll('_', '-')),
  )
}

/** Parses a whole number of at least `least`, for commander. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`)
    return value
  }

/** Parses `i/n`, part i of n, for commander. */
export function parseShard(text: string): Shard {
  const [index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number)
  if (!(index >= 1 && index <= count && Number.isSafeInteger(count)))
    throw new InvalidArgumentError('Give I/N, part I of N: 1/7 to 7/7.')
  return { index, count }
}

/** An option that may be given several times: what `parse` makes of each is its value, in their order. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string, parse: (text: string) => unknown = text => text) {
    super(flags, description)
    this.argParser((text, earlier: readonly unknown[] = []) => [...earlier, parse(text)])
  }
}

/** Whether an option takes several values, each by itself. */
export const isRepeatable = (option: Option): boolean => option.variadic || option instanceof RepeatableOption
