/** A recurrent layer in a graph of ONNX, and the model that is around it, as our parameters. */
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from '../../engine/index.js'
import {
  CheckpointError,
  type OnnxModel,
  type Safetensors,
  type StoredTensor,
  showShape,
  tensorOf,
} from '../checkpoint/index.js'
import { type GateLayout, onnxLayouts, transposed, unpackGates } from './gateLayouts.js'
import { formatName } from './metadata.js'

const bases = 4

/** A matrix or a vector that a graph has as a constant. */
type Constant = { readonly shape: readonly number[]; readonly data: Float32Array }

/** The recurrent layers that we have a cell for. */
export const layersIn = ({ nodes }: OnnxGraph): OnnxNode[] =>
  nodes.filter(({ operator }) => Object.hasOwn(onnxLayouts, operator))

/** A graph that is read, for messages with the file in them. */
class GraphReader {
  readonly #makers = new Map<string, OnnxNode>()
  readonly #initialisers = new Map<string, OnnxTensor>()

  constructor(
    readonly path: string,
    readonly graph: OnnxGraph,
  ) {
    for (const node of graph.nodes) for (const name of node.outputs) this.#makers.set(name, node)
    for (const tensor of graph.initialisers) this.#initialisers.set(tensor.name, tensor)
  }

  fail(problem: string): never {
    throw new CheckpointError(this.path, problem)
  }

  /** The node that makes a value; undefined for inputs and constants. */
  maker(name: string): OnnxNode | undefined {
    return this.#makers.get(name)
  }

  /** The nodes that use a value. */
  users(name: string): OnnxNode[] {
    return this.graph.nodes.filter(node => node.inputs.includes(name))
  }

  /** A float32 constant of the graph, or the transpose of one; undefined for other values. */
  constant(name: string): Constant | undefined {
    const tensor = this.#initialisers.get(name)
    if (tensor)
      return tensor.data instanceof Float32Array ? { shape: tensor.shape, data: tensor.data } : undefined
    const node = this.maker(name)
    if (node?.operator === 'Constant') return constantOf(node.attributes.value)
    if (node?.operator === 'Identity') return this.constant(node.inputs[0])
    if (node?.operator !== 'Transpose') return undefined
    const inner = this.constant(node.inputs[0])
    if (inner?.shape.length !== 2 || `${node.attributes.perm ?? '1,0'}` !== '1,0') return undefined
    const [rows, columns] = inner.shape
    return { shape: [columns, rows], data: transposed(inner.data, columns) }
  }

  /** @throws CheckpointError unless the value is a constant of this shape. */
  expect(what: string, name: string | undefined, shape: readonly number[]): Float32Array {
    const constant = name === undefined ? undefined : this.constant(name)
    if (!constant)
      return this.fail(`${what} is no float32 constant of the file, wanted one of ${showShape(shape)}`)
    if (showShape(constant.shape) !== showShape(shape))
      this.fail(`${what} is ${showShape(constant.shape)}, wanted ${showShape(shape)}`)
    return constant.data
  }

  /** Whether a value is zeros for certain, whatever its shape is computed from. */
  isZero(name: string | undefined): boolean {
    if (!name) return true
    const constant = this.constant(name)
    if (constant) return constant.data.every(x => x === 0)
    const node = this.maker(name)
    if (node?.operator === 'ConstantOfShape') {
      const value = constantOf(node.attributes.value)
      return value === undefined ? !node.attributes.value : value.data.every(x => x === 0)
    }
    const sameValues = ['Expand', 'Identity', 'Reshape', 'Slice', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze']
    if (node && sameValues.includes(node.operator)) return this.isZero(node.inputs[0])
    return node?.operator === 'Concat' && node.inputs.every(input => this.isZero(input))
  }
}

/** The float32 tensor in an attribute; undefined for others. */
const constantOf = (value: OnnxAttribute | undefined): Constant | undefined =>
  typeof value === 'object' && 'data' in value && value.data instanceof Float32Array
    ? { shape: value.shape, data: value.data }
    : undefined

/** What an attribute must be, if it is there: otherwise the layer computes something else than our cell. */
const plainAttributes: Readonly<Record<string, readonly OnnxAttribute[]>> = {
  direction: ['forward'],
  layout: [0],
  input_forget: [0],
  linear_before_reset: [0],
}

/** The activations of a layer by default, which are those of our cells. */
const activations: Readonly<Record<string, string>> = { LSTM: 'Sigmoid,Tanh,Tanh', GRU: 'Sigmoid,Tanh' }

function checkAttributes(reader: GraphReader, { operator, attributes }: OnnxNode): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'hidden_size') continue
    const isPlain =
      name === 'activations'
        ? Array.isArray(value) && value.join().toLowerCase() === activations[operator].toLowerCase()
        : Object.hasOwn(plainAttributes, name) && plainAttributes[name].includes(value)
    if (isPlain) continue
    const shown = typeof value === 'object' && !Array.isArray(value) ? '' : ` ${JSON.stringify(value)}`
    const otherGru = name === 'linear_before_reset' ? " (as PyTorch's and Keras' GRU has it; ours has 0)" : ''
    reader.fail(`its ${operator} has ${name}${shown}${otherGru}, which no cell of ours does`)
  }
}

/**
 * The parameters of a recurrent layer, by our names (`cell.kernel`), and its hidden units. `path` names the file in errors.
 * @throws CheckpointError for a layer that computes something else than our cell, or whose weights are no constants.
 */
export function layerIn(
  path: string,
  graph: OnnxGraph,
  node: OnnxNode,
): { readonly layout: GateLayout; readonly hidden: number; readonly tensors: Map<string, StoredTensor> } {
  const reader = new GraphReader(path, graph)
  const { operator, inputs } = node
  const layout: GateLayout = onnxLayouts[operator as keyof typeof onnxLayouts]
  checkAttributes(reader, node)
  const [, w, r, b, lengths, initialH, initialC, peepholes] = inputs
  const recurrentShape = reader.constant(r)?.shape ?? []
  const hidden = recurrentShape[2]
  const rows = layout.gates.length * hidden
  if (!(hidden > 0))
    reader.fail(
      `its ${operator} has weights R that are no constant [1, ${layout.gates.length} H, H] of the file`,
    )
  const input = reader.expect(`input W of its ${operator}`, w, [1, rows, bases])
  const recurrent = reader.expect(`input R of its ${operator}`, r, [1, rows, hidden])
  const bias = b ? reader.expect(`input B of its ${operator}`, b, [1, 2 * rows]) : new Float32Array(2 * rows)
  if (lengths) reader.fail(`its ${operator} is given lengths of sequences, which our models are not`)
  if (!(reader.isZero(initialH) && reader.isZero(initialC)))
    reader.fail(`its ${operator} does not begin with zeros, as our models do`)
  if (!reader.isZero(peepholes)) reader.fail(`its ${operator} has peepholes, which our cell 'lstm' has not`)
  const weights = {
    input,
    recurrent,
    inputBias: bias.subarray(0, rows),
    recurrentBias: bias.subarray(rows),
  }
  const unpacked = unpackGates(layout, weights, { inputs: bases, hidden })
  const tensors = new Map([...unpacked].map(([name, t]) => [`cell.${name}`, tensorOf(t.data, t.shape)]))
  return { layout, hidden, tensors }
}

/**
 * The model that a file of somebody else has: a recurrent layer over one-hot bases, or rows of a table of them, and a linear
 * layer after it. `path` names it in errors.
 * @throws CheckpointError for a graph of another kind.
 */
export function modelAround(path: string, { graph, metadata }: OnnxModel): Safetensors {
  const reader = new GraphReader(path, graph)
  const [node, second] = layersIn(graph)
  if (!node)
    reader.fail(
      `no LSTM or GRU in the graph (it has ${[...new Set(graph.nodes.map(n => n.operator))].slice(0, 12).join(', ')}); only such models, or those that xenograd convert has written, can be read`,
    )
  if (second) reader.fail('several recurrent layers in the graph; our models have one')
  const { layout, hidden, tensors } = layerIn(path, graph, node)
  const table = embeddingBefore(reader, node)
  if (table) tensors.set('embedding.table', tensorOf(table, [bases, bases]))
  const head = headAfter(reader, node, hidden)
  tensors.set('logits.kernel', tensorOf(head.kernel, [hidden, bases]))
  tensors.set('logits.bias', tensorOf(head.bias, [bases]))
  return {
    tensors,
    metadata: {
      source: 'ONNX',
      ...metadata,
      format: formatName,
      cell: layout.cell.name,
      hidden: String(hidden),
      embedding: String(table !== undefined),
    },
  }
}

/** Operators that put values in another order or shape. */
const rearranging = ['Cast', 'Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']

/** The table whose rows a layer is given; undefined for one that is given one-hot bases. */
function embeddingBefore(reader: GraphReader, node: OnnxNode): Float32Array | undefined {
  let maker = reader.maker(node.inputs[0])
  while (maker && rearranging.includes(maker.operator)) maker = reader.maker(maker.inputs[0])
  if (!maker || maker.operator === 'OneHot') return undefined
  if (maker.operator !== 'Gather')
    reader.fail(
      `its ${node.operator} is given the result of ${maker.operator}; wanted one-hot bases [., ., 4], or rows of a table of them`,
    )
  const table = reader.expect('the table of bases', maker.inputs[0], [bases, bases])
  const isOneHot = table.every((x, i) => x === (i % (bases + 1) === 0 ? 1 : 0))
  return isOneHot ? undefined : table
}

/** The linear layer after a recurrent one: kernel [hidden, 4] and bias [4]. */
function headAfter(
  reader: GraphReader,
  node: OnnxNode,
  hidden: number,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  const product = nextOf(reader, node)
  const what = `the layer after its ${node.operator}`
  if (product?.operator === 'Gemm') {
    const { alpha, beta, transA, transB } = product.attributes
    if ((alpha ?? 1) !== 1 || (beta ?? 1) !== 1 || transA) reader.fail(`${what} is scaled or transposed`)
    const [, weights, bias] = product.inputs
    const kernel = transB
      ? transposed(reader.expect(what, weights, [bases, hidden]), hidden)
      : reader.expect(what, weights, [hidden, bases])
    return {
      kernel,
      bias: bias ? reader.expect(`the bias of ${what}`, bias, [bases]) : new Float32Array(bases),
    }
  }
  if (product?.operator !== 'MatMul')
    return reader.fail(
      `${what} is ${product ? product.operator : 'not there'}, wanted a linear layer (MatMul or Gemm)`,
    )
  const kernel = reader.expect(what, product.inputs[1], [hidden, bases])
  const sum = nextOf(reader, product)
  if (sum?.operator !== 'Add') return { kernel, bias: new Float32Array(bases) }
  const bias = sum.inputs.find(name => reader.constant(name))
  return { kernel, bias: reader.expect(`the bias of ${what}`, bias, [bases]) }
}

/** What is made of a node's first output, but for its order and shape; undefined if that is a result. */
function nextOf(reader: GraphReader, node: OnnxNode): OnnxNode | undefined {
  const [result] = node.outputs
  const users = (result ? reader.users(result) : []).filter(({ operator }) => operator !== 'Shape')
  if (users.length > 1)
    reader.fail(
      `the result of its ${node.operator} goes to ${users.map(n => n.operator).join(' and ')}, wanted one layer`,
    )
  const [next] = users
  return next && rearranging.includes(next.operator) ? nextOf(reader, next) : next
}
