/**
 * Generative models as ONNX files, which score reads wherever ONNX runs. The graph is that of our own scorer, for any number
 * of reads of any length; the loop over the bases is an operator LSTM or GRU for the built-in cells of these names, a Scan
 * for others. Parameters and metadata come back from it.
 */
import { readFile } from 'node:fs/promises'
import { unknown, writeFileAtomic } from '../../data/index.js'
import {
  type Cell,
  type LoopOperator,
  type OnnxPort,
  onnxGraph,
  pad,
  type Tensor,
} from '../../engine/index.js'
import { checkModelToWrite } from '../checkArguments.js'
import {
  CheckpointError,
  decodeOnnx,
  encodeOnnx,
  type OnnxModel,
  type StoredTensor,
  type StoredTensors,
  tensorOf,
} from '../checkpoint/index.js'
import { logLikelihoodsOfReads, type ModelOptions, type ModelParameters } from '../generative.js'
import { cellParameters, onnxLayouts, packGates } from './gateLayouts.js'
import { formatName, metadataOf } from './metadata.js'
import { layerIn, layersIn, modelAround } from './onnxLayers.js'
import { modelOf } from './safetensorsModel.js'
import { parameterValues, type SavedModel } from './savedModel.js'

/** Reads as the file takes them, and what it says of them. */
const tokens: OnnxPort = { dtype: 'int32', shape: ['batch', { name: 'length', plus: 1 }] }
const outputs = {
  log_likelihood: { dtype: 'float64', shape: ['batch'] },
  predictions: { dtype: 'int32', shape: ['batch'] },
  base_log_likelihood: { dtype: 'float32', shape: ['batch', 'length'] },
} as const satisfies Record<string, OnnxPort>

/**
 * Write a model as an ONNX file (operator set 17), whole or not at all. Its input `tokens`, int32 [batch, length], are reads
 * of two bases or more: 0 to 3 for A, C, G, T, and 4 for unknown ones, also after the end of shorter reads. Its outputs are
 * `log_likelihood`, float64 [batch], of each read in nats; `predictions`, int32 [batch], how many bases it is the sum of (a
 * prediction counts where the base and the one before are known); and `base_log_likelihood`, float32 [batch, length], of each
 * base, 0 for those not predicted.
 * @throws RangeError for a cell that uses an operation without a form in ONNX; CheckpointError for more parameters than
 * such a file holds; TypeError for other arguments than these; Error when it cannot be written.
 */
export async function saveOnnxModel(path: string, model: SavedModel): Promise<void> {
  checkModelToWrite('saveOnnxModel', path, model)
  const { options, state, metadata } = model
  const graph = await onnxGraph((parameters, { tokens }) => scored(options, parameters, tokens), {
    parameters: state.parameters,
    inputs: { tokens },
    outputs,
    ...(await operatorFor(model)),
  })
  await writeFileAtomic(path, encodeOnnx({ graph, metadata: metadataOf(options, metadata) }, path))
}

/** What the file computes. */
function scored(
  options: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
): Record<keyof typeof outputs, Tensor> {
  const ofReads = logLikelihoodsOfReads(options, parameters, tokens).transpose()
  const isKnown = tokens.less(unknown)
  return {
    // In float64, as the scorer sums: a float32 sum over hundreds of bases would cost a digit.
    log_likelihood: ofReads.cast('float64').sum(1),
    predictions: isKnown.slice(1, 0, -1).mul(isKnown.slice(1, 1)).sum(1),
    base_log_likelihood: pad(ofReads, 1, 1, 0),
  }
}

/** The operator of ONNX that a cell's loop is, for the cells that it has one for. */
async function operatorFor(model: SavedModel): Promise<{ readonly loopOperator?: LoopOperator }> {
  const { cell, hidden } = model.options
  const known = Object.entries(onnxLayouts).find(([, layout]) => layout.cell === cell)
  if (!known) return {}
  const [operator, layout] = known
  const parameters = cellParameters(await parameterValues(model))
  const rows = layout.gates.length * hidden
  const { input, recurrent, inputBias, recurrentBias } = packGates(layout, parameters, { inputs: 4, hidden })
  const biases = new Float32Array(2 * rows)
  biases.set(inputBias)
  biases.set(recurrentBias, rows)
  const loopOperator: LoopOperator = (writer, x) => {
    const weights = [
      writer.tensor('cell.W', [1, rows, 4], input),
      writer.tensor('cell.R', [1, rows, hidden], recurrent),
      writer.tensor('cell.B', [1, 2 * rows], biases),
    ]
    // [steps, directions, batch, hidden]
    const h = writer.add(operator, [x, ...weights], { hidden_size: hidden })
    const withoutDirections = writer.add('Squeeze', [h, writer.integers([1])])
    return cell.carry.map(name => (name === 'h' ? withoutDirections : undefined))
  }
  return { loopOperator }
}

/**
 * Read a model from an ONNX file: one of ours, or one of an LSTM or a GRU of our equations over one-hot bases (or an
 * embedding of them), with a linear layer after it, as PyTorch and Keras export them. `cell`: as `loadModel`.
 * @throws CheckpointError for a missing, damaged or foreign file, or a graph of another kind; SettingsError as `loadModel`.
 */
export async function loadOnnxModel(path: string, cell?: Cell): Promise<SavedModel> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new CheckpointError(path, `cannot read the model: ${cause.message}`, { cause })
  })
  const model = decodeOnnx(bytes, path)
  if (model.metadata.format !== formatName) return modelOf(path, modelAround(path, model), cell)
  return modelOf(path, { tensors: ourTensors(path, model), metadata: model.metadata }, cell)
}

/** The parameters of a file of ours, by our names. */
function ourTensors(path: string, { graph }: OnnxModel): StoredTensors {
  const tensors = new Map<string, StoredTensor>()
  for (const { name, shape, data } of graph.initialisers)
    if (data instanceof Float32Array && /^(cell|logits|embedding)\./.test(name))
      tensors.set(name, tensorOf(data, shape))
  const [layer] = layersIn(graph)
  if (layer) for (const [name, tensor] of layerIn(path, graph, layer).tensors) tensors.set(name, tensor)
  return tensors
}
