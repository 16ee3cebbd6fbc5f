/** Counts the seconds in which something is done, up to the last lap. */
export class Stopwatch {
  seconds = 0
  #since: number | undefined

  start(): void {
    this.#since ??= performance.now()
  }

  /** What has gone by so far counts. */
  lap(): void {
    if (this.#since === undefined) return
    const now = performance.now()
    this.seconds += (now - this.#since) / 1000
    this.#since = now
  }

  /** What goes by from now on does not count. */
  stop(): void {
    this.lap()
    this.#since = undefined
  }
}
