import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { adamState, entries } from '../../engine/index.js'
import { layerNormLstm } from '../cells/layerNormLstm.js'
import { lstm } from '../cells/lstm.js'
import {
  adamSlots,
  CheckpointError,
  expectTensor,
  normNames,
  normScopes,
  readParams,
  readTensorFlowCheckpoint,
  referenceNames,
  type StoredTensor,
  type StoredTensors,
  tensorOf,
} from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import { initialState, type TrainState } from '../trainState.js'
import { stepOf } from './locate.js'
import { type SavedModel, stateFrom } from './savedModel.js'

/** Cells that the reference has. */
const referenceCells: readonly string[] = ['lstm', 'layerNormLstm']

/** The reference's variable for a parameter of ours (`cell.kernel`); undefined where it has none. */
function variableOf(parameter: string): string | undefined {
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

/** The reference's name of a tensor of a training state, by our name; it has none for `updates`. */
function referenceName(name: string): string | undefined {
  if (name === 'adam.beta1Power') return referenceNames.beta1Power
  if (name === 'adam.beta2Power') return referenceNames.beta2Power
  const slot = /^adam\.([mv])\.(.*)$/.exec(name)
  if (!slot) return variableOf(name)
  const variable = variableOf(slot[2])
  return variable && adamSlots(variable)[slot[1] === 'm' ? 'm' : 'v']
}

/**
 * Read a checkpoint of the reference: cell and sizes are told by its variables.
 * @throws CheckpointError for a missing, foreign or damaged checkpoint, or one with the `params.json` of another model.
 */
export async function loadTensorFlowModel(prefix: string): Promise<SavedModel> {
  const tensors = await readTensorFlowCheckpoint(prefix)
  const options = await optionsOf(prefix, tensors)
  const step = stepOf({ format: 'tensorflow', path: prefix })
  const beta2Power = expectTensor(prefix, tensors, referenceNames.beta2Power, 'F32', [])[0]
  const updates = updatesOf(prefix, beta2Power, step)
  const state = stateFrom(prefix, initialState({ ...options, seed: 0 }), (name, t) =>
    name === 'updates'
      ? Int32Array.of(updates)
      : expectTensor(prefix, tensors, referenceName(name) ?? name, 'F32', t.shape),
  )
  const metadata = { source: 'TensorFlow', ...(step !== undefined && { step: String(step) }) }
  return { path: prefix, options, state, metadata }
}

/** The smallest float32 with all its digits. */
const smallestNormal = 2 ** -126

/**
 * How many updates a model has had, by Adam's β₂ to the power of them, which TensorFlow starts at β₂: 0.999^(updates + 1).
 * After 87,000 updates float32 does not hold the power any more; then the step in the file's name says it (`model_i` has
 * had i + 1 updates), or nobody does, and it is taken for the 87,000.
 */
function updatesOf(prefix: string, beta2Power: number, step: number | undefined): number {
  if (!(beta2Power >= 0 && beta2Power <= 1))
    throw new CheckpointError(
      prefix,
      `variable ${referenceNames.beta2Power} is ${beta2Power}, wanted a power of 0.999 (damaged, or of another optimiser)`,
    )
  if (beta2Power < smallestNormal && step !== undefined) return step + 1
  return Math.max(0, Math.round(Math.log(Math.max(beta2Power, smallestNormal)) / Math.log(0.999)) - 1)
}

/** Cell, size and embedding of a checkpoint, which must be those of the `params.json` beside it, if there is one. */
async function optionsOf(prefix: string, tensors: StoredTensors): Promise<ModelOptions> {
  const kernel = tensors.get(referenceNames.kernel)
  if (!kernel)
    throw new CheckpointError(
      prefix,
      `not a checkpoint of the reference's LSTM: no variable ${referenceNames.kernel} (it has ${[...tensors.keys()].slice(0, 6).join(', ')})`,
    )
  const hidden = (kernel.shape[1] ?? 0) / 4
  if (!Number.isInteger(hidden) || hidden < 1 || kernel.shape.length !== 2)
    throw new CheckpointError(
      prefix,
      `variable ${referenceNames.kernel} is ${JSON.stringify(kernel.shape)}, wanted [4 + H, 4 H]: not the reference's LSTM`,
    )
  const normalised = tensors.has(normNames('input').gamma)
  const settings = join(dirname(prefix), 'params.json')
  if (existsSync(settings)) {
    const { hidden_lstm_size = hidden, norm_lstm = normalised } = await readParams(settings)
    if (hidden_lstm_size !== hidden || norm_lstm !== normalised)
      throw new CheckpointError(
        prefix,
        `its kernel ${JSON.stringify(kernel.shape)} has hidden size ${hidden}${normalised ? ' with' : ' without'} layer normalisation, but ${settings} says ${hidden_lstm_size}${norm_lstm ? ' with' : ' without'}; they do not belong together`,
      )
  }
  return {
    cell: normalised ? layerNormLstm : lstm,
    hidden,
    embedding: tensors.has(referenceNames.embedding),
  }
}

/**
 * A state as the reference's variables, to be written as a TensorFlow checkpoint. `path` names it in errors.
 * @throws CheckpointError for cells that the reference does not have.
 */
export async function toReference(
  path: string,
  { cell }: ModelOptions,
  state: TrainState,
): Promise<StoredTensors> {
  const tensors = new Map<string, StoredTensor>()
  // The reference trains with Adam alone; its powers tell the number of updates.
  const { parameters, adam = adamState(parameters) } = state
  for (const [name, t] of entries({ ...parameters, adam })) {
    const variable = referenceCells.includes(cell.name) ? referenceName(name) : undefined
    if (variable === undefined)
      throw new CheckpointError(
        path,
        `the reference has no cell '${cell.name}'; only ${referenceCells.join(' and ')} can be written for it`,
      )
    tensors.set(variable, tensorOf(await t.data(), t.shape))
  }
  return tensors
}
