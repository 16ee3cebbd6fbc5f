import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { InputError } from '../data/index.js'
import { deviceNames } from '../engine/index.js'
import { shippedCells } from '../model/index.js'
import { UsageError } from './failure.js'
import { isRepeatable } from './options.js'
import { say } from './progress.js'

/** `--config`, for every command. */
export const configOption = (): Option =>
  new Option(
    '--config <file>',
    'YAML or JSON with options by their names, such as the params.json of a run; the command line goes before it',
  )

/**
 * Gives a command the options of its configuration file, if `args`, its part of the command line, names one. They count
 * as defaults do: what the command line says replaces them. Called before the command parses its arguments, so that
 * whatever is required or excludes each other is checked with them.
 * @throws InputError for a file that cannot be read or is no map of names; UsageError for a name that is no option of the
 * command, a value that the option does not take, and for code, which only the command line may name.
 */
export async function applyConfigFile(command: Command, args: readonly string[]): Promise<void> {
  const path = configPath(args)
  if (path === undefined) return
  for (const [name, value] of await readConfig(path)) {
    const option = optionCalled(command, name, path)
    if (option.long === '--fresh' && value === true)
      // A run's own settings say how it began; what is there now must not be lost by that.
      say(`xenograd ${command.name()}: ${path}: fresh is left out; only the command line starts a run anew`)
    else if (value !== null && !(option.long !== undefined && isGiven(option, args))) {
      await checkNamesNoCode(option, value, path)
      const parsed = parsedValue(option, value, `${path}: ${name}`)
      if (parsed !== undefined) command.setOptionValueWithSource(option.attributeName(), parsed, 'config')
    }
  }
}

/** The value of the last `--config`. */
function configPath(args: readonly string[]): string | undefined {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  const last = options.findLastIndex(arg => arg === '--config' || arg.startsWith('--config='))
  return last < 0 ? undefined : (/^--config=(.*)$/s.exec(options[last])?.[1] ?? options[last + 1])
}

/** Whether the command line has an option; then what the file says of it does not count, not even as a list to add to. */
const isGiven = ({ long, short }: Option, args: readonly string[]): boolean =>
  args.some(
    arg =>
      arg === long ||
      arg.startsWith(`${long}=`) ||
      (short !== undefined && arg.startsWith(short) && !arg.startsWith('--')),
  )

async function readConfig(path: string): Promise<[name: string, value: unknown][]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`)
  })
  // JSON is YAML, too. The parser is loaded where there is something to parse: every command starts through this file.
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) {
    const [place] = error.linePos ?? []
    const [what] = error.message.split(/ at line |:?\n/)
    throw new InputError(`${path}${place ? ` line ${place.line}` : ''}: ${what}`)
  }
  const content: unknown = toPlain(() => document.toJS(), path)
  if (content === null) return []
  if (typeof content !== 'object' || Array.isArray(content))
    throw new InputError(
      `${path}: wanted options by their names (YAML or JSON), as in 'hidden_lstm_size: 64'`,
    )
  return Object.entries(content)
}

/** What YAML's references may refuse to become. */
function toPlain(convert: () => unknown, path: string): unknown {
  try {
    return convert()
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`)
  }
}

/** The option of a name with dashes or underscores. @throws UsageError when the command has none. */
function optionCalled(command: Command, name: string, path: string): Option {
  const long = `--${name.replaceAll('_', '-')}`
  const option = command.options.find(option => option.long === long)
  if (!option || long === '--config')
    throw new UsageError(
      `${path}: '${name}' is no option that xenograd ${command.name()} takes from a file (xenograd ${command.name()} --help lists them)`,
    )
  return option
}

/**
 * Options that name code, and what a file may say of them: names of what comes with the package. A file that somebody
 * else made must not run anything.
 */
const shippedNames: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  '--cell': async () => (await shippedCells()).map(({ name }) => name),
  '--device': async () => deviceNames(),
  '--blas': async () => ['off', 'auto', 'on'],
  '--mpi': async () => ['off', 'auto'],
  '--device-option': async () => [],
}

async function checkNamesNoCode({ long = '' }: Option, value: unknown, path: string): Promise<void> {
  const names = Object.hasOwn(shippedNames, long) ? await shippedNames[long]() : undefined
  if (!names || value === '' || names.some(name => name === value)) return
  const allowed = names.length ? `; a file may say ${names.join(', ')}` : ''
  throw new UsageError(
    `${path}: ${long} ${JSON.stringify(value)}: what may be code is named by the command line alone${allowed}`,
  )
}

/** What the command line would make of a value; undefined for a flag that is off. @throws UsageError as `applyConfigFile`. */
function parsedValue(option: Option, value: unknown, where: string): unknown {
  if (option.isBoolean()) {
    if (typeof value === 'boolean') return value || undefined
    throw new UsageError(`${where}: got ${JSON.stringify(value)}; give true or false`)
  }
  const values = [value].flat()
  if (values.length === 0) throw new UsageError(`${where}: is an empty list; leave it out, or give a value`)
  for (const one of values)
    if (!['string', 'number', 'boolean'].includes(typeof one))
      throw new UsageError(`${where}: got ${JSON.stringify(one)}; give a text, a number, or a list of them`)
  const texts = isRepeatable(option) ? values.map(String) : [values.join(',')]
  const { parseArg, variadic } = option
  if (!parseArg) return variadic ? texts : texts[0]
  try {
    return texts.reduce((before: unknown, text) => parseArg(text, before), undefined)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new UsageError(`${where}: '${texts.join(' ')}' is invalid. ${error.message}`)
  }
}
