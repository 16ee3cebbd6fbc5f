/**
 * The last launches of one program, bound to their buffers and ready to be enqueued again. Keys are the ids of the
 * buffers.
 */
export class Recordings<R> {
  readonly #kept = new Map<string, R>()

  /** `release`: what to do with a recording that is given up. */
  constructor(readonly release: (recording: R) => void = () => {}) {}

  get(key: string): R | undefined {
    return this.#kept.get(key)
  }

  /** Keep one, and give up the oldest beyond four: a compiled function's results alternate between one or two buffers. */
  set(key: string, recording: R): void {
    this.#kept.set(key, recording)
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= 4) break
      this.#kept.delete(oldest)
      this.release(old)
    }
  }
}
