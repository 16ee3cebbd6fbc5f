import { mapTree, type Tensor, type TypedArray, tensor } from '../../engine/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'

/** A model read from a file: what it is, its training state (a new optimiser's if none was kept), and metadata. */
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
 * A training state made of stored values. `valuesOf` is asked for those of each tensor, by its name in files and a tensor
 * of its dtype and shape; where it gives none, the tensor has the value of an untrained model.
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
