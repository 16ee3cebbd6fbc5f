const filters = ['validation', 'out-of-memory'] as const

/** What goes wrong on a GPU shows later, in scopes: they are open all the time, until somebody asks. */
export class ErrorScopes {
  constructor(readonly device: GPUDevice) {
    this.#push()
  }

  #push(): void {
    for (const filter of filters) this.device.pushErrorScope(filter)
  }

  /** Settled once it is known whether the work submitted since the last call went well; rejects if it did not. */
  take(): Promise<void> {
    const failures = filters.map(() => this.device.popErrorScope())
    this.#push()
    const all = Promise.all(failures).then(errors => {
      const error = errors.find(error => error !== null)
      if (error) throw new Error(`gpu device: ${error.message}`)
    })
    // Who awaits it learns of a failure; when something else fails before, nobody does.
    all.catch(() => {})
    return all
  }
}
