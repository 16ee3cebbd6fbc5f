import { entries, mapTree, type Tensor, type Tree, type TypedArray, tensor } from '../../engine/index.js'
import { CheckpointError } from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import type { TrainState } from '../trainState.js'

/** A model read from a file: what it is, its training state (a new optimiser's if none was kept), and metadata. */
export type SavedModel = {
  readonly path: string
  readonly options: ModelOptions
  readonly state: TrainState
  readonly metadata: Readonly<Record<string, string>>
}

/** The values of a model's parameters by the names that they have in files. */
export async function parameterValues({ state }: SavedModel): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>()
  for (const [name, t] of entries(state.parameters)) values.set(name, Float32Array.from(await t.data()))
  return values
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
 * files and a tensor of its dtype and shape; where it gives none, the tensor has the value of the untrained state. `path`
 * names the file in errors.
 * @throws CheckpointError for values that no training leaves behind, as `checkValues`.
 */
export const stateFrom = <P extends Tree>(
  path: string,
  untrained: TrainState<P>,
  valuesOf: (name: string, t: Tensor) => TypedArray | undefined,
): TrainState<P> =>
  mapTree(untrained, (t, pathInState) => {
    const name = nameOf(pathInState)
    const values = valuesOf(name, t)
    if (!values) return t
    checkValues(path, name, values)
    return tensor(values, { shape: t.shape })
  })

/** The least that tensors of a training state can be, by the beginning of their names; any finite number elsewhere. */
const least = [
  { prefix: 'updates', value: 0 },
  { prefix: 'adam.v.', value: 0 },
  { prefix: 'adam.beta', value: 0 },
]

/**
 * @throws CheckpointError for values that are not finite, and where the optimiser's state is negative that cannot be (a
 * number of updates, second moments, powers of decays).
 */
function checkValues(path: string, name: string, values: TypedArray): void {
  const minimum = least.find(({ prefix }) => name.startsWith(prefix))?.value ?? Number.NEGATIVE_INFINITY
  const bad = values.findIndex(value => !(Number.isFinite(value) && value >= minimum))
  if (bad < 0) return
  const wanted = Number.isFinite(minimum) ? `${minimum} or more` : 'a finite number'
  throw new CheckpointError(
    path,
    `tensor ${name}: value ${bad + 1} of ${values.length} is ${values[bad]}, wanted ${wanted}; the file is damaged, or its training diverged (take an earlier checkpoint)`,
  )
}
