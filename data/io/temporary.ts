import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const paths = new Set<string>()

/** The names of temporary files. */
export const temporaryFile = /^\..*\.[0-9a-f]{12}\.tmp$/

/** A path for a temporary file beside another one, which no other file has. */
export const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)

/**
 * Has a temporary file or folder removed when the process ends before whoever made it could: a reader of standard output
 * that has seen enough ends it at once.
 * @returns what to call when it is gone, or no longer temporary.
 */
export function removeAtExit(path: string): () => void {
  if (paths.size === 0) process.on('exit', removeAll)
  paths.add(path)
  return () => {
    paths.delete(path)
    if (paths.size === 0) process.off('exit', removeAll)
  }
}

function removeAll(): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true })
}
