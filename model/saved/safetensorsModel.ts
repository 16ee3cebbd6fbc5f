import { type Cell, type DType, entries, initialCarry } from '../../engine/index.js'
import { findCell } from '../cells.js'
import {
  CheckpointError,
  expectTensor,
  readSafetensors,
  type StoredDtype,
  type TensorToWrite,
  writeSafetensors,
} from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'
import { namedState, type SavedModel, stateFrom } from './savedModel.js'

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
  const tensors = new Map<string, TensorToWrite>()
  for (const [name, t] of entries(namedState(state)))
    tensors.set(name, { dtype: storedDtype[t.dtype], shape: t.shape, data: () => t.data() })
  const { cell, hidden, embedding = false } = options
  await writeSafetensors(path, {
    tensors,
    metadata: {
      ...metadata,
      format: formatName,
      cell: cell.name,
      hidden: String(hidden),
      embedding: String(embedding),
    },
  })
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
  const has = (prefix: string) => [...tensors.keys()].some(name => name.startsWith(prefix))
  const withOptimiser = has('adam.') || has('sgd.')
  const untrained = initialState({ ...options, seed: 0, optimiser: has('sgd.') ? 'sgd' : 'adam' })
  const batch = tensors.get(`carry.${options.cell.carry[0]}`)?.shape[0]
  const carry = batch !== undefined && { carry: initialCarry(options.cell, batch, hidden) }
  const state = stateFrom({ ...untrained, ...carry }, (name, t) => {
    if (!withOptimiser && (name === 'updates' || name.startsWith('adam.'))) return undefined
    return expectTensor(path, tensors, name, t.dtype === 'int32' ? 'I32' : 'F32', t.shape)
  })
  return { path, options, state, metadata }
}
