import { entries, mapTree, type Tensor, type Tree, type TypedArray, tensor } from '../../engine/index.js'
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
 * The tensors of a training state by the names that they have in files: parameters by their own paths (`cell.kernel`),
 * the optimiser's state below its name, the number of updates, and the carry of windows.
 */
export const namedTensors = <P extends Tree>(state: TrainState<P>): [name: string, t: Tensor][] =>
  entries(state).map(([path, t]) => [nameOf(path), t])

const nameOf = (path: string): string => path.replace(/^parameters\./, '')

/**
 * A training state made of stored values. `valuesOf` is asked for those of each tensor of `untrained`, by its name in
 * files and a tensor of its dtype and shape; where it gives none, the tensor has the value of the untrained state.
 */
export const stateFrom = <P extends Tree>(
  untrained: TrainState<P>,
  valuesOf: (name: string, t: Tensor) => TypedArray | undefined,
): TrainState<P> =>
  mapTree(untrained, (t, path) => {
    const values = valuesOf(nameOf(path), t)
    return values ? tensor(values, { shape: t.shape }) : t
  })
