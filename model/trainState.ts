import { checkObject } from '../data/index.js'
import { seedPurposes } from '../engine/hostRandom.js'
import { type Carry, fold, randomKey, type Tensor, type Tree, tensor } from '../engine/index.js'
import { initialModel, type ModelOptions, type ModelParameters } from './generative.js'
import { initialOptimiser, type OptimiserSettings, type OptimiserState } from './optimiser.js'

/** Everything that training changes, on the device: parameters, the optimiser's state (by its name), and these. */
export type TrainState<P extends Tree = ModelParameters> = OptimiserState<P> & {
  readonly parameters: P
  /** Updates done so far (int32 scalar): the counter of the dropout masks. */
  readonly updates: Tensor
  /** Of fragments in several windows: the cell's state after the last window, [batch, hidden] each. */
  readonly carry?: Carry
}

/**
 * The state before the first update: `initial` draws the parameters with a key of the seed, the optimiser's moments are
 * zero.
 */
export function firstState<P extends Tree>(
  options: OptimiserSettings & { readonly seed: number },
  initial: (key: Tensor) => P,
): TrainState<P> {
  checkObject('initialState', '{ cell, hidden, seed }', options, ['seed'])
  const parameters = initial(fold(randomKey(options.seed), seedPurposes.run.initialisation))
  return {
    parameters,
    ...initialOptimiser(options, parameters),
    updates: tensor(0, { dtype: 'int32' }),
  }
}

/** The first state of a generative model. @throws TypeError for options of no model. */
export const initialState = (
  options: ModelOptions & OptimiserSettings & { readonly seed: number },
): TrainState => firstState(options, key => initialModel(options, key))
