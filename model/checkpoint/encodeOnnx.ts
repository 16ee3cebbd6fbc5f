import { PbfWriter } from 'pbf'
import {
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  onnxDTypes,
} from '../../engine/index.js'
import { attributeKinds, fields, irVersion, type OnnxModel, operatorSet } from './onnxSchema.js'
import { CheckpointError } from './tensors.js'

/** The most bytes that a message of protocol buffers may have. */
const mostBytes = 2 ** 31 - 1

/** The bytes of an ONNX file. @throws CheckpointError (naming `file`) for more than such a file may have, 2 GiB. */
export function encodeOnnx({ graph, metadata }: OnnxModel, file = 'onnx'): Uint8Array {
  const bytes = graph.initialisers.reduce((sum, { data }) => sum + data.byteLength, 0)
  const out = new PbfWriter()
  if (bytes < mostBytes) {
    out.writeVarintField(fields.model.irVersion, irVersion)
    out.writeStringField(fields.model.producer, 'xenograd')
    out.writeMessage(fields.model.graph, writeGraph, graph)
    out.writeMessage(fields.model.operatorSet, writeOperatorSet, operatorSet)
    for (const note of Object.entries(metadata)) out.writeMessage(fields.model.metadata, writeNote, note)
  }
  if (Math.max(bytes, out.pos) > mostBytes)
    throw new CheckpointError(file, `an ONNX file holds 2 GiB at most; the parameters have ${bytes} bytes`)
  return out.finish()
}

const writeOperatorSet = (version: number, pbf: PbfWriter): void =>
  pbf.writeVarintField(fields.operatorSet.version, version)

function writeNote([key, value]: readonly [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(fields.note.key, key)
  pbf.writeStringField(fields.note.value, value)
}

function writeGraph({ nodes, initialisers, inputs, outputs }: OnnxGraph, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(fields.graph.node, writeNode, node)
  pbf.writeStringField(fields.graph.name, 'xenograd')
  for (const tensor of initialisers) pbf.writeMessage(fields.graph.initialiser, writeTensor, tensor)
  for (const value of inputs) pbf.writeMessage(fields.graph.input, writeValue, value)
  for (const value of outputs) pbf.writeMessage(fields.graph.output, writeValue, value)
}

function writeNode({ operator, inputs, outputs, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const name of inputs) pbf.writeStringField(fields.node.input, name)
  for (const name of outputs) pbf.writeStringField(fields.node.output, name)
  pbf.writeStringField(fields.node.operator, operator)
  for (const attribute of Object.entries(attributes))
    pbf.writeMessage(fields.node.attribute, writeAttribute, attribute)
}

function writeAttribute([name, value]: readonly [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(fields.attribute.name, name)
  pbf.writeVarintField(fields.attribute.kind, attributeKinds[writeAttributeValue(value, pbf)])
}

/** Writes the value of an attribute; returns its kind. */
function writeAttributeValue(value: OnnxAttribute, pbf: PbfWriter): keyof typeof attributeKinds {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new RangeError(`an attribute is ${value}; only integers are written`)
    pbf.writeVarintField(fields.attribute.int, value)
    return 'int'
  }
  if (typeof value === 'string') {
    pbf.writeStringField(fields.attribute.text, value)
    return 'text'
  }
  if ('data' in value) {
    pbf.writeMessage(fields.attribute.tensor, writeTensor, value)
    return 'tensor'
  }
  if ('nodes' in value) {
    pbf.writeMessage(fields.attribute.graph, writeGraph, value)
    return 'graph'
  }
  if ('otherKind' in value) throw new RangeError('an attribute of a kind that is not written')
  if (value.every(x => typeof x === 'number')) {
    for (const x of value) pbf.writeVarintField(fields.attribute.ints, x)
    return 'ints'
  }
  for (const x of value) pbf.writeStringField(fields.attribute.texts, String(x))
  return 'texts'
}

function writeTensor({ name, shape, data }: OnnxTensor, pbf: PbfWriter): void {
  pbf.writePackedVarint(fields.tensor.dim, [...shape])
  pbf.writeVarintField(fields.tensor.dtype, onnxDTypes[dtypeOf(data)])
  pbf.writeStringField(fields.tensor.name, name)
  pbf.writeBytesField(fields.tensor.bytes, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function dtypeOf(data: OnnxTensor['data']): keyof typeof onnxDTypes {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof Int32Array) return 'int32'
  return data instanceof BigInt64Array ? 'int64' : 'uint32'
}

function writeValue(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(fields.value.name, value.name)
  pbf.writeMessage(fields.value.type, writeType, value)
}

const writeType = (value: OnnxValue, pbf: PbfWriter): void =>
  pbf.writeMessage(fields.type.tensor, writeTensorType, value)

function writeTensorType({ dtype, shape }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeVarintField(fields.tensorType.dtype, onnxDTypes[dtype])
  pbf.writeMessage(fields.tensorType.shape, writeShape, shape)
}

function writeShape(shape: OnnxValue['shape'], pbf: PbfWriter): void {
  for (const dimension of shape) pbf.writeMessage(fields.shape.dim, writeDimension, dimension)
}

function writeDimension(dimension: number | string, pbf: PbfWriter): void {
  if (typeof dimension === 'number') pbf.writeVarintField(fields.dim.size, dimension)
  else pbf.writeStringField(fields.dim.name, dimension)
}
