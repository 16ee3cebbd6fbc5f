import { rmSync } from 'node:fs'

const paths = new Set<string>()

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
