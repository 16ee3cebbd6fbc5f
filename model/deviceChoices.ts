import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '../data/index.js'
import type { DeviceOptions } from '../engine/index.js'

/**
 * What a device has chosen by itself, such as the products that its BLAS library computes, among the notes of a run
 * (run.txt): a run that goes on keeps what it began with, whatever is measured by then.
 */

const beginning = 'chosen here: '

/** The note of what a device has chosen; none where nothing was left to it. */
export const choiceNotes = (chosen: DeviceOptions): string[] =>
  Object.keys(chosen).length > 0 ? [beginning + JSON.stringify(chosen)] : []

/**
 * Options of a device for a run in a directory: those of which the choice is left to it (`auto`) as it chose when the run
 * was last trained, if it was. Notes that cannot be read are none. A note cannot name code: `auto:…` is all that is taken.
 */
export async function withEarlierChoices(run: string, options: DeviceOptions): Promise<DeviceOptions> {
  const notes = await readFile(join(run, 'run.txt'), 'utf8').catch(() => '')
  const note = notes.split('\n').find(note => note.startsWith(beginning))
  const chosen = note === undefined ? {} : parsed(note.slice(beginning.length))
  const kept = Object.entries(chosen).filter(
    ([name, value]) =>
      Object.hasOwn(options, name) && options[name] === 'auto' && /^auto:[\w,]+$/.test(String(value)),
  )
  return { ...options, ...Object.fromEntries(kept) }
}

function parsed(text: string): Readonly<Record<string, string>> {
  try {
    return parseJson(text) as Readonly<Record<string, string>>
  } catch {
    return {}
  }
}
