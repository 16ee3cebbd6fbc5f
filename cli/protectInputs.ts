import { fstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from './failure.js'

/**
 * Checks that no file that a command line asks to write is one that it names otherwise, or asks to write twice: a table
 * must not replace the reads that it is made of. It knows outputs by the way in which their options and arguments are
 * declared, `<out>`; everything else on the command line that is the name of a file counts as an input. Files are
 * compared by what they are, through links.
 * @throws UsageError that names both.
 */
export function protectInputs(command: Command): void {
  // Standard input is not named where it is all there is to read.
  const inputs = ['-']
  const outputs: { option: string; path: string }[] = []
  const sort = (placeholder: string, option: string, value: unknown) => {
    for (const path of [value].flat()) {
      if (typeof path !== 'string') continue
      if (!isOutput(placeholder)) inputs.push(path)
      else if (path !== '-') outputs.push({ option, path })
    }
  }
  for (const option of command.options)
    sort(option.flags, option.long ?? option.flags, command.getOptionValue(option.attributeName()))
  for (const [i, argument] of command.registeredArguments.entries())
    sort(`<${argument.name()}>`, argument.name(), command.processedArgs[i])

  const seen = new Map<string, string>()
  for (const { option, path } of outputs) {
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

/** Whether an option or argument that is declared so names a file to write. */
export const isOutput = (flags: string): boolean => /[<[]out[\]>]/.test(flags)

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
