import { PbfReader } from 'pbf'
import { type FieldReader, type FieldReaders, readMessage, readVarint } from '../../data/index.js'
import {
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  onnxDTypes,
} from '../../engine/index.js'
import { attributeKinds, fields, type OnnxModel } from './onnxSchema.js'
import { CheckpointError, elementCount, showShape } from './tensors.js'

/**
 * The graph and the notes of an ONNX file. Inputs and outputs are left out, and tensors of other element types than float32,
 * float64, int32 and int64. `file` names it in errors.
 * @throws CheckpointError for anything that is no such file, tensors that do not fill their shape, and tensors that lie in
 * another file.
 */
export function decodeOnnx(bytes: Uint8Array, file = 'onnx'): OnnxModel {
  const model: ModelRead = { graph: undefined, metadata: {} }
  try {
    readMessage(new PbfReader(bytes), modelFields, model)
  } catch (cause) {
    throw new CheckpointError(file, `no ONNX file, or a damaged one: ${(cause as Error).message}`, { cause })
  }
  const { graph, metadata } = model
  if (!graph?.nodes.length) throw new CheckpointError(file, 'no ONNX file: there is no graph in it')
  return { graph, metadata }
}

type ModelRead = { graph: OnnxGraph | undefined; metadata: Record<string, string> }

/** How deep graphs may lie in graphs: a loop in a loop in a branch. */
const deepest = 16

const modelFields: FieldReaders<ModelRead> = {
  [fields.model.graph]: {
    bytes: (model, pbf, end) => {
      model.graph = readGraph(pbf, end, 0)
    },
  },
  [fields.model.metadata]: {
    bytes: (model, pbf, end) => {
      const note = readMessage(pbf, noteFields, { key: '', value: '' }, end)
      Object.defineProperty(model.metadata, note.key, { value: note.value, enumerable: true, writable: true })
    },
  },
}

/** Reads a text into a property. */
const textField = <Name extends string>(name: Name): FieldReader<Record<Name, string>> => ({
  bytes: (message, pbf, end) => {
    message[name] = readText(pbf, end)
  },
})

const noteFields: FieldReaders<{ key: string; value: string }> = {
  [fields.note.key]: textField('key'),
  [fields.note.value]: textField('value'),
}

/** @throws Error for bytes that are no UTF-8. */
const readText = (pbf: PbfReader, end: number): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(pbf.buf.subarray(pbf.pos, end))

function readGraph(pbf: PbfReader, end: number, depth: number): OnnxGraph {
  if (depth > deepest) throw new Error(`graphs lie in graphs more than ${deepest} deep`)
  const nodes: OnnxNode[] = []
  const initialisers: OnnxTensor[] = []
  const graphFields: FieldReaders<undefined> = {
    [fields.graph.node]: { bytes: (_, pbf, end) => nodes.push(readNode(pbf, end, depth)) },
    [fields.graph.initialiser]: {
      bytes: (_, pbf, end) => {
        const tensor = readTensor(pbf, end)
        if (tensor) initialisers.push(tensor)
      },
    },
  }
  readMessage(pbf, graphFields, undefined, end)
  return { nodes, initialisers, inputs: [], outputs: [] }
}

function readNode(pbf: PbfReader, end: number, depth: number): OnnxNode {
  const node = { operator: '', domain: '', inputs: [] as string[], outputs: [] as string[] }
  const attributes = new Map<string, OnnxAttribute>()
  const nodeFields: FieldReaders<typeof node> = {
    [fields.node.input]: { bytes: (node, pbf, end) => node.inputs.push(readText(pbf, end)) },
    [fields.node.output]: { bytes: (node, pbf, end) => node.outputs.push(readText(pbf, end)) },
    [fields.node.operator]: textField('operator'),
    [fields.node.domain]: textField('domain'),
    [fields.node.attribute]: {
      bytes: (_, pbf, end) => {
        const { name, value } = readAttribute(pbf, end, depth)
        attributes.set(name, value)
      },
    },
  }
  const { operator, domain, inputs, outputs } = readMessage(pbf, nodeFields, node, end)
  return {
    // An operator of another set is none of those that we know, whatever its name.
    operator: domain === '' || domain === 'ai.onnx' ? operator : `${domain}.${operator}`,
    inputs,
    outputs,
    attributes: Object.fromEntries(attributes),
  }
}

function readAttribute(
  pbf: PbfReader,
  end: number,
  depth: number,
): { readonly name: string; readonly value: OnnxAttribute } {
  const read = { name: '', text: '', int: 0, float: 0, kind: 0 }
  const ints: number[] = []
  const texts: string[] = []
  let value: OnnxTensor | OnnxGraph | undefined
  const attributeFields: FieldReaders<typeof read> = {
    [fields.attribute.name]: textField('name'),
    [fields.attribute.text]: textField('text'),
    [fields.attribute.int]: numberField('int'),
    [fields.attribute.float]: {
      fixed32: (read, bits) => {
        read.float = new Float32Array(Uint32Array.of(bits).buffer)[0]
      },
    },
    [fields.attribute.kind]: numberField('kind'),
    [fields.attribute.ints]: numbersField(ints),
    [fields.attribute.texts]: { bytes: (_, pbf, end) => texts.push(readText(pbf, end)) },
    [fields.attribute.tensor]: {
      bytes: (_, pbf, end) => {
        value = readTensor(pbf, end)
      },
    },
    [fields.attribute.graph]: {
      bytes: (_, pbf, end) => {
        value = readGraph(pbf, end, depth + 1)
      },
    },
  }
  const { name, text, int, float, kind } = readMessage(pbf, attributeFields, read, end)
  const values = new Map<number, OnnxAttribute>([
    [attributeKinds.float, float],
    [attributeKinds.int, int],
    [attributeKinds.text, text],
    [attributeKinds.ints, ints],
    [attributeKinds.texts, texts],
  ])
  return { name, value: values.get(kind) ?? value ?? { otherKind: kind } }
}

/** Reads a number into a property. */
const numberField = <Name extends string>(name: Name): FieldReader<Record<Name, number>> => ({
  varint: (message, value) => {
    message[name] = value
  },
})

/** Numbers one by one, or packed. */
const numbersField = (numbers: number[]): FieldReader<unknown> => ({
  varint: (_, value) => {
    numbers.push(value)
  },
  bytes: (_, pbf, end) => {
    while (pbf.pos < end) numbers.push(readVarint(pbf))
  },
})

/** A tensor; undefined if it is of an element type that is not read. */
function readTensor(pbf: PbfReader, end: number): OnnxTensor | undefined {
  const read = { name: '', dtype: 0, location: 0 }
  const shape: number[] = []
  const ints: number[] = []
  let bytes: Uint8Array | undefined
  const bytesField: FieldReader<unknown> = {
    bytes: (_, pbf, end) => {
      bytes = new Uint8Array(pbf.buf.subarray(pbf.pos, end)) // `slice` of a Buffer is a view
    },
  }
  const tensorFields: FieldReaders<typeof read> = {
    [fields.tensor.name]: textField('name'),
    [fields.tensor.dtype]: numberField('dtype'),
    [fields.tensor.location]: numberField('location'),
    [fields.tensor.dim]: numbersField(shape),
    [fields.tensor.int32s]: numbersField(ints),
    [fields.tensor.int64s]: numbersField(ints),
    // Packed floats are their bytes.
    [fields.tensor.floats]: bytesField,
    [fields.tensor.doubles]: bytesField,
    [fields.tensor.bytes]: bytesField,
  }
  const { name, dtype, location } = readMessage(pbf, tensorFields, read, end)
  if (location !== 0)
    throw new Error(`tensor ${name} lies in another file; export the model as one file (external_data=False)`)
  const data = arrayOf(dtype, bytes, ints)
  if (!data) return undefined
  if (data.length !== elementCount(shape))
    throw new Error(`tensor ${name}: ${data.length} values do not fill ${showShape(shape)}`)
  return { name, shape, data }
}

function arrayOf(
  dtype: number,
  bytes: Uint8Array | undefined,
  ints: readonly number[],
): OnnxTensor['data'] | undefined {
  const { float32, float64, int32, int64 } = onnxDTypes
  const width = dtype === float64 || dtype === int64 ? 8 : 4
  if (![float32, float64, int32, int64].some(known => known === dtype)) return undefined
  if (bytes && bytes.length % width) throw new Error(`${bytes.length} bytes of numbers of ${width} bytes`)
  const buffer = bytes?.buffer as ArrayBuffer | undefined
  if (dtype === float32) return buffer ? new Float32Array(buffer) : new Float32Array()
  if (dtype === float64) return buffer ? new Float64Array(buffer) : new Float64Array()
  if (dtype === int32) return buffer ? new Int32Array(buffer) : Int32Array.from(ints)
  return buffer ? new BigInt64Array(buffer) : BigInt64Array.from(ints, n => BigInt(Math.trunc(n)))
}
