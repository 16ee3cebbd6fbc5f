import { checkString } from '../../data/index.js'
import type { Cell } from '../../engine/index.js'
import { checkCellGiven } from '../checkArguments.js'
import type { ModelOptions } from '../generative.js'
import { SettingsError } from '../settingsError.js'
import { locateModel } from './locate.js'
import { loadOnnxModel } from './onnxModel.js'
import { loadSafetensorsModel } from './safetensorsModel.js'
import type { SavedModel } from './savedModel.js'
import { loadTensorFlowModel } from './tensorFlowModel.js'

/**
 * Read a model: a safetensors file (ours, or of PyTorch's names), an ONNX file, a run directory (its newest checkpoint), or
 * the prefix of a TensorFlow V2 checkpoint. `cell`: the cell to use instead of the one that a file names; `step`: the checkpoint to take
 * from a run directory instead of the newest.
 * @throws CheckpointError for a missing, foreign or damaged file, or one whose shapes do not fit its cell; TypeError for what
 * is no path, or no cell.
 */
export async function loadModel(path: string, cell?: Cell, step?: number): Promise<SavedModel> {
  checkString('loadModel', 'the path of a model', path)
  if (cell !== undefined) checkCellGiven('loadModel', cell)
  const file = await locateModel(path, step)
  if (file.format === 'tensorflow') return loadTensorFlowModel(file.path)
  return file.format === 'onnx' ? loadOnnxModel(file.path, cell) : loadSafetensorsModel(file.path, cell)
}

/**
 * Read a model to go on training it.
 * @throws SettingsError when it is not of the cell and the sizes that are asked for; CheckpointError as `loadModel`.
 */
export async function loadToTrain(path: string, wanted: ModelOptions): Promise<SavedModel> {
  const saved = await loadModel(path, wanted.cell)
  if (describeModel(saved.options) !== describeModel(wanted))
    throw new SettingsError(
      name =>
        `${path}: a model with ${describeModel(saved.options)}, but the settings ask for ${describeModel(wanted)}; make them agree, or do without this model (${name('fresh')} starts a run anew)`,
    )
  return saved
}

const describeModel = ({ cell, hidden, embedding }: ModelOptions) =>
  `cell ${cell.name}, hidden size ${hidden}, ${embedding ? 'with' : 'no'} embedding`
