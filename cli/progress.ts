import { clearLine, cursorTo } from 'node:readline'
import { SingleBar } from 'cli-progress'
import { printable } from '../data/index.js'

/** Tells the user a line, or several; standard output is for data. What files and names bring along is made printable. */
export const say = (text: string): void => {
  process.stderr.write(`${text.split('\n').map(printable).join('\n')}\n`)
}

/** How far a long job is; one of it at a time. */
export type Progress = {
  /** `done`: in the units of the total; `note`: what else to show (`120 reads/s`). */
  update(done: number, note: string): void
  /** Tell the user a line above the bar. */
  say(line: string): void
  /** Take the bar away. */
  stop(): void
}

/** Seconds as `42s`, `3m05s` or `2h10m`. */
export function formatSeconds(seconds: number): string {
  const s = Math.round(seconds)
  const twoDigits = (n: number) => String(n).padStart(2, '0')
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m${twoDigits(s % 60)}s`
  return `${Math.floor(s / 3600)}h${twoDigits(Math.floor((s % 3600) / 60))}m`
}

const minute = 60_000

/**
 * Shows progress on stderr: a bar if it is a terminal, else one line a minute; nothing if `quiet`. The time left is
 * estimated from the mean speed since the start.
 *
 * `total`: the whole job in any unit, undefined if nobody knows. `start`: what had been done before (a resumed run).
 * `goal`: what the time left is left to.
 */
export function startProgress(
  total: number | undefined,
  { quiet = false, start = 0, goal = 'the end' } = {},
): Progress {
  if (quiet) return { update() {}, say() {}, stop() {} }
  const began = performance.now()
  const describe = (done: number, note: string) => {
    const elapsed = (performance.now() - began) / 1000
    if (total === undefined) return `${note}, ${formatSeconds(elapsed)}`
    if (done <= start) return note
    const left = (elapsed / (done - start)) * Math.max(0, total - done)
    return `${note}, ${formatSeconds(left)} to ${goal}`
  }
  return process.stderr.isTTY ? bar(total, start, describe) : lines(total, describe)
}

function bar(
  total: number | undefined,
  start: number,
  describe: (done: number, note: string) => string,
): Progress {
  const format = total === undefined ? '{note}' : '{bar} {percentage}% {note}'
  const bar = new SingleBar({ format, barsize: 30, clearOnComplete: true, stream: process.stderr })
  bar.start(total ?? 0, start, { note: '' })
  return {
    update: (done, note) => bar.update(done, { note: describe(done, note) }),
    say(line) {
      // The next update draws the bar anew.
      clearLine(process.stderr, 0)
      cursorTo(process.stderr, 0)
      say(line)
    },
    stop: () => bar.stop(),
  }
}

function lines(total: number | undefined, describe: (done: number, note: string) => string): Progress {
  let last = performance.now()
  return {
    update(done, note) {
      if (performance.now() - last < minute) return
      last = performance.now()
      const part = total === undefined ? '' : `${Math.floor((100 * done) / total)}% `
      say(`${part}${describe(done, note)}`)
    },
    say,
    stop() {},
  }
}
