import { type CompiledFunction, dispose, type Tensor, type Tree } from '../engine/index.js'
import type { Network } from './network.js'
import type { TrainState } from './trainState.js'
import { makeGradients, type Optimisation } from './trainStep.js'

/** Who looks at parameters and gradients while a network is trained, and how often. */
export type Inspector = {
  /** Steps from one look to the next. */
  readonly every: number
  /** Called before the update of a step; neither tree is there afterwards. */
  see(step: number, parameters: Tree, gradients: Tree): Promise<void>
}

/**
 * Shows the parameters of a training, and the gradients of its batches (in shards: of the first one), to an inspector. The
 * training stays what it is.
 */
export class Inspection<P extends Tree> {
  readonly #gradients: CompiledFunction<[state: TrainState<P>, batch: Tensor], P>

  constructor(
    readonly inspector: Inspector,
    network: Network<P>,
    options: Optimisation,
  ) {
    this.#gradients = makeGradients(network, options)
  }

  /** The state before a step and the step's batch, if it is time to. @throws what the inspector throws. */
  async look(step: number, state: TrainState<P>, batch: Tensor): Promise<void> {
    if (step % this.inspector.every !== 0) return
    const gradients = this.#gradients(state, batch)
    try {
      await this.inspector.see(step, state.parameters, gradients)
    } finally {
      dispose(gradients)
    }
  }

  /** Free what was compiled. */
  dispose(): void {
    this.#gradients.dispose()
  }
}
