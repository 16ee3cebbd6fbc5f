import { mapTree, type Tensor, type TypedArray, tensor } from '../../engine/index.js'
import type { ModelOptions } from '../generative.js'
import type { TrainState } from '../trainState.js'

/** A model read from a file: what it is, its training state (a new optimiser's if none was kept), and metadata. */
export type SavedModel = {
  readonly path: string
  readonly options: ModelOptions
  readonly state: TrainState
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * A training state as one tree, whose paths are the names of its tensors in files: parameters by their own paths
 * (`cell.kernel`), the optimiser's state below its name, the number of updates, and the carry of windows.
 */
export const namedState = ({ parameters, ...rest }: TrainState) => ({ ...parameters, ...rest })

/**
 * A training state made of stored values. `valuesOf` is asked for those of each tensor of `untrained`, by its name in
 * files and a tensor of its dtype and shape; where it gives none, the tensor has the value of the untrained state.
 */
export function stateFrom(
  untrained: TrainState,
  valuesOf: (name: string, t: Tensor) => TypedArray | undefined,
): TrainState {
  const { adam, sgd, updates, carry, ...parameters } = mapTree(namedState(untrained), (t, name) => {
    const values = valuesOf(name, t)
    return values ? tensor(values, { shape: t.shape }) : t
  })
  return { parameters, ...(adam && { adam }), ...(sgd && { sgd }), updates, ...(carry && { carry }) }
}
