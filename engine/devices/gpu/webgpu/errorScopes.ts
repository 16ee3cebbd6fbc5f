const filters = ['validation', 'out-of-memory'] as const

/** WebGPU tells what went wrong when a scope is closed. So scopes are open all the time, and change whenever somebody asks. */
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
    const outcome = Promise.all(failures).then(errors => {
      const error = errors.find(error => error !== null)
      if (error) throw new Error(`gpu device: ${error.message}`)
    })
    // Who awaits it learns of a failure; when something else fails before, nobody does.
    outcome.catch(() => {})
    return outcome
  }
}
