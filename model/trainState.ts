import { seedPurposes } from '../engine/hostRandom.js'
import { type Carry, fold, randomKey, type Tensor, tensor } from '../engine/index.js'
import { initialModel, type ModelOptions, type ModelParameters } from './generative.js'
import { initialOptimiser, type OptimiserSettings, type OptimiserState } from './optimiser.js'

/** Everything that training changes, on the device: parameters, the optimiser's state (by its name), and these. */
export type TrainState = OptimiserState & {
  readonly parameters: ModelParameters
  /** Updates done so far (int32 scalar): the counter of the dropout masks. */
  readonly updates: Tensor
  /** Of fragments in several windows: the cell's state after the last window, [batch, hidden] each. */
  readonly carry?: Carry
}

/** The state before the first update: parameters drawn from the seed, the optimiser's moments zero. */
export function initialState(
  options: ModelOptions & OptimiserSettings & { readonly seed: number },
): TrainState {
  const key = fold(randomKey(options.seed), seedPurposes.run.initialisation)
  const parameters = initialModel(options, key)
  return {
    parameters,
    ...initialOptimiser(options, parameters),
    updates: tensor(0, { dtype: 'int32' }),
  }
}
