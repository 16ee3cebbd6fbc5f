import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { openAtomic } from '../data/index.js'
import { UsageError } from './failure.js'
import { namedPaths } from './protectInputs.js'

/**
 * Checks, before a command works for hours, that everything it is asked to write can be written: each file is opened as
 * it will be at the end, and given up; the place of a folder is tried in the same way. What is no plain file (a device,
 * a pipe) is left alone.
 * @throws UsageError for a format that nothing here writes; Error for what cannot be written.
 */
export async function checkOutputs(command: Command): Promise<void> {
  for (const { option, path, kind } of namedPaths(command)) {
    if (kind === 'input' || path === '-' || path === '') continue
    if (kind === 'outputFolder') await tryFolder(option, path)
    else {
      checkFormat(option, path)
      await tryFile(path)
    }
  }
}

/** Formats that a name may ask for, and that nothing writes, with what does instead. */
const unwritten: readonly [ending: RegExp, advice: string][] = [
  [
    /\.(png|jpe?g|pdf|gif|webp)$/i,
    'charts are written as SVG; name the file .svg, and have a browser or rsvg-convert make the rest of it',
  ],
  [/\.(zst|zstd|xz|bz2|zip|7z|lz4)$/i, 'files are written plain, or compressed as .gz'],
  [/\.(xlsx?|ods|parquet)$/i, 'tables are written as text with tabs; name the file .tsv'],
]

function checkFormat(option: string, path: string): void {
  for (const [ending, advice] of unwritten) {
    const [format] = ending.exec(path) ?? []
    if (format) throw new UsageError(`${option} ${path}: ${format} is not written: ${advice}`)
  }
}

async function tryFile(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined)
  if (info && !info.isFile() && !info.isDirectory()) return
  const file = await openAtomic(path)
  await file.abort()
}

/** Tries to write a file into a folder, or, where it is still to be made, into the nearest one above that is there. */
async function tryFolder(option: string, path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined && dirname(path) !== path) return tryFolder(option, dirname(path))
  if (info && !info.isDirectory())
    throw new Error(`${option}: ${path} is a file, and a folder is to be written there; give another name`)
  const file = await openAtomic(join(path, '.xenograd'))
  await file.abort()
}
