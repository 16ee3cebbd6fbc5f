import { InvalidArgumentError } from 'commander'

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
