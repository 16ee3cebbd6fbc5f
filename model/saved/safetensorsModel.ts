import { type Cell, type DType, initialCarry, type Tree } from '../../engine/index.js'
import { findCell } from '../cells.js'
import {
  CheckpointError,
  expectTensor,
  readSafetensors,
  type StoredDtype,
  type StoredTensors,
  type TensorToWrite,
  writeSafetensors,
} from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'
import { namedTensors, type SavedModel, stateFrom } from './savedModel.js'

const formatName = 'xenograd-1'

/** How the engine's dtypes are called in checkpoints. */
const storedDtype = { float32: 'F32', float64: 'F64', int32: 'I32' } as const satisfies Record<
  DType,
  StoredDtype
>

/**
 * Write a training state with metadata (step, seed …) to a safetensors file, whole or not at all.
 * @throws Error when the file cannot be written.
 */
export async function saveState(
  path: string,
  options: ModelOptions,
  state: TrainState,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const { cell, hidden, embedding = false } = options
  await writeTrainState(path, state, {
    ...metadata,
    format: formatName,
    cell: cell.name,
    hidden: String(hidden),
    embedding: String(embedding),
  })
}

/** The same for any network; `metadata` is all that the file has. @throws as `saveState`. */
export async function writeTrainState<P extends Tree>(
  path: string,
  state: TrainState<P>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors = new Map<string, TensorToWrite>()
  for (const [name, t] of namedTensors(state))
    tensors.set(name, { dtype: storedDtype[t.dtype], shape: t.shape, data: () => t.data() })
  await writeSafetensors(path, { tensors, metadata })
}

/**
 * Read what `saveState` has written. A file without the optimiser's state (parameters only) gives a fresh one.
 * `cell`: the cell to use instead of the one that the file names.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose shapes do not fit its cell.
 */
export async function loadSafetensorsModel(path: string, cell?: Cell): Promise<SavedModel> {
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== formatName)
    throw new CheckpointError(
      path,
      `a safetensors file, but not of this program: its metadata has format '${metadata.format ?? 'none'}', wanted '${formatName}'`,
    )
  const hidden = Number(metadata.hidden)
  if (!Number.isInteger(hidden) || hidden < 1)
    throw new CheckpointError(path, `its metadata has hidden '${metadata.hidden}', wanted a whole number`)
  const options = {
    cell: cell ?? (await findCell(metadata.cell)),
    hidden,
    embedding: metadata.embedding === 'true',
  }
  const untrained = initialState({ ...options, seed: 0, optimiser: optimiserOf(tensors) })
  const batch = tensors.get(`carry.${options.cell.carry[0]}`)?.shape[0]
  const carry = batch !== undefined && { carry: initialCarry(options.cell, batch, hidden) }
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
  return stateFrom(untrained, (name, t) => {
    if (!withOptimiser && (name === 'updates' || name.startsWith('adam.'))) return undefined
    return expectTensor(path, tensors, name, t.dtype === 'int32' ? 'I32' : 'F32', t.shape)
  })
}
