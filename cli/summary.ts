import { type Command, Option } from 'commander'
import { version } from '../model/index.js'
import { configOption } from './configFile.js'
import { writeText } from './output.js'
import { choice, type Fields, type ObjectOf, objectJson, text } from './schema.js'

/** What every command's flags have. */
export type SummaryFlags = { readonly json?: string }

/** What each command's summary has, beside its name and the version. */
const fieldsOf = new WeakMap<Command, Fields>()

/**
 * Lets a command do `act` when it is called, and gives it the options that every command has: `--json`, which writes
 * the summary that `act` returns (nothing where it returns none; what is undefined is left out, NaN is null), and
 * `--config`. `fields`: what the summary has, for `summarySchema`.
 */
export function summarised<Arguments extends unknown[], F extends Fields>(
  command: Command,
  fields: F,
  act: (...given: Arguments) => Promise<ObjectOf<F> | undefined>,
): void {
  fieldsOf.set(command, fields)
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

/** The JSON Schema (draft 2020-12) of what `--json` writes: one of the summaries of a program's commands. */
export function summarySchema(program: Command) {
  const commands = program.commands.flatMap(command => {
    const fields = fieldsOf.get(command)
    return fields
      ? [{ name: command.name(), summary: command.summary() || command.description(), fields }]
      : []
  })
  const definitions = commands.map(({ name, summary, fields }) => {
    const common = {
      xenograd: text('the version of xenograd, and the commit where it is known'),
      command: choice([name], 'the command'),
    }
    return [name, { title: `${program.name()} ${name}: ${summary}`, ...objectJson({ ...common, ...fields }) }]
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Summaries that the commands of ${program.name()} write with --json`,
    oneOf: commands.map(({ name }) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(definitions),
  }
}
