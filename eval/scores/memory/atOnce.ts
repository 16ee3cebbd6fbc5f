/** Lets only so much be under way at once; what comes then waits for its turn. */
export class AtOnce {
  #free: number
  readonly #waiting: { readonly size: number; readonly start: () => void }[] = []

  /** `most`: the sum of the sizes of what is under way. */
  constructor(readonly most: number) {
    this.#free = most
  }

  /** Does a task of a size once there is room for it (all of it, for a larger one) and those before it have begun. */
  async do<T>(size: number, task: () => Promise<T>): Promise<T> {
    const taken = Math.min(size, this.most)
    await new Promise<void>(start => {
      this.#waiting.push({ size: taken, start })
      this.#startNext()
    })
    try {
      return await task()
    } finally {
      this.#free += taken
      this.#startNext()
    }
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next && next.size <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#free -= next.size
      next.start()
    }
  }
}
