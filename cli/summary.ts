import { type Command, Option } from 'commander'
import { version } from '../model/index.js'
import { configOption } from './configFile.js'
import { writeText } from './output.js'

/** What a command has done, by names, for programs; what is undefined is left out, NaN is null. */
export type Summary = Readonly<Record<string, unknown>>

/** What every command's flags have. */
export type SummaryFlags = { readonly json?: string }

/**
 * Lets a command do `act` when it is called, and gives it the options that every command has: `--json`, which writes
 * the summary that `act` returns (nothing where it returns none), and `--config`.
 */
export function summarised<Arguments extends unknown[]>(
  command: Command,
  act: (...given: Arguments) => Promise<Summary | undefined>,
): void {
  command
    .addOption(configOption())
    .addOption(
      new Option(
        '--json <out>',
        'write what was done and found as JSON; - is standard output, which has no other text then',
      ),
    )
    .action(async (...given: Arguments) => {
      const done = await act(...given)
      const summary = { xenograd: version(), command: command.name(), ...done }
      const { json } = command.opts<SummaryFlags>()
      if (json !== undefined && done !== undefined)
        await writeText(json, `${JSON.stringify(summary, undefined, 2)}\n`)
    })
}

/** Prints text for people on standard output, unless the summary goes there. */
export function print({ json }: SummaryFlags, text: string): void {
  if (json !== '-') process.stdout.write(text)
}
