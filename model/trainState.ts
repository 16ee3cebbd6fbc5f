import { seedPurposes } from '../engine/hostRandom.js'
import { type AdamState, adamState, fold, randomKey, type Tensor, tensor } from '../engine/index.js'
import { initialModel, type ModelOptions, type ModelParameters } from './generative.js'

/** Everything that training changes, on the device. */
export type TrainState = {
  readonly parameters: ModelParameters
  readonly adam: AdamState<ModelParameters>
  /** Updates done so far (int32 scalar): the counter of the dropout masks. */
  readonly updates: Tensor
}

/** The state before the first update: parameters drawn from the seed, Adam's moments zero. */
export function initialState(options: ModelOptions & { readonly seed: number }): TrainState {
  const key = fold(randomKey(options.seed), seedPurposes.run.initialisation)
  const parameters = initialModel(options, key)
  return { parameters, adam: adamState(parameters), updates: tensor(0, { dtype: 'int32' }) }
}
