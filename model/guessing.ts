/** The loss of a model that gives every base the same probability, in nats per base. */
export const lossOfGuessing = Math.log(4)

/** So far above that of guessing a loss is far from anything that training in earnest passes through, in nats. */
const margin = Math.log(2)

/** Steps in a row after which it does not look like a beginning any more. */
const patience = 50

/** Watches a training for a loss that is finite, and yet far above that of guessing: a model that is worse than none. */
export class GuessingWatch {
  #last = { step: -1, loss: 0 }
  #stepsAbove = 0

  /** `guessing`: the loss of a model that takes everything for equally likely; `unit`: that of losses, in words. */
  constructor(
    readonly guessing = lossOfGuessing,
    readonly unit = 'nats per base',
  ) {}

  /** `loss` of a step, in the unit. Returns what to tell the user, once each time that it goes on for long. */
  see(step: number, loss: number): string | undefined {
    this.#last = { step, loss }
    this.#stepsAbove = this.#isFarAbove(loss) ? this.#stepsAbove + 1 : 0
    return this.#stepsAbove === patience ? this.#tell(`for ${patience} steps now`) : undefined
  }

  /** What to tell the user at the end of the training. */
  atEnd(): string | undefined {
    return this.#isFarAbove(this.#last.loss) ? this.#tell('at the end, so the model is of no use') : undefined
  }

  #isFarAbove(loss: number): boolean {
    return loss > this.guessing + margin
  }

  #tell(when: string): string {
    const { step, loss } = this.#last
    return `step ${step}: the loss is ${loss.toPrecision(4)} ${this.unit}, far above the ${this.guessing.toFixed(2)} of guessing, ${when}; the training has diverged (try a smaller learning rate)`
  }
}
