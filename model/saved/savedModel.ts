import { mapTree, type Tensor, type TypedArray, tensor } from '../../engine/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'

/** A model read from a file: what it is, its parameters, the optimiser's state if it was kept, and notes. */
export type SavedModel = {
  readonly path: string
  readonly options: ModelOptions
  readonly state: TrainState
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * A training state as one tree, whose paths are the names of its tensors in files: parameters by their own paths
 * (`cell.kernel`), the optimiser's state below `adam`, and the number of updates.
 */
export const namedState = ({ parameters, adam, updates }: TrainState) => ({ ...parameters, adam, updates })

/**
 * The state of a model whose values `valuesOf` gives for each tensor's name, type and shape; where it gives none, the
 * value is that of an untrained model.
 */
export function stateFrom(
  options: ModelOptions,
  valuesOf: (name: string, t: Tensor) => TypedArray | undefined,
): TrainState {
  const untrained = namedState(initialState({ ...options, seed: 0 }))
  const { adam, updates, ...parameters } = mapTree(untrained, (t, name) => {
    const values = valuesOf(name, t)
    return values ? tensor(values, { shape: t.shape }) : t
  })
  return { parameters, adam, updates }
}
