import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { frameRecord } from '../../data/index.js'
import { type EventContent, encodeEvent, type SummaryValue } from './events.js'

const prefix = 'events.out.tfevents.'
/** How the names of our files end; others in the same folder are not ours. */
const suffix = '.xenograd'

/**
 * An event file, which grows event by event. TensorBoard reads the files of a folder in the order of their names: one for
 * each process that has trained a run, the newest last.
 */
export class EventFile {
  readonly #path: string

  /**
   * Begins a file. What earlier files say of `step` and later ones counts no longer: TensorBoard drops it at a SessionLog
   * START (backend/event_processing/event_accumulator.py).
   * @throws Error when the file cannot be written.
   */
  constructor(folder: string, step: number) {
    mkdirSync(folder, { recursive: true })
    this.#path = join(folder, `${prefix}${secondsAfterOthers(folder)}.${hostname()}.${process.pid}${suffix}`)
    this.#append(step, { fileVersion: 'brain.Event:2' })
    this.#append(step, { sessionStart: true })
  }

  /** @throws Error when the file cannot be written. */
  add(step: number, values: readonly SummaryValue[]): void {
    this.#append(step, { values })
  }

  #append(step: number, content: EventContent): void {
    appendFileSync(this.#path, frameRecord(encodeEvent(Date.now() / 1000, step, content)))
  }
}

/** The time in seconds, for a file's name; a process that follows within the same second has the next one. */
function secondsAfterOthers(folder: string): number {
  const others = eventFilesIn(folder).map(name => Number.parseInt(name.slice(prefix.length), 10) + 1)
  return Math.max(Math.floor(Date.now() / 1000), ...others.filter(seconds => seconds > 0))
}

const eventFilesIn = (folder: string): string[] => readdirSync(folder).filter(name => name.startsWith(prefix))

/** Removes the event files of a folder that are ours. */
export function removeEventFiles(folder: string): void {
  for (const name of eventFilesIn(folder)) if (name.endsWith(suffix)) rmSync(join(folder, name))
}
