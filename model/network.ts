import type { Carry, Tensor, Tree } from '../engine/index.js'
import { batchLoss, initialModel, type ModelOptions, type ModelParameters, type Noise } from './generative.js'
import { loadToTrain, saveState } from './saved/index.js'
import type { TrainState } from './trainState.js'

/** What a training run needs of a network, whatever it computes. */
export type Network<P extends Tree> = {
  /** Untrained parameters, drawn from a random key (int32 [2]). */
  initial(key: Tensor): P
  /**
   * Loss and accuracy (scalars) of a batch (int32, a row for each read), the network's dropout drawn from `noise`. A
   * network that has a carry takes that of the windows before, and gives the next one.
   */
  loss(
    parameters: P,
    batch: Tensor,
    noise: Noise,
    carry?: Carry,
  ): { loss: Tensor; accuracy: Tensor; carry?: Carry }
  /** Read a state to go on training. @throws SettingsError when it is another network's; CheckpointError for a bad file. */
  load(path: string): Promise<LoadedState<P>>
  /** Write a state, whole or not at all. @throws Error when that is not possible. */
  save(path: string, state: TrainState<P>, metadata: Readonly<Record<string, string>>): Promise<void>
}

/** A state of training as it was saved, and what was saved beside it. */
export type LoadedState<P extends Tree> = {
  readonly state: TrainState<P>
  readonly metadata: Readonly<Record<string, string>>
}

/** The generative model as a network to train. */
export const generativeNetwork = (options: ModelOptions): Network<ModelParameters> => ({
  initial: key => initialModel(options, key),
  loss: (parameters, tokens, noise, carry) => batchLoss(options, parameters, tokens, noise, carry),
  load: path => loadToTrain(path, options),
  save: (path, state, metadata) => saveState(path, options, state, metadata),
})
