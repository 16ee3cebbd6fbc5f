import { fstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from './failure.js'

/**
 * Checks that no file that a command line asks to write is one that it names otherwise, or asks to write twice: a table
 * must not replace the reads that it is made of. It knows outputs by the way in which their options and arguments are
 * declared, `<out>` or `<out-folder>`; everything else on the command line that is the name of a file counts as an input. Files are
 * compared by what they are, through links.
 * @throws UsageError that names both.
 */
export function protectInputs(command: Command): void {
  const paths = namedPaths(command)
  // Standard input is not named where it is all there is to read.
  const inputs = ['-', ...paths.flatMap(({ kind, path }) => (kind === 'input' ? [path] : []))]
  const outputs = paths.filter(({ kind }) => kind !== 'input')
  const [first, second] = outputs.filter(({ path }) => path === '-')
  if (second)
    throw new UsageError(
      `${first.option} and ${second.option} would both go to standard output; give one of them a file`,
    )
  const seen = new Map<string, string>()
  for (const { option, path } of outputs) {
    if (path === '-') continue
    const target = targetOf(path)
    const other = seen.get(target)
    if (other && !isDevice(target))
      throw new UsageError(`${other} and ${option} would write the same file, ${path}; give each its own`)
    seen.set(target, option)
    const existing = new Set([...checkpointFiles(path)].flatMap(file => identityOf(file) ?? []))
    const input =
      existing.size && inputs.find(name => [...filesOf(name)].some(file => file && existing.has(file)))
    if (input)
      throw new UsageError(
        `${option} ${path}: would replace ${input === '-' ? 'standard input' : input}, which is read; give another name`,
      )
  }
}

/** A text on a command line that names a file or a folder, if an input: that may. */
export type NamedPath = {
  /** The option or the argument, as a message calls it. */
  readonly option: string
  readonly path: string
  readonly kind: 'input' | 'output' | 'outputFolder'
}

/** All texts on a command line, and whether they name what is written. */
export function namedPaths(command: Command): NamedPath[] {
  const options = command.options.map(option => ({
    flags: option.flags,
    option: option.long ?? option.flags,
    value: command.getOptionValue(option.attributeName()) as unknown,
  }))
  const positional = command.registeredArguments.map((argument, i) => ({
    flags: `<${argument.name()}>`,
    option: argument.name(),
    value: command.processedArgs[i] as unknown,
  }))
  return [...options, ...positional].flatMap(({ flags, option, value }) =>
    [value]
      .flat()
      .filter(path => typeof path === 'string')
      .map(path => ({ option, path, kind: kindOf(flags) })),
  )
}

/** What an option or an argument that is declared so names. */
function kindOf(flags: string): NamedPath['kind'] {
  const [, placeholder] = /[<[](out|out-folder)[\]>]/.exec(flags) ?? []
  if (placeholder === undefined) return 'input'
  return placeholder === 'out' ? 'output' : 'outputFolder'
}

/** Which file a path leads to, the same for all its names; undefined for none and for what is no plain file. */
function identityOf(path: string): string | undefined {
  try {
    const info = path === '-' ? fstatSync(0) : statSync(path)
    return info.isFile() ? `${info.dev}:${info.ino}` : undefined
  } catch {
    return undefined
  }
}

/** Whether there is something at a path that is written as it comes, such as `/dev/null`. */
function isDevice(path: string): boolean {
  try {
    return !statSync(path).isFile()
  } catch {
    return false
  }
}

/** A path, and those of the files that a TensorFlow checkpoint of this prefix has. */
const checkpointFiles = (path: string): string[] => [path, `${path}.index`, `${path}.data-00000-of-00001`]

/** Files that are read where a folder is given: checkpoints and reads. */
const readFromFolders = /\.safetensors$|\.ckpt\.|^params\.json$|tfrecord|\.(fa|fasta|fna|fq|fastq|tsv)(\.|$)/

/** The files that a value on the command line may mean: itself, a TensorFlow checkpoint's, those in a folder or its runs. */
function* filesOf(value: string): Generator<string | undefined> {
  for (const file of checkpointFiles(value)) yield identityOf(file)
  const runs = namesIn(value).map(name => join(value, name, 'model'))
  for (const folder of [value, join(value, 'model'), ...runs])
    for (const name of namesIn(folder)) if (readFromFolders.test(name)) yield identityOf(join(folder, name))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The path that writing to `path` ends at, whether or not there is something yet. */
function targetOf(path: string): string {
  for (const known of [path, dirname(path)])
    try {
      return join(realpathSync(known), known === path ? '' : basename(path))
    } catch {}
  return resolve(path)
}
