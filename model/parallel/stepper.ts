import type { Tree } from '../../engine/index.js'
import type { FedBatch, Rows } from '../batchFeed.js'
import type { Network } from '../network.js'
import type { TrainState } from '../trainState.js'
import { makeNetworkStep, type Optimisation, type StepMetrics } from '../trainStep.js'

/** What advances the state of a run by a batch: at once, or in shards, in one process or in several. */
export type Stepper<P extends Tree> = {
  /** Rows of a batch that are handed to it, each part in a tensor of its own. */
  readonly parts: readonly Rows[]
  /** Take over the state that a run begins with, or that of a checkpoint; `next`: the step that follows. */
  begin(state: TrainState<P>, next: number): Promise<TrainState<P>>
  /**
   * One update. `isFirstWindow`: whether the batch begins new fragments: the state has no carry then.
   * All that concerns the batch is enqueued before the promise is returned.
   */
  step(
    state: TrainState<P>,
    batch: FedBatch,
    isFirstWindow: boolean,
  ): Promise<{ state: TrainState<P>; metrics: StepMetrics }>
  /** The state as a checkpoint has it; `release` frees what only it holds. */
  whole(state: TrainState<P>): Promise<{ readonly state: TrainState<P>; release(): void }>
  /** Free what is compiled, and what is carried on. */
  dispose(): void
}

/** Whole batches, in this process alone. `batchSize`: rows of a batch. */
export function wholeBatches<P extends Tree>(
  network: Network<P>,
  options: Optimisation,
  batchSize: number,
): Stepper<P> {
  const step = makeNetworkStep(network, options)
  return {
    parts: [{ first: 0, rows: batchSize }],
    begin: async state => state,
    step: (state, { tokens, learningRate }) => step(state, tokens[0], learningRate),
    whole: async state => ({ state, release() {} }),
    dispose: () => step.compiled.dispose(),
  }
}
