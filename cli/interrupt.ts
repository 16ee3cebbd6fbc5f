const controller = new AbortController()

/** Aborted by the first SIGINT of a command that watches for it. */
export const interrupted: AbortSignal = controller.signal

/**
 * From now on the first SIGINT aborts `interrupted`, so that the command can put things in order; the next one ends
 * the process as ever.
 */
export function watchInterrupts(): void {
  process.once('SIGINT', () => {
    controller.abort()
    // Whoever waits for standard input waits no longer.
    process.stdin.destroy()
  })
}
