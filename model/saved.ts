import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  type AdamState,
  type Cell,
  type DType,
  entries,
  mapTree,
  type Tensor,
  type Tree,
  type TypedArray,
  tensor,
} from '../engine/index.js'
import { findCell } from './cells.js'
import {
  adamSlots,
  CheckpointError,
  expectTensor,
  normNames,
  normScopes,
  readParams,
  readSafetensors,
  readTensorFlowCheckpoint,
  referenceNames,
  type StoredDtype,
  type StoredTensor,
  type StoredTensors,
  type TensorToWrite,
  tensorFlowPrefix,
  writeSafetensors,
} from './checkpoint/index.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { initialState, type TrainState } from './trainStep.js'

/** A model read from a file: what it is, its parameters, the optimiser's state if it was kept, and notes. */
export type SavedModel = {
  readonly path: string
  readonly options: ModelOptions
  readonly state: TrainState
  readonly metadata: Readonly<Record<string, string>>
}

const formatName = 'xenograd-1'

/**
 * Every tensor of a training state by its name in safetensors files: parameters by their path (`cell.kernel`), the
 * optimiser's under `adam.`, and the number of updates.
 */
const namedState = (state: TrainState): Tree => ({
  ...state.parameters,
  adam: state.adam,
  updates: state.updates,
})

/** Write a training state with notes (step, settings …), whole or not at all. */
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

const storedDtype = { float32: 'F32', float64: 'F64', int32: 'I32' } as const satisfies Record<
  DType,
  StoredDtype
>

/** Replace every tensor of a template state by what `find` gives for its name, type and shape. */
function fillState(template: TrainState, find: (name: string, t: Tensor) => TypedArray): TrainState {
  const fill = (tree: Tree, prefix: string) =>
    mapTree(tree, (t, path) => tensor(find(prefix + path, t), { shape: t.shape }))
  return {
    parameters: fill(template.parameters, '') as ModelParameters,
    adam: fill(template.adam, 'adam.') as AdamState<ModelParameters>,
    updates: fill(template.updates, 'updates') as Tensor,
  }
}

/**
 * Read a model: a safetensors file, a run directory (its newest checkpoint), or the prefix of a TensorFlow V2
 * checkpoint. `cell`: the cell to use where the file's own name does not find one; `step`: the checkpoint to take from
 * a run directory instead of the newest.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose shapes do not fit its cell.
 */
export async function loadModel(path: string, cell?: Cell, step?: number): Promise<SavedModel> {
  const found = await locateModel(path, step)
  return found.kind === 'safetensors' ? loadSafetensors(found.path, cell) : loadTensorFlow(found.path)
}

type Location = { readonly kind: 'safetensors' | 'tensorflow'; readonly path: string; readonly step: number }

/** Checkpoints in a folder, the newest last. */
export async function checkpointsIn(folder: string): Promise<Location[]> {
  const names = await readdir(folder)
  return names
    .flatMap((name): Location[] => {
      const own = /^model_(\d+)\.safetensors$/.exec(name)
      if (own) return [{ kind: 'safetensors', path: join(folder, name), step: Number(own[1]) }]
      const reference = /^(model_(\d+)\.ckpt)\.index$/.exec(name)
      if (reference)
        return [{ kind: 'tensorflow', path: join(folder, reference[1]), step: Number(reference[2]) }]
      return []
    })
    .sort((a, b) => a.step - b.step)
}

async function locateModel(path: string, step?: number): Promise<Location> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isDirectory()) {
    for (const folder of [join(path, 'model'), path]) {
      const all = existsSync(folder) ? await checkpointsIn(folder) : []
      const found = step === undefined ? all.at(-1) : all.find(c => c.step === step)
      if (found) return found
    }
    throw new CheckpointError(
      path,
      `no checkpoint in this folder; wanted model_${step ?? 'STEP'}.safetensors or model_${step ?? 'STEP'}.ckpt.index`,
    )
  }
  const prefix = tensorFlowPrefix(path)
  if (existsSync(`${prefix}.index`) || /\.ckpt$/.test(prefix))
    return { kind: 'tensorflow', path: prefix, step: 0 }
  if (!info)
    throw new CheckpointError(
      path,
      'no such file; give a safetensors file, a run directory, or the prefix of a TensorFlow checkpoint',
    )
  return { kind: 'safetensors', path, step: 0 }
}

async function loadSafetensors(path: string, given?: Cell): Promise<SavedModel> {
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== formatName)
    throw new CheckpointError(
      path,
      `a safetensors file, but not of this program: its metadata has format '${metadata.format ?? 'none'}', wanted '${formatName}'`,
    )
  const hidden = Number(metadata.hidden)
  if (!Number.isInteger(hidden) || hidden < 1)
    throw new CheckpointError(path, `its metadata has hidden '${metadata.hidden}', wanted a whole number`)
  const cell = given ?? (await findCell(metadata.cell))
  const options = { cell, hidden, embedding: metadata.embedding === 'true' }
  return { path, options, state: stateFrom(path, options, tensors), metadata }
}

/** A state from stored tensors; a file without the optimiser's state (parameters only) gives a fresh one. */
function stateFrom(path: string, options: ModelOptions, tensors: StoredTensors): TrainState {
  const template = initialState({ ...options, seed: 0 })
  const complete = [...tensors.keys()].some(name => name.startsWith('adam.'))
  const read = (name: string, t: Tensor) =>
    expectTensor(path, tensors, name, t.dtype === 'int32' ? 'I32' : 'F32', t.shape)
  if (complete) return fillState(template, read)
  const parameters = mapTree(template.parameters, (t, name) => tensor(read(name, t), { shape: t.shape }))
  return { ...template, parameters }
}

/** The reference's variable for a parameter of ours. */
function referenceName(parameter: string): string | undefined {
  const norm = /^cell\.([a-z]+)_(gamma|beta)$/.exec(parameter)
  const scope = normScopes.find(s => s === norm?.[1])
  if (scope) return normNames(scope)[norm?.[2] === 'gamma' ? 'gamma' : 'beta']
  const names: Readonly<Record<string, string>> = {
    'cell.kernel': referenceNames.kernel,
    'cell.bias': referenceNames.bias,
    'logits.kernel': referenceNames.logitsKernel,
    'logits.bias': referenceNames.logitsBias,
    'embedding.table': referenceNames.embedding,
  }
  return names[parameter]
}

/** The reference's name of any tensor of a state but `updates`, which it does not have. */
function referenceStateName(name: string): string | undefined {
  const slot = /^adam\.([mv])\.(.*)$/.exec(name)
  if (name === 'adam.beta1Power') return referenceNames.beta1Power
  if (name === 'adam.beta2Power') return referenceNames.beta2Power
  const variable = referenceName(slot ? slot[2] : name)
  return variable && slot ? adamSlots(variable)[slot[1] === 'm' ? 'm' : 'v'] : variable
}

async function loadTensorFlow(prefix: string): Promise<SavedModel> {
  const tensors = await readTensorFlowCheckpoint(prefix)
  const kernel = tensors.get(referenceNames.kernel)
  if (!kernel)
    throw new CheckpointError(
      prefix,
      `not a checkpoint of the reference's LSTM: no variable ${referenceNames.kernel} (it has ${[...tensors.keys()].slice(0, 6).join(', ')})`,
    )
  const hidden = (kernel.shape[1] ?? 0) / 4
  const normalised = tensors.has(normNames('input').gamma)
  const cell = await findCell(normalised ? 'layerNormLstm' : 'lstm')
  const options = { cell, hidden, embedding: tensors.has(referenceNames.embedding) }
  const settings = join(dirname(prefix), 'params.json')
  if (existsSync(settings)) {
    const { hidden_lstm_size = hidden, norm_lstm = normalised } = await readParams(settings)
    if (hidden_lstm_size !== hidden || norm_lstm !== normalised)
      throw new CheckpointError(
        prefix,
        `its kernel ${JSON.stringify(kernel.shape)} has hidden size ${hidden}${normalised ? ' with' : ' without'} layer normalisation, but ${settings} says ${hidden_lstm_size}${norm_lstm ? ' with' : ' without'}; they do not belong together`,
      )
  }
  const beta2Power = expectTensor(prefix, tensors, referenceNames.beta2Power, 'F32', [])[0]
  // TensorFlow's powers start at the decays: beta2^(updates + 1).
  const updates = Math.round(Math.log(beta2Power) / Math.log(0.999)) - 1
  const state = fillState(initialState({ ...options, seed: 0 }), (name, t) =>
    name === 'updates'
      ? Int32Array.of(updates)
      : expectTensor(prefix, tensors, referenceStateName(name) ?? name, 'F32', t.shape),
  )
  const step = /model_(\d+)\.ckpt$/.exec(basename(prefix))?.[1]
  return { path: prefix, options, state, metadata: { source: 'TensorFlow', ...(step && { step }) } }
}

/** A state as the reference's variables, to be written as a TensorFlow checkpoint. @throws CheckpointError for other cells. */
export async function toReference(
  path: string,
  { cell }: ModelOptions,
  state: TrainState,
): Promise<StoredTensors> {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, t] of entries({ ...state.parameters, adam: state.adam } as Tree)) {
    const variable = referenceStateName(name)
    if (!variable || (cell.name !== 'lstm' && cell.name !== 'layerNormLstm'))
      throw new CheckpointError(
        path,
        `the reference has no cell '${cell.name}'; only lstm and layerNormLstm can be written for it`,
      )
    tensors.set(variable, {
      dtype: storedDtype[t.dtype],
      shape: t.shape,
      data: await t.data(),
    } as StoredTensor)
  }
  return tensors
}
