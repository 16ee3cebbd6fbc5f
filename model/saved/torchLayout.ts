/**
 * Safetensors files with the names and the order of gates of PyTorch's `nn.LSTM`, as a module of such a layer and a linear
 * one saves its `state_dict`: `lstm.weight_ih_l0` [4 H, 4], `lstm.weight_hh_l0` [4 H, H], `lstm.bias_ih_l0` and
 * `lstm.bias_hh_l0` [4 H], `head.weight` [4, H], `head.bias` [4]; and `embedding.weight` [4, 4], if there is an embedding. The
 * modules may have other names in files that are read.
 */
import { checkModelToWrite } from '../checkArguments.js'
import {
  CheckpointError,
  expectTensor,
  type Safetensors,
  type StoredTensor,
  type StoredTensors,
  showShape,
  tensorOf,
  widenHalves,
  writeSafetensors,
} from '../checkpoint/index.js'
import {
  cellParameters,
  type GateWeights,
  packGates,
  torchLayout,
  transposed,
  unpackGates,
} from './gateLayouts.js'
import { formatName } from './metadata.js'
import { parameterValues, type SavedModel } from './savedModel.js'

const bases = 4

/** Names of a layer's tensors, after that of its module. */
const names = {
  input: 'weight_ih_l0',
  recurrent: 'weight_hh_l0',
  inputBias: 'bias_ih_l0',
  recurrentBias: 'bias_hh_l0',
} as const satisfies Record<keyof GateWeights, string>

/** What the name of the first tensor of a recurrent layer begins with: its module's name, and a dot. */
const modulesIn = (tensors: StoredTensors): string[] =>
  [...tensors.keys()]
    .filter(name => /(^|\.)weight_ih_l0$/.test(name))
    .map(name => name.slice(0, -names.input.length))

/** Whether a file is of PyTorch's names. */
export const isTorchLayout = ({ tensors, metadata }: Safetensors): boolean =>
  metadata.format !== formatName && modulesIn(tensors).length > 0

/**
 * Write a model with PyTorch's names, whole or not at all.
 * @throws CheckpointError for a cell that PyTorch does not have; TypeError for other arguments than these; Error when the file cannot be written.
 */
export async function saveTorchLayout(path: string, model: SavedModel): Promise<void> {
  checkModelToWrite('saveTorchLayout', path, model)
  const { cell, hidden } = model.options
  if (cell !== torchLayout.cell) throw new CheckpointError(path, notInTorch(cell.name))
  const parameters = await parameterValues(model)
  const weights = packGates(torchLayout, cellParameters(parameters), { inputs: bases, hidden })
  const table = parameters.get('embedding.table')
  const rows = torchLayout.gates.length * hidden
  const tensors: [string, StoredTensor][] = [
    [`lstm.${names.input}`, tensorOf(weights.input, [rows, bases])],
    [`lstm.${names.recurrent}`, tensorOf(weights.recurrent, [rows, hidden])],
    [`lstm.${names.inputBias}`, tensorOf(weights.inputBias, [rows])],
    [`lstm.${names.recurrentBias}`, tensorOf(weights.recurrentBias, [rows])],
    ['head.weight', tensorOf(transposed(parameters.get('logits.kernel')!, bases), [bases, hidden])],
    ['head.bias', tensorOf(parameters.get('logits.bias')!, [bases])],
    ...(table ? [['embedding.weight', tensorOf(table, [bases, bases])] as [string, StoredTensor]] : []),
  ]
  const toWrite = tensors.map(([name, t]) => [name, { ...t, data: async () => t.data }] as const)
  // What PyTorch's users have as format.
  await writeSafetensors(path, { tensors: new Map(toWrite), metadata: { ...model.metadata, format: 'pt' } })
}

const notInTorch = (cell: string): string =>
  cell === 'gru'
    ? "the cell 'gru' is not PyTorch's nn.GRU, whose reset gate acts on the product with the state (r * (W h + b)), ours on the state (W (r * h) + b); only the cell 'lstm' can be written for PyTorch"
    : `PyTorch has no layer of the cell '${cell}'; only the cell 'lstm' can be written for it (as ONNX any cell can)`

/**
 * The contents of a file of PyTorch's names, as ours would have them. `path` names it in errors.
 * @throws CheckpointError for other layers than one LSTM from four bases and a linear one to them.
 */
export function fromTorchLayout(path: string, { tensors: stored, metadata }: Safetensors): Safetensors {
  const tensors = new Map(widenHalves(stored))
  const fail = (problem: string): never => {
    throw new CheckpointError(path, `PyTorch's names, but ${problem}`)
  }
  /** Takes a tensor out of the file. */
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const values = expectTensor(path, tensors, name, 'F32', shape)
    tensors.delete(name)
    return values
  }
  const [module, other] = modulesIn(tensors)
  if (other !== undefined) fail(`two recurrent layers, ${module}${names.input} and ${other}${names.input}`)
  const { shape } = tensors.get(`${module}${names.recurrent}`) ?? { shape: [] }
  const hidden = shape[1]
  if (shape.length !== 2 || !(hidden > 0) || shape[0] !== 4 * hidden)
    fail(
      `${module}${names.recurrent} is ${showShape(shape)}, wanted [4 H, H]: only an nn.LSTM can be read${shape[0] === 3 * hidden ? ' (this is an nn.GRU, whose reset gate acts elsewhere than that of our cell)' : ''}`,
    )
  const rows = 4 * hidden
  const hasBias = tensors.has(`${module}${names.inputBias}`)
  const biasOf = (name: string) => (hasBias ? take(`${module}${name}`, [rows]) : new Float32Array(rows))
  const weights: GateWeights = {
    input: take(`${module}${names.input}`, [rows, bases]),
    recurrent: take(`${module}${names.recurrent}`, [rows, hidden]),
    inputBias: biasOf(names.inputBias),
    recurrentBias: biasOf(names.recurrentBias),
  }
  const ours = new Map<string, StoredTensor>()
  for (const [name, { shape, data }] of unpackGates(torchLayout, weights, { inputs: bases, hidden }))
    ours.set(`cell.${name}`, tensorOf(data, shape))

  const embedding = [...tensors.keys()].find(name => /emb[^.]*\.weight$/i.test(name))
  if (embedding) ours.set('embedding.table', tensorOf(take(embedding, [bases, bases]), [bases, bases]))
  const heads = [...tensors.keys()].filter(name => name.endsWith('.weight'))
  if (heads.length !== 1)
    fail(`${heads.length} layers after the LSTM (${heads.join(', ')}), wanted one nn.Linear`)
  const [head] = heads
  const bias = head.replace(/weight$/, 'bias')
  ours.set('logits.kernel', tensorOf(transposed(take(head, [bases, hidden]), hidden), [hidden, bases]))
  ours.set(
    'logits.bias',
    tensorOf(tensors.has(bias) ? take(bias, [bases]) : new Float32Array(bases), [bases]),
  )
  if (tensors.size)
    fail(`there is more than one nn.LSTM and one nn.Linear in it: ${[...tensors.keys()].join(', ')}`)
  const cell = torchLayout.cell.name
  return {
    tensors: ours,
    metadata: {
      source: 'PyTorch',
      ...metadata,
      format: formatName,
      cell,
      hidden: String(hidden),
      embedding: String(embedding !== undefined),
    },
  }
}
