import type { Nested } from '../graph/methods.js'
import { node } from '../graph/node.js'
import type { Node, SourceOp, Tensor } from '../graph/tensor.js'
import { checkDType, type DType, dtypeOf, hostArray, isInt32, type TypedArray } from '../kernel/dtype.js'
import { checkShape, printShape, type Shape, sizeOf } from '../kernel/shape.js'
import { expand } from './view.js'

const constantOp: SourceOp = { kind: 'source', name: 'constant' }
const dataOp: SourceOp = { kind: 'source', name: 'data' }
const placeholderOp: SourceOp = { kind: 'source', name: 'placeholder' }
const resultOp: SourceOp = { kind: 'source', name: 'result' }

type Constant = { readonly value: number }
type Data = { array: TypedArray | undefined }

/** The value of a `constant` node or a view of one; undefined for others, and once the value is stored on a device. */
export function constantValue(t: Tensor): number | undefined {
  if (t.storage) return undefined
  if (t.op === constantOp) return (t as Node<Constant>).attrs.value
  return t.op.kind === 'view' ? constantValue(t.inputs[0]) : undefined
}

/** Host data that a node was made from, until a device has it; undefined for other nodes. */
export const hostData = (t: Tensor): TypedArray | undefined =>
  t.op === dataOp ? (t as Node<Data>).attrs.array : undefined

/** Forget the host's copy of a value, because a device has it. */
export function dropHostData(t: Tensor): void {
  if (t.op === dataOp) (t as Node<Data>).attrs.array = undefined
}

/** Whether a tensor stands for an argument of a traced function. */
export const isPlaceholder = (t: Tensor): boolean => t.op === placeholderOp

/**
 * A scalar constant; it becomes part of the kernels that use it.
 * @throws TypeError for a fraction, or a number beyond 31 bits, as an int32.
 */
export function constant(value: number, dtype: DType = 'float32'): Tensor {
  if (dtype === 'int32' && !isInt32(value))
    throw new TypeError(`the number ${value} is no int32; cast the int32 tensors beside it to a float first`)
  checkDType('constant', dtype)
  const attrs: Constant = { value: dtype === 'int32' ? value | 0 : value }
  return node(constantOp, [], attrs, [], dtype)
}

/**
 * A tensor of one value everywhere. It takes no memory until it is asked for.
 * @throws TypeError for a shape that is no array, or a fraction as an int32; RangeError for sizes below 0.
 */
export const full = (shape: Shape, value: number, dtype: DType = 'float32'): Tensor =>
  filled('full', shape, value, dtype)

function filled(caller: string, shape: Shape, value: number, dtype: DType): Tensor {
  checkShape(caller, shape)
  return expand(constant(value, dtype), shape)
}

/** Zeros. @throws as `full`. */
export const zeros = (shape: Shape, dtype: DType = 'float32'): Tensor => filled('zeros', shape, 0, dtype)

/** Ones. @throws as `full`. */
export const ones = (shape: Shape, dtype: DType = 'float32'): Tensor => filled('ones', shape, 1, dtype)

type Range =
  | [count: number, dtype?: DType]
  | [start: number, stop: number, dtype?: DType]
  | [start: number, stop: number, step: number, dtype?: DType]

/**
 * The numbers 0, 1, … below `count`, or `start`, `start + step`, … before `stop`, as an int32 (or other) tensor of one
 * axis, as in NumPy.
 * @throws RangeError for a step of 0, or numbers that int32 does not hold as int32.
 */
export function arange(...range: Range): Tensor {
  const numbers = range.filter(x => typeof x === 'number')
  const dtype = range.find(x => typeof x === 'string') ?? 'int32'
  checkDType('arange', dtype)
  const [start, stop, step = 1] = numbers.length > 1 ? numbers : [0, numbers[0]]
  const count = Math.max(0, Math.ceil((stop - start) / step))
  if (
    !Number.isInteger(count) ||
    (dtype === 'int32' && ![start, step, start + Math.max(0, count - 1) * step].every(isInt32))
  )
    throw new RangeError(
      `arange: from ${start} to ${stop} by ${step} as ${dtype}; give whole numbers, and no step of 0`,
    )
  return data(
    hostArray(dtype, count).map((_, i) => start + i * step),
    [count],
  )
}

/** What stands for an argument while a function is traced. @internal */
export const placeholder = (shape: Shape, dtype: DType): Tensor =>
  node(placeholderOp, [], undefined, shape, dtype)

/** A tensor whose value a compiled function has computed. @internal */
export const result = (shape: Shape, dtype: DType): Tensor => node(resultOp, [], undefined, shape, dtype)

/** A tensor over a typed array, which is not copied: nobody may change it afterwards. */
const data = (array: TypedArray, shape: Shape): Tensor =>
  node(dataOp, [], { array } satisfies Data, shape, dtypeOf(array))

/** What `ndarray` objects look like, without importing the package. */
export type NdArrayLike = {
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
  readonly data: ArrayLike<number> | { get(i: number): number }
  get(...index: number[]): number
}

const isNdArray = (x: unknown): x is NdArrayLike =>
  typeof x === 'object' && x !== null && 'stride' in x && 'data' in x && 'shape' in x

function nestedShape(values: Nested): number[] {
  if (!Array.isArray(values)) return []
  return [values.length, ...(values.length ? nestedShape(values[0]) : [])]
}

/** Write one number. @throws TypeError for one that int32 does not hold, into an int32 array. */
function put(value: number, out: TypedArray, i: number, path: string): void {
  if (out instanceof Int32Array && !isInt32(value))
    throw new TypeError(
      `tensor: ${value}${path && ` at ${path}`} is no int32; give whole numbers from -2147483648 to 2147483647, or another dtype`,
    )
  out[i] = value
}

/** Write nested arrays of a shape to `out` from element `offset` on. @throws RangeError for ragged ones. */
function fillNested(values: Nested, shape: Shape, out: TypedArray, offset: number, path: string): void {
  if (typeof values === 'number') {
    if (shape.length)
      throw new RangeError(`tensor: a number at ${path || 'the top'}, where an array of ${shape[0]} is due`)
    put(values, out, offset, path)
    return
  }
  if (!Array.isArray(values) || values.length !== shape[0])
    throw new RangeError(
      `tensor: ragged array: ${Array.isArray(values) ? `${values.length} elements` : typeof values} at ${path || 'the top'}, where ${shape.length ? `an array of ${shape[0]}` : 'a number'} is due`,
    )
  const inner = shape.slice(1)
  const stride = sizeOf(inner)
  values.forEach((v, i) => {
    fillNested(v, inner, out, offset + i * stride, `${path}[${i}]`)
  })
}

/**
 * A tensor from nested arrays, a number, a typed array (flat; give `shape` unless it is one-dimensional) or an
 * `ndarray`. dtype: that of the typed array, else float32 unless given. The values are copied.
 * @throws RangeError for ragged arrays, or when `shape` does not hold as many elements as there are; TypeError for a
 * dtype, or a kind of typed array, that the engine does not have, for a dtype or a shape that is given without its name, and for numbers that are no int32 as an int32 tensor.
 */
export function tensor(
  values: Nested | TypedArray | NdArrayLike,
  given: { shape?: Shape; dtype?: DType } = {},
): Tensor {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const instead = Array.isArray(given) ? `{ shape: [${given}] }` : `{ dtype: '${given}' }`
    throw new TypeError(`tensor: give shape and dtype by their names: tensor(values, ${instead})`)
  }
  if (given.dtype !== undefined) checkDType('tensor', given.dtype)
  if (isNdArray(values)) {
    const { shape } = values
    const ownDType = ArrayBuffer.isView(values.data) ? dtypeOf(values.data) : undefined
    const out = hostArray(given.dtype ?? ownDType ?? 'float32', sizeOf(shape))
    const index = shape.map(() => 0)
    for (let i = 0; i < out.length; i++) {
      put(values.get(...index), out, i, `[${index}]`)
      for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0
    }
    return shaped(out, given.shape ?? [...shape])
  }
  if (ArrayBuffer.isView(values)) {
    const ownDType = dtypeOf(values as ArrayBufferView)
    if (!ownDType) throw new TypeError('tensor: give a Float32Array, Float64Array or Int32Array')
    const out = hostArray(given.dtype ?? ownDType, values.length)
    if (dtypeOf(out) === ownDType) out.set(values)
    else for (const [i, value] of values.entries()) put(value, out, i, `[${i}]`)
    return shaped(out, given.shape ?? [values.length])
  }
  const shape = nestedShape(values)
  const out = hostArray(given.dtype ?? 'float32', sizeOf(shape))
  fillNested(values, shape, out, 0, '')
  return shaped(out, given.shape ?? shape)
}

function shaped(array: TypedArray, shape: Shape): Tensor {
  checkShape('tensor', shape)
  if (sizeOf(shape) !== array.length)
    throw new RangeError(`tensor: ${array.length} values do not fill the shape ${printShape(shape)}`)
  return data(array, shape)
}
