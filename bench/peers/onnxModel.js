import { PbfWriter } from 'pbf'

/** Element types of ONNX tensors (TensorProto.DataType). */
const float = 1
const int64 = 7

/**
 * The scorer of problem.js as an ONNX model (onnx.proto3, operator set 13): `tokens` int64 [steps, batch] to
 * `logLikelihoods` float32 [steps - 1, batch, 1], in nats, of every predicted base.
 */
export function onnxModel({ kernel, bias, denseKernel, denseBias }, hidden) {
  const gates = toOnnxGates(kernel.values, bias.values, hidden)
  const nodes = [
    node('Slice', ['tokens', 'zero', 'minusOne', 'zero'], ['given']),
    node('Gather', ['identity', 'given'], ['x']),
    node('LSTM', ['x', 'w', 'r', 'b'], ['directed'], { hidden_size: hidden }),
    node('Squeeze', ['directed', 'one'], ['h']),
    node('MatMul', ['h', 'denseKernel'], ['products']),
    node('Add', ['products', 'denseBias'], ['logits']),
    node('LogSoftmax', ['logits'], ['logP'], { axis: -1 }),
    node('Slice', ['tokens', 'one', 'end', 'zero'], ['next']),
    node('Unsqueeze', ['next', 'two'], ['targets']),
    node('GatherElements', ['logP', 'targets'], ['logLikelihoods'], { axis: 2 }),
  ]
  const constants = [
    integer('zero', 0),
    integer('one', 1),
    integer('two', 2),
    integer('minusOne', -1),
    integer('end', 2 ** 31),
    tensor('identity', [4, 4], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
    tensor('w', [1, 4 * hidden, 4], gates.input),
    tensor('r', [1, 4 * hidden, hidden], gates.recurrent),
    tensor('b', [1, 8 * hidden], gates.bias),
    tensor('denseKernel', denseKernel.shape, denseKernel.values),
    tensor('denseBias', denseBias.shape, denseBias.values),
  ]
  const model = new PbfWriter()
  model.writeVarintField(1, 7) // ir_version
  model.writeMessage(8, (_, set) => set.writeVarintField(2, 13)) // opset_import
  model.writeMessage(7, (_, graph) => {
    for (const write of nodes) graph.writeMessage(1, write)
    graph.writeStringField(2, 'lstm')
    for (const write of constants) graph.writeMessage(5, write)
    graph.writeMessage(11, value('tokens', int64, ['steps', 'batch']))
    graph.writeMessage(12, value('logLikelihoods', float, ['predictions', 'batch', 1]))
  })
  return model.finish()
}

/** Kernel and bias as ONNX wants them: transposed, gates in the order i, o, f, j, the forget bias added. */
function toOnnxGates(kernel, bias, hidden) {
  const order = [0, 3, 2, 1]
  const column = row => order[Math.floor(row / hidden)] * hidden + (row % hidden)
  const transposed = (from, count) =>
    Float32Array.from({ length: 4 * hidden * count }, (_, i) => {
      const [row, k] = [Math.floor(i / count), i % count]
      return kernel[(from + k) * 4 * hidden + column(row)]
    })
  const forget = row => (order[Math.floor(row / hidden)] === 2 ? 1 : 0)
  return {
    input: transposed(0, 4),
    recurrent: transposed(4, hidden),
    // The second half is ONNX's other bias.
    bias: Float32Array.from({ length: 8 * hidden }, (_, i) =>
      i < 4 * hidden ? bias[column(i)] + forget(i) : 0,
    ),
  }
}

/** NodeProto; attributes are integers. */
const node =
  (type, inputs, outputs, attributes = {}) =>
  (_, pbf) => {
    for (const name of inputs) pbf.writeStringField(1, name)
    for (const name of outputs) pbf.writeStringField(2, name)
    pbf.writeStringField(4, type)
    for (const [name, value] of Object.entries(attributes))
      pbf.writeMessage(5, (_, attribute) => {
        attribute.writeStringField(1, name)
        attribute.writeVarintField(3, value)
        attribute.writeVarintField(20, 2) // type: INT
      })
  }

/** TensorProto of float32 or (BigInt64Array) int64. */
const tensor = (name, shape, values) => (_, pbf) => {
  const data = Array.isArray(values) ? Float32Array.from(values) : values
  pbf.writePackedVarint(1, shape)
  pbf.writeVarintField(2, data instanceof BigInt64Array ? int64 : float)
  pbf.writeStringField(8, name)
  pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

const integer = (name, value) => tensor(name, [1], BigInt64Array.of(BigInt(value)))

/** ValueInfoProto; a dimension is a number or a name. */
const value = (name, type, dimensions) => (_, pbf) => {
  pbf.writeStringField(1, name)
  pbf.writeMessage(2, (_, typeProto) =>
    typeProto.writeMessage(1, (_, tensorType) => {
      tensorType.writeVarintField(1, type)
      tensorType.writeMessage(2, (_, shape) => {
        for (const dimension of dimensions)
          shape.writeMessage(1, (_, pbf) => {
            if (typeof dimension === 'number') pbf.writeVarintField(1, dimension)
            else pbf.writeStringField(2, dimension)
          })
      })
    }),
  )
}
