import { checkObject, checkString } from '../../data/index.js'
import { type Cell, type DType, entries, initialCarry, type Tensor, type Tree } from '../../engine/index.js'
import { shippedCell, shippedCells } from '../cells.js'
import { checkModelOptions } from '../checkArguments.js'
import {
  CheckpointError,
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
import { SettingsError } from '../settingsError.js'
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
  await writeTrainState(path, state, describe(options, metadata))
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
  metadata: describe(options, metadata),
})

const tensorsOf = (named: readonly [name: string, t: Tensor][]): Map<string, TensorToWrite> =>
  new Map(
    named.map(([name, t]) => [name, { dtype: storedDtype[t.dtype], shape: t.shape, data: () => t.data() }]),
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
 * `cell`: the cell of the user's own that the file is to be made of. A file names its cell, and that cannot make code
 * run: the name is looked up among the shipped cells, where no `cell` is given.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose values do not fit its cell; SettingsError
 * for a file of a cell that is not shipped, or of another one than `cell`.
 */
export const loadSafetensorsModel = async (path: string, cell?: Cell): Promise<SavedModel> =>
  modelOf(path, await readSafetensors(path), cell)

/** The same from the bytes of such a file; `name` is what errors call them. @throws as `loadSafetensorsModel`. */
export const decodeModel = async (bytes: Uint8Array, name: string, cell?: Cell): Promise<SavedModel> =>
  modelOf(name, decodeSafetensors(bytes, name), cell)

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

/** Cell and sizes, as the metadata say. */
async function optionsOf(
  path: string,
  metadata: Readonly<Record<string, string>>,
  cell: Cell | undefined,
): Promise<ModelOptions> {
  const { format, hidden = '', embedding, step } = metadata
  const fail = (problem: string): never => {
    throw new CheckpointError(path, problem)
  }
  if (format !== formatName)
    fail(
      `a safetensors file, but no generative model of this program: its metadata has ${shown('format', format)}, wanted '${formatName}'`,
    )
  if (!/^[1-9]\d{0,6}$/.test(hidden))
    fail(`its metadata has ${shown('hidden', metadata.hidden)}, wanted a whole number`)
  if (embedding !== 'true' && embedding !== 'false')
    fail(`its metadata has ${shown('embedding', embedding)}, wanted true or false`)
  if (step !== undefined && !/^-?\d{1,15}$/.test(step))
    fail(`its metadata has ${shown('step', step)}, wanted a whole number`)
  return {
    cell: await cellOf(path, metadata.cell, cell),
    hidden: Number(hidden),
    embedding: embedding === 'true',
  }
}

/** The cell that a file names, which must be `given` if there is one. */
async function cellOf(path: string, name: string | undefined, given: Cell | undefined): Promise<Cell> {
  if (name === undefined || !/^[\w.-]{1,100}$/.test(name))
    throw new CheckpointError(
      path,
      `its metadata has ${shown('cell', name)}, which is no name of a cell: the file is damaged, or foreign`,
    )
  if (given !== undefined && given.name !== name)
    throw new SettingsError(
      setting =>
        `${path}: a model of the cell '${name}', but ${setting('cell')} gives the cell '${given.name}'; give the one that it was trained with`,
    )
  const cell = given ?? (await shippedCell(name))
  if (cell) return cell
  const names = (await shippedCells()).map(({ name }) => name).join(', ')
  throw new SettingsError(
    setting =>
      `${path}: a model of the cell '${name}', which does not come with Xenograd (${names} do); if it is one of your own, give the .js or .ts file that exports it as ${setting('cell')}, else the file is damaged`,
  )
}

/** A field of the metadata as messages show it. */
const shown = (field: string, value: string | undefined): string =>
  value === undefined ? `no ${field}` : `${field} '${value.slice(0, 60)}'`
