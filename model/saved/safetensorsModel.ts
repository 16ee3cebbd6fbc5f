import { type Cell, type DType, entries, type Tree } from '../../engine/index.js'
import { findCell } from '../cells.js'
import {
  CheckpointError,
  expectTensor,
  readSafetensors,
  type Safetensors,
  type SafetensorsToWrite,
  type StoredDtype,
  type TensorToWrite,
  writeSafetensors,
} from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import type { TrainState } from '../trainState.js'
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
  const tensors = tensorsOf(namedState(state))
  await writeSafetensors(path, { tensors, metadata: describe(options, metadata) })
}

/** A model's parameters and metadata, without the optimiser's state: what `modelOf` makes a model of again. */
export const parametersOf = ({ options, state, metadata }: SavedModel): SafetensorsToWrite => ({
  tensors: tensorsOf(state.parameters),
  metadata: describe(options, metadata),
})

const tensorsOf = (tree: Tree): Map<string, TensorToWrite> =>
  new Map(
    entries(tree).map(([name, t]) => [
      name,
      { dtype: storedDtype[t.dtype], shape: t.shape, data: () => t.data() },
    ]),
  )

const describe = (
  { cell, hidden, embedding = false }: ModelOptions,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...metadata,
  format: formatName,
  cell: cell.name,
  hidden: String(hidden),
  embedding: String(embedding),
})

/**
 * Read what `saveState` has written. A file without the optimiser's state (parameters only) gives a fresh one.
 * `cell`: the cell to use instead of the one that the file names.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose shapes do not fit its cell.
 */
export const loadSafetensorsModel = async (path: string, cell?: Cell): Promise<SavedModel> =>
  modelOf(path, await readSafetensors(path), cell)

/** The model that a safetensors file's contents are; `path` names them in errors. @throws as `loadSafetensorsModel`. */
export async function modelOf(
  path: string,
  { tensors, metadata }: Safetensors,
  cell?: Cell,
): Promise<SavedModel> {
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
  const withOptimiser = [...tensors.keys()].some(name => name.startsWith('adam.'))
  const state = stateFrom(options, (name, t) => {
    if (!withOptimiser && (name === 'updates' || name.startsWith('adam.'))) return undefined
    return expectTensor(path, tensors, name, t.dtype === 'int32' ? 'I32' : 'F32', t.shape)
  })
  return { path, options, state, metadata }
}
