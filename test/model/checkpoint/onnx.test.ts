import { isDeepStrictEqual } from 'node:util'
import { PbfWriter } from 'pbf'
import test from 'tape'
import type { OnnxGraph } from '../../../engine/index.js'
import { CheckpointError, decodeOnnx, encodeOnnx } from '../../../model/checkpoint/index.js'

const body: OnnxGraph = {
  nodes: [{ operator: 'Identity', inputs: ['h'], outputs: ['next'], attributes: {} }],
  initialisers: [{ name: 'inner', shape: [2], data: Int32Array.of(-1, 7) }],
  inputs: [{ name: 'h', dtype: 'float32', shape: ['batch', 3] }],
  outputs: [{ name: 'next', dtype: 'float32', shape: ['batch', 3] }],
}
const graph: OnnxGraph = {
  nodes: [
    {
      operator: 'Scan',
      inputs: ['a', '', 'b'],
      outputs: ['c', 'd'],
      attributes: {
        body,
        num_scan_inputs: 1,
        axes: [-1, 0, 300],
        direction: 'forward',
        activations: ['Sigmoid', 'Tanh'],
        value: { name: 'v', shape: [], data: Float64Array.of(0.1) },
      },
    },
  ],
  initialisers: [
    { name: 'a', shape: [2, 1], data: Float32Array.of(1.5, Number.NaN) },
    { name: 'b', shape: [1], data: BigInt64Array.of(-5n) },
    { name: 'none', shape: [0], data: Float32Array.of() },
  ],
  inputs: [{ name: 'tokens', dtype: 'int32', shape: ['batch', 'length'] }],
  outputs: [{ name: 'c', dtype: 'float64', shape: [] }],
}
const metadata = { cell: 'lstm', größe: '3', __proto__x: '' }

/** As it is read: without inputs and outputs. */
const read = (graph: OnnxGraph): OnnxGraph => ({ ...graph, inputs: [], outputs: [] })

test('ONNX: what is written is read back', t => {
  const model = decodeOnnx(encodeOnnx({ graph, metadata }))
  const [{ attributes, ...scan }] = graph.nodes
  const nodes = [{ ...scan, attributes: { ...attributes, body: read(body) } }]
  t.ok(isDeepStrictEqual(model, { graph: { ...read(graph), nodes }, metadata }), 'all but inputs and outputs')
  t.end()
})

/** A graph with one node, and a tensor as `write` has it. */
function withTensor(write: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeMessage(
    7,
    (_, graph) => {
      graph.writeMessage(1, (_, node) => node.writeStringField(4, 'Relu'), undefined)
      graph.writeMessage(5, (_, tensor) => write(tensor), undefined)
    },
    undefined,
  )
  return pbf.finish()
}

test('ONNX: tensors as others write them', t => {
  const tensorOf = (write: (pbf: PbfWriter) => void) => decodeOnnx(withTensor(write)).graph.initialisers[0]
  const floats = tensorOf(pbf => {
    pbf.writePackedVarint(1, [2])
    pbf.writeVarintField(2, 1)
    pbf.writePackedFloat(4, [0.5, -2])
    pbf.writeStringField(8, 'w')
  })
  t.deepEqual(floats, { name: 'w', shape: [2], data: Float32Array.of(0.5, -2) }, 'packed floats')
  const ints = tensorOf(pbf => {
    pbf.writeVarintField(1, 1)
    pbf.writeVarintField(1, 3)
    pbf.writeVarintField(2, 7)
    pbf.writePackedVarint(7, [1, -2, 3])
  })
  t.deepEqual(
    ints,
    { name: '', shape: [1, 3], data: BigInt64Array.of(1n, -2n, 3n) },
    'packed int64, sizes one by one',
  )
  t.equal(
    tensorOf(pbf => pbf.writeVarintField(2, 10)),
    undefined,
    'of other element types are left out',
  )
  t.end()
})

test('ONNX: every fault is told', t => {
  const deep = (depth: number): OnnxGraph => ({
    ...body,
    nodes: [{ operator: 'If', inputs: [], outputs: [], attributes: depth ? { body: deep(depth - 1) } : {} }],
  })
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /there is no graph in it/],
    ['text', Buffer.from('>read\nACGT\n'), /no ONNX file, or a damaged one: /],
    ['no nodes', encodeOnnx({ graph: { ...graph, nodes: [] }, metadata }), /there is no graph in it/],
    [
      'size',
      withTensor(pbf => {
        pbf.writePackedVarint(1, [3])
        pbf.writeVarintField(2, 1)
        pbf.writeBytesField(9, new Uint8Array(8))
      }),
      /2 values do not fill \[3\]/,
    ],
    [
      'half a number',
      withTensor(pbf => {
        pbf.writeVarintField(2, 11)
        pbf.writeBytesField(9, new Uint8Array(4))
      }),
      /4 bytes of numbers of 8 bytes/,
    ],
    [
      'another file',
      withTensor(pbf => {
        pbf.writeStringField(8, 'w')
        pbf.writeVarintField(14, 1)
      }),
      /tensor w lies in another file; export the model as one file/,
    ],
    ['deep', encodeOnnx({ graph: deep(40), metadata }), /graphs lie in graphs more than 16 deep/],
  ]
  for (const [name, bytes, message] of cases) {
    t.throws(() => decodeOnnx(bytes, 'x.onnx'), message, name)
    t.throws(() => decodeOnnx(bytes, 'x.onnx'), /^CheckpointError: x\.onnx: /)
  }
  t.doesNotThrow(() => decodeOnnx(encodeOnnx({ graph: deep(10), metadata })))
  t.end()
})

test('ONNX: a file that is cut anywhere is refused, or has lost fields at its end', t => {
  const bytes = encodeOnnx({ graph, metadata })
  let refused = 0
  for (let length = 0; length < bytes.length; length++)
    try {
      decodeOnnx(bytes.subarray(0, length), 'x.onnx')
    } catch (error) {
      if (!(error instanceof CheckpointError)) t.fail(`${length} bytes: ${error}`)
      refused++
    }
  // Between the graph, the operator set and the notes, a shorter file is sound, too.
  t.equal(refused, bytes.length - 1 - Object.keys(metadata).length)
  t.end()
})
