import { seedPurposes } from '../engine/hostRandom.js'
import {
  type AdamState,
  adamState,
  fold,
  randomKey,
  type Tensor,
  type Tree,
  tensor,
} from '../engine/index.js'
import { initialModel, type ModelOptions, type ModelParameters } from './generative.js'

/** Everything that training changes, on the device. */
export type TrainState<P extends Tree = ModelParameters> = {
  readonly parameters: P
  readonly adam: AdamState<P>
  /** Updates done so far (int32 scalar): the counter of the dropout masks. */
  readonly updates: Tensor
}

/** The state before the first update: `initial` draws the parameters with a key of the seed, Adam's moments are zero. */
export function firstState<P extends Tree>(seed: number, initial: (key: Tensor) => P): TrainState<P> {
  const parameters = initial(fold(randomKey(seed), seedPurposes.run.initialisation))
  return { parameters, adam: adamState(parameters), updates: tensor(0, { dtype: 'int32' }) }
}

/** The first state of a generative model. */
export const initialState = (options: ModelOptions & { readonly seed: number }): TrainState =>
  firstState(options.seed, key => initialModel(options, key))
