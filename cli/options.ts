import { InvalidArgumentError, Option } from 'commander'

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

/** An option that may be given several times: what `parse` makes of each is its value, in their order. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string, parse: (text: string) => unknown = text => text) {
    super(flags, description)
    this.argParser((text, earlier: readonly unknown[] = []) => [...earlier, parse(text)])
  }
}

/** Whether an option takes several values, each by itself. */
export const isRepeatable = (option: Option): boolean => option.variadic || option instanceof RepeatableOption
