import type { Cell } from '../../engine/index.js'
import { gru } from '../cells/gru.js'
import { lstm } from '../cells/lstm.js'

/** Where the weights of a gate are among a cell's parameters. */
type Gate = {
  /** Names of its kernel [input + hidden, gates · hidden] and bias [gates · hidden], which other gates may share. */
  readonly kernel: string
  readonly bias: string
  /** Which block of `hidden` columns is the gate's. */
  readonly block: number
  /** What the cell adds to the bias when it runs. */
  readonly added: number
}

const gateOf = (kernel: string, bias: string, block: number, added = 0): Gate => ({
  kernel,
  bias,
  block,
  added,
})

/** The gates of the built-in cells. */
const lstmGates = {
  input: gateOf('kernel', 'bias', 0),
  candidate: gateOf('kernel', 'bias', 1),
  forget: gateOf('kernel', 'bias', 2, 1),
  output: gateOf('kernel', 'bias', 3),
}
const gruGates = {
  reset: gateOf('gates_kernel', 'gates_bias', 0),
  update: gateOf('gates_kernel', 'gates_bias', 1),
  candidate: gateOf('kernel', 'bias', 0),
}

/** The gates of a cell in the order in which somebody else has them. */
export type GateLayout = { readonly cell: Cell; readonly gates: readonly Gate[] }

/** Of the operators of ONNX (https://onnx.ai/onnx/operators/onnx__LSTM.html: `iofc`; onnx__GRU.html: `zrh`). */
export const onnxLayouts = {
  LSTM: { cell: lstm, gates: [lstmGates.input, lstmGates.output, lstmGates.forget, lstmGates.candidate] },
  GRU: { cell: gru, gates: [gruGates.update, gruGates.reset, gruGates.candidate] },
} as const satisfies Record<string, GateLayout>

/** Of PyTorch's `nn.LSTM`: i, f, g, o. Its `nn.GRU` is another cell than ours: the reset gate acts after the product. */
export const torchLayout: GateLayout = {
  cell: lstm,
  gates: [lstmGates.input, lstmGates.forget, lstmGates.candidate, lstmGates.output],
}

/**
 * A cell's weights as ONNX and PyTorch have them, a row for each unit of each gate: `input` [gates · hidden, inputs],
 * `recurrent` [gates · hidden, hidden], and two biases [gates · hidden], which are added. What a cell of ours adds to a bias
 * when it runs is the second one, so that the first comes back bit for bit.
 */
export type GateWeights = {
  readonly input: Float32Array
  readonly recurrent: Float32Array
  readonly inputBias: Float32Array
  readonly recurrentBias: Float32Array
}

/** For each unit of each gate: its row in the others' weights, its column in our parameters, and how wide these are. */
function* places({ gates }: GateLayout, hidden: number) {
  for (const [i, { kernel, bias, block, added }] of gates.entries()) {
    const width = gates.filter(gate => gate.kernel === kernel).length * hidden
    for (let unit = 0; unit < hidden; unit++) {
      const row = i * hidden + unit
      const column = block * hidden + unit
      yield { kernel, bias, added, row, column, width }
    }
  }
}

/** A cell's parameters, by their names, as somebody else has them. */
export function packGates(
  layout: GateLayout,
  parameters: ReadonlyMap<string, Float32Array>,
  { inputs, hidden }: { readonly inputs: number; readonly hidden: number },
): GateWeights {
  const rows = layout.gates.length * hidden
  const packed: GateWeights = {
    input: new Float32Array(rows * inputs),
    recurrent: new Float32Array(rows * hidden),
    inputBias: new Float32Array(rows),
    recurrentBias: new Float32Array(rows),
  }
  for (const { kernel, bias, added, row, column, width } of places(layout, hidden)) {
    const weights = parameters.get(kernel)!
    for (let k = 0; k < inputs; k++) packed.input[row * inputs + k] = weights[k * width + column]
    for (let k = 0; k < hidden; k++)
      packed.recurrent[row * hidden + k] = weights[(inputs + k) * width + column]
    packed.inputBias[row] = parameters.get(bias)![column]
    packed.recurrentBias[row] = added
  }
  return packed
}

/** The parameters of our cell, by their names, of weights that somebody else has. */
export function unpackGates(
  layout: GateLayout,
  weights: GateWeights,
  { inputs, hidden }: { readonly inputs: number; readonly hidden: number },
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> {
  const unpacked = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>()
  const parameter = (name: string, shape: readonly number[]): Float32Array => {
    const known = unpacked.get(name) ?? { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }
    unpacked.set(name, known)
    return known.data
  }
  for (const { kernel, bias, added, row, column, width } of places(layout, hidden)) {
    const ours = parameter(kernel, [inputs + hidden, width])
    for (let k = 0; k < inputs; k++) ours[k * width + column] = weights.input[row * inputs + k]
    for (let k = 0; k < hidden; k++) ours[(inputs + k) * width + column] = weights.recurrent[row * hidden + k]
    parameter(bias, [width])[column] = weights.inputBias[row] + (weights.recurrentBias[row] - added)
  }
  return unpacked
}

/** The parameters of a model's cell, by their names in the cell. */
export const cellParameters = (parameters: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> =>
  new Map(
    [...parameters].flatMap(([name, values]) => (name.startsWith('cell.') ? [[name.slice(5), values]] : [])),
  )

/** A matrix of `columns` columns, transposed. */
export function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)])
}
