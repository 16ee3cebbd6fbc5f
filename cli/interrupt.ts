import { constants } from 'node:os'

/** The signals that end a command in order: Ctrl-C, a job's end (Slurm, `docker stop`), a terminal that is gone. */
export const interruptSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type InterruptSignal = (typeof interruptSignals)[number]

/**
 * Signals within so many milliseconds of the first one are the same event: whoever ends a job tells all of its processes,
 * and some of these (npm, a parent) tell their children once more.
 */
const sameEvent = 500

const controller = new AbortController()
let first: { readonly signal: InterruptSignal; readonly time: number } | undefined

/** Aborted by the first interrupt (SIGINT, SIGTERM or SIGHUP) of a command that watches for it. */
export const interrupted: AbortSignal = controller.signal

/** The signal that was the first; SIGINT before any. */
export const interruptedBy = (): InterruptSignal => first?.signal ?? 'SIGINT'

/** What a process ends with that was interrupted: 128 and the signal's number, as shells have it (130 for SIGINT). */
export const interruptExitCode = (signal = interruptedBy()): number => 128 + constants.signals[signal]

/**
 * From now on the first interrupt aborts `interrupted`, so that the command can put things in order; the next one ends
 * the process at once.
 */
export function watchInterrupts(): void {
  for (const signal of interruptSignals)
    process.on(signal, () => {
      const time = performance.now()
      if (first === undefined) {
        first = { signal, time }
        controller.abort()
        // Whoever waits for standard input waits no longer.
        process.stdin.destroy()
      } else if (time - first.time > sameEvent) process.exit(interruptExitCode(signal))
    })
}

/** The promise's value, unless an interrupt comes first. @throws AbortError then, and what the promise throws. */
export async function unlessInterrupted<T>(promise: Promise<T>): Promise<T> {
  interrupted.throwIfAborted()
  let stop = () => {}
  const interrupt = new Promise<never>((_, reject) => {
    stop = () => reject(interrupted.reason)
    interrupted.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([promise, interrupt])
  } finally {
    interrupted.removeEventListener('abort', stop)
  }
}
