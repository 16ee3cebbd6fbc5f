/**
 * The part of ONNX's file format that we write and read: protocol buffers whose messages have these fields
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import type { OnnxGraph } from '../../engine/index.js'

/** An ONNX file: its graph, and notes (`metadata_props`). */
export type OnnxModel = {
  readonly graph: OnnxGraph
  readonly metadata: Readonly<Record<string, string>>
}

/** Numbers of the fields of each message. */
export const fields = {
  model: { irVersion: 1, producer: 2, graph: 7, operatorSet: 8, metadata: 14 },
  operatorSet: { domain: 1, version: 2 },
  note: { key: 1, value: 2 },
  graph: { node: 1, name: 2, initialiser: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, operator: 4, attribute: 5, domain: 7 },
  attribute: { name: 1, float: 2, int: 3, text: 4, tensor: 5, graph: 6, ints: 8, texts: 9, kind: 20 },
  tensor: {
    dim: 1,
    dtype: 2,
    floats: 4,
    int32s: 5,
    int64s: 7,
    name: 8,
    bytes: 9,
    doubles: 10,
    location: 14,
  },
  value: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { dtype: 1, shape: 2 },
  shape: { dim: 1 },
  dim: { size: 1, name: 2 },
} as const

/** Kinds of attributes (AttributeProto.AttributeType). */
export const attributeKinds = { float: 1, int: 2, text: 3, tensor: 4, graph: 5, ints: 7, texts: 8 } as const

/** What we write: the operator set, and the version of the format that belongs to it. */
export const operatorSet = 17
export const irVersion = 8
