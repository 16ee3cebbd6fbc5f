import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** How long one test file waits for what another one makes, and between two looks at it: milliseconds. */
const [longest, pause] = [300_000, 50]

/**
 * A folder of this name with something that several test files need, made by the first of them that asks. The files of a run
 * share the runner's temporary folder, with which it goes; a test file that runs alone makes it anew.
 */
export const onceARun = (name: string, make: (folder: string) => void): string =>
  makeOnce(join(folderOfRun(), name), make)

let ofThisProcess: string | undefined

function folderOfRun(): string {
  if (tmpdir().includes('xenograd-test-')) return tmpdir()
  ofThisProcess ??= mkdtempSync(join(tmpdir(), 'xenograd-alone-'))
  return ofThisProcess
}

/** Fills a folder, unless it is there; whoever asks meanwhile waits. Returns its path. */
export function makeOnce(folder: string, make: (folder: string) => void): string {
  const lock = `${folder}.lock`
  for (let waited = 0; !existsSync(folder); waited += pause) {
    // Whoever has the lock after so long was killed.
    if (!takeLock(lock) && waited < longest) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
      continue
    }
    try {
      if (existsSync(folder)) break // since it was looked for
      const part = mkdtempSync(join(dirname(folder), 'xenograd-part-'))
      make(part)
      renameSync(part, folder)
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  }
  return folder
}

function takeLock(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}
