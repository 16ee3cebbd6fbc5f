/**
 * Functions of tensors as graphs of ONNX: the folder's door. `onnxGraph` traces a function, with primes for axes that are
 * not fixed (`sizes`), and has the nodes of the trace written, each by the rule of its operation's record (`nodes`; scalar
 * expressions: `expression`), loops as Scan. The `writer` adds nodes to a graph. What comes of it is plain data
 * (graph/onnx.ts); bytes are made of it elsewhere.
 */
import type { OnnxGraph, OnnxValue } from '../graph/onnx.js'
import type { Tensor } from '../graph/tensor.js'
import { mapTree, type Tree } from '../graph/tree.js'
import type { DType } from '../kernel/dtype.js'
import { placeholder } from '../ops/index.js'
import { type LoopOperator, NodeWriter, type StoredValue } from './nodes.js'
import { standIn } from './sizes.js'
import { type FreeAxis, OnnxFile } from './writer.js'

export type { LoopOperator } from './nodes.js'
export { type GraphWriter, onnxDTypes } from './writer.js'

/**
 * The size of an axis: a number, or a name if it is not fixed. `plus` more than that: of an axis that the function shortens
 * before it computes with it, as only multiples of the traced size can be told from other sizes.
 */
export type OnnxDimension = number | string | { readonly name: string; readonly plus: number }

/** What an input or an output of an exported function is. */
export type OnnxPort = { readonly dtype: DType; readonly shape: readonly OnnxDimension[] }

/** What `onnxGraph` has to know of a function. */
export type OnnxOptions<P extends Tree> = {
  /** Tensors that become part of the file, under their paths (`cell.kernel`), as far as they are used. */
  readonly parameters: P
  readonly inputs: Readonly<Record<string, OnnxPort>>
  /** What the function returns, by names; the shapes are only declared. */
  readonly outputs: Readonly<Record<string, OnnxPort>>
  /** Writes a loop by an operator of its own instead of Scan. */
  readonly loopOperator?: LoopOperator
}

/**
 * A function of tensors as a graph of ONNX (operator set 17). The function is traced once, for all sizes of the axes that
 * are not fixed.
 * @throws RangeError for an operation that has no form in ONNX, and where a size depends in other ways on an axis that is
 * not fixed than as a multiple of it.
 */
export async function onnxGraph<P extends Tree>(
  f: (parameters: P, inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
  { parameters, inputs, outputs, loopOperator }: OnnxOptions<P>,
): Promise<OnnxGraph> {
  const { axes, placeholders } = traceInputs(inputs)
  const stored = new Map<Tensor, StoredValue>()
  const symbols = mapTree(parameters, (value, name) => {
    const symbol = placeholder(value.shape, value.dtype)
    stored.set(symbol, { name, value })
    return symbol
  })
  const results = f(symbols, placeholders)

  const file = new OnnxFile(axes)
  const names = new Map(Object.entries(placeholders).map(([name, t]) => [t, name]))
  const nodes = new NodeWriter(file, { names, stored, loopOperator }, Object.values(results))
  for (const name of Object.keys(outputs)) file.top.rename(nodes.nameOf(results[name]), name)
  for (const { name, value } of nodes.values) file.top.tensor(name, value.shape, await value.data())
  return file.top.finish(valuesOf(inputs), valuesOf(outputs))
}

/** What stands for the inputs while the function is traced, and the axes among theirs that are not fixed. */
function traceInputs(inputs: Readonly<Record<string, OnnxPort>>): {
  axes: FreeAxis[]
  placeholders: Record<string, Tensor>
} {
  const axes: FreeAxis[] = []
  const named = new Map<string, number>()
  const sizeOf = (dimension: OnnxDimension, input: string, axis: number): number => {
    if (typeof dimension === 'number') return dimension
    const { name, plus } = typeof dimension === 'string' ? { name: dimension, plus: 0 } : dimension
    const known = named.get(name)
    if (known !== undefined) return known
    const size = standIn(axes.length) + plus
    axes.push({ name: plus ? `${name} - ${plus}` : name, input, axis, less: plus })
    named.set(name, size)
    return size
  }
  const placeholders = Object.entries(inputs).map(([name, { dtype, shape }]): [string, Tensor] => [
    name,
    placeholder(
      shape.map((dimension, axis) => sizeOf(dimension, name, axis)),
      dtype,
    ),
  ])
  return { axes, placeholders: Object.fromEntries(placeholders) }
}

const valuesOf = (ports: Readonly<Record<string, OnnxPort>>): OnnxValue[] =>
  Object.entries(ports).map(([name, { dtype, shape }]) => ({
    name,
    dtype,
    shape: shape.map(dimension => (typeof dimension === 'object' ? dimension.name : dimension)),
  }))
