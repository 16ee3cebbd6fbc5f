import { checkObject, checkString } from '../../data/index.js'
import { type Cell, type DType, entries, initialCarry, type Tensor, type Tree } from '../../engine/index.js'
import { checkModelOptions } from '../checkArguments.js'
import {
  decodeSafetensors,
  expectTensor,
  readSafetensors,
  type Safetensors,
  type SafetensorsToWrite,
  type StoredDtype,
  type StoredTensors,
  type TensorToWrite,
  widenHalves,
  writeSafetensors,
} from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'
import { metadataOf, optionsOf } from './metadata.js'
import { namedTensors, type SavedModel, stateFrom } from './savedModel.js'
import { fromTorchLayout, isTorchLayout } from './torchLayout.js'

/** How the engine's dtypes are called in checkpoints. */
const storedDtype = { float32: 'F32', float64: 'F64', int32: 'I32' } as const satisfies Record<
  DType,
  StoredDtype
>

/**
 * Write a training state with metadata (step, seed …) to a safetensors file, whole or not at all.
 * @throws Error when the file cannot be written; TypeError for other arguments than these.
 */
export async function saveState(
  path: string,
  options: ModelOptions,
  state: TrainState,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  checkString('saveState', 'the path of the file to write', path)
  checkModelOptions('saveState', options)
  checkObject('saveState', 'a state: initialState(options)', state, ['parameters', 'updates'])
  await writeTrainState(path, state, metadataOf(options, metadata))
}

/** The same for any network; `metadata` is all that the file has. @throws as `saveState`. */
export async function writeTrainState<P extends Tree>(
  path: string,
  state: TrainState<P>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await writeSafetensors(path, { tensors: tensorsOf(namedTensors(state)), metadata })
}

/** A model's parameters and metadata, without the optimiser's state: what `modelOf` makes a model of again. */
export const parametersOf = ({ options, state, metadata }: SavedModel): SafetensorsToWrite => ({
  tensors: tensorsOf(entries(state.parameters)),
  metadata: metadataOf(options, metadata),
})

const tensorsOf = (named: readonly [name: string, t: Tensor][]): Map<string, TensorToWrite> =>
  new Map(
    named.map(([name, t]) => [name, { dtype: storedDtype[t.dtype], shape: t.shape, data: () => t.data() }]),
  )

/**
 * Read what `saveState` has written, or a file of PyTorch's names (`torchLayout`). A file without the optimiser's state (parameters only) gives a fresh one.
 * `cell`: the cell of the user's own that the file is to be made of. A file names its cell, and that cannot make code
 * run: the name is looked up among the shipped cells, where no `cell` is given.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose values do not fit its cell; SettingsError
 * for a file of a cell that is not shipped, or of another one than `cell`.
 */
export const loadSafetensorsModel = async (path: string, cell?: Cell): Promise<SavedModel> =>
  modelOfContents(path, await readSafetensors(path), cell)

/** The same from the bytes of such a file; `name` is what errors call them. @throws as `loadSafetensorsModel`. */
export const decodeModel = async (bytes: Uint8Array, name: string, cell?: Cell): Promise<SavedModel> =>
  modelOfContents(name, decodeSafetensors(bytes, name), cell)

const modelOfContents = (path: string, contents: Safetensors, cell: Cell | undefined): Promise<SavedModel> =>
  modelOf(path, isTorchLayout(contents) ? fromTorchLayout(path, contents) : contents, cell)

/** The model that a safetensors file's contents are; `path` names them in errors. Parameters may have 16 bits. @throws as `loadSafetensorsModel`. */
export async function modelOf(
  path: string,
  { tensors: stored, metadata }: Safetensors,
  cell?: Cell,
): Promise<SavedModel> {
  const tensors = widenHalves(stored)
  const options = await optionsOf(path, metadata, cell)
  const untrained = initialState({ ...options, seed: 0, optimiser: optimiserOf(tensors) })
  const batch = tensors.get(`carry.${options.cell.carry[0]}`)?.shape[0]
  const carry = batch !== undefined && { carry: initialCarry(options.cell, batch, options.hidden) }
  const state = trainStateOf(path, tensors, { ...untrained, ...carry })
  return { path, options, state, metadata }
}

const hasState = (tensors: StoredTensors, optimiser: 'adam' | 'sgd'): boolean =>
  [...tensors.keys()].some(name => name.startsWith(`${optimiser}.`))

/** The optimiser whose state a file has; Adam where it has none. */
export const optimiserOf = (tensors: StoredTensors): 'adam' | 'sgd' =>
  hasState(tensors, 'sgd') ? 'sgd' : 'adam'

/**
 * The training state of a file. `untrained` has its names and shapes, and an optimiser's state for a file without one.
 * @throws CheckpointError when a tensor is missing or of another shape.
 */
export function trainStateOf<P extends Tree>(
  path: string,
  tensors: StoredTensors,
  untrained: TrainState<P>,
): TrainState<P> {
  const withOptimiser = hasState(tensors, optimiserOf(tensors))
  return stateFrom(path, untrained, (name, t) => {
    if (!withOptimiser && (name === 'updates' || name.startsWith('adam.'))) return undefined
    return expectTensor(path, tensors, name, t.dtype === 'int32' ? 'I32' : 'F32', t.shape)
  })
}
