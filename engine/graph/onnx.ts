import type { DType, TypedArray } from '../kernel/dtype.js'

/** A graph of ONNX (https://onnx.ai/onnx/intro/concepts.html) as plain data: `engine/onnx` makes it of ours. */
export type OnnxGraph = {
  /** A node comes after those that make its inputs. */
  readonly nodes: readonly OnnxNode[]
  /** Tensors that are part of the graph: parameters and constants. */
  readonly initialisers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

/** A use of an operator. Inputs and outputs are names of values; an input that is left out is an empty text. */
export type OnnxNode = {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: OnnxAttributes
}

/** A node's attributes by their names. */
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>

/** An integer (where it is read, also a float), integers, a text, texts, a tensor, or the body of a loop; of other kinds only that they are there is known. */
export type OnnxAttribute =
  | number
  | readonly number[]
  | string
  | readonly string[]
  | OnnxTensor
  | OnnxGraph
  | { readonly otherKind: number }

/** Element types of ONNX's tensors that we read or write. */
export type OnnxDType = DType | 'int64' | 'uint32' | 'bool'

/** A tensor with its values, in row-major order. */
export type OnnxTensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: TypedArray | BigInt64Array | Uint32Array
}

/** What an input or an output is: a dimension is a size, or the name of one that is not fixed. */
export type OnnxValue = {
  readonly name: string
  readonly dtype: OnnxDType
  readonly shape: readonly (number | string)[]
}

/**
 * What the record of an operation writes its ONNX form with (`onnx` of views and of operations with kernels). Values are
 * known by their names. Sizes may be those of axes that are not fixed in the file, such as the number of reads: they are
 * then computed in the graph.
 */
export interface OnnxWriter {
  /** Adds a node of an operator of operator set 17; returns the name of its output. */
  add(operator: string, inputs: readonly string[], attributes?: OnnxAttributes): string
  /** An int64 vector of numbers that are no sizes: axes, starts, widths. */
  integers(values: readonly number[]): string
  /** An int64 vector of sizes. */
  sizes(sizes: readonly number[]): string
  /** A scalar; of an integer type it may be a size. */
  scalar(value: number, dtype: OnnxDType): string
  /** The same elements in another shape. */
  reshape(x: string, shape: readonly number[]): string
  /** To another element type. */
  cast(x: string, dtype: OnnxDType): string
}
