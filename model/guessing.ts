/** The loss of a model that gives every base the same probability, in nats per base. */
export const lossOfGuessing = Math.log(4)

/** A loss above this is far from anything that training in earnest passes through, in nats per base. */
const farAbove = 1.5 * lossOfGuessing

/** Steps in a row after which it does not look like a beginning any more. */
const patience = 50

/** Watches a training for a loss that is finite, and yet far above that of guessing: a model that is worse than none. */
export class GuessingWatch {
  #last = { step: -1, loss: 0 }
  #stepsAbove = 0

  /** `loss` of a step, in nats per base. Returns what to tell the user, once each time that it goes on for long. */
  see(step: number, loss: number): string | undefined {
    this.#last = { step, loss }
    this.#stepsAbove = loss > farAbove ? this.#stepsAbove + 1 : 0
    return this.#stepsAbove === patience ? this.#tell(`for ${patience} steps now`) : undefined
  }

  /** What to tell the user at the end of the training. */
  atEnd(): string | undefined {
    return this.#last.loss > farAbove ? this.#tell('at the end, so the model is of no use') : undefined
  }

  #tell(when: string): string {
    const { step, loss } = this.#last
    return `step ${step}: the loss is ${loss.toPrecision(4)} nats per base, far above the ${lossOfGuessing.toFixed(2)} of guessing, ${when}; the training has diverged (try a smaller learning rate)`
  }
}
