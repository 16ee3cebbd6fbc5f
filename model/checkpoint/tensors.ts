/** What both checkpoint formats hold: named arrays with a dtype and a shape, row-major, little-endian on disk. */

import { quoting } from '../../data/index.js'

/** Element types by their safetensors names. Node 20 has no typed array for F16: its bits. */
const arrayTypes = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const

/** The same as types, over any kind of buffer (`InstanceType` of the above would bind them to `ArrayBuffer`). */
type Arrays = {
  F64: Float64Array
  F32: Float32Array
  F16: Uint16Array
  I64: BigInt64Array
  I32: Int32Array
  I16: Int16Array
  I8: Int8Array
  U64: BigUint64Array
  U32: Uint32Array
  U16: Uint16Array
  U8: Uint8Array
  BOOL: Uint8Array
}

/** An element type, by its safetensors name. */
export type StoredDtype = keyof Arrays

/** A tensor of one element type. */
export type Stored<D extends StoredDtype> = {
  dtype: D
  shape: readonly number[]
  data: Arrays[D]
}

/** A tensor of a checkpoint. A test of `dtype` tells the compiler which typed array `data` is. */
export type StoredTensor = { [D in StoredDtype]: Stored<D> }[StoredDtype]

/** The tensors of a checkpoint by name. (A Map, because a file may name a tensor `__proto__`.) */
export type StoredTensors = ReadonlyMap<string, StoredTensor>

/** A checkpoint that is missing, damaged, foreign, or not of the model that asked for it. */
export class CheckpointError extends Error {
  override name = 'CheckpointError'

  /** `file`: path of the checkpoint; `problem`: what was wanted and what was got. */
  constructor(
    readonly file: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(quoting(`${file}: ${problem}`), options)
  }
}

export const isStoredDtype = (name: unknown): name is StoredDtype =>
  typeof name === 'string' && Object.hasOwn(arrayTypes, name)

export const storedDtypes = Object.keys(arrayTypes) as StoredDtype[]

/** Bytes of one element. */
export const elementBytes = (dtype: StoredDtype): number => arrayTypes[dtype].BYTES_PER_ELEMENT

/** Elements of a shape, or NaN when a size is not a non-negative integer or the product is past 2^53. */
export function elementCount(shape: readonly unknown[]): number {
  let count = 1
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return Number.NaN
    count *= size
  }
  return Number.isSafeInteger(count) ? count : Number.NaN
}

/** A shape as messages show it: `[34,120]`. */
export const showShape = (shape: readonly unknown[]): string => `[${shape.join(',')}]`

/** A tensor over `bytes`, which must have the length that the shape asks for, and an ArrayBuffer to themselves. */
export function storedTensor(dtype: StoredDtype, shape: readonly number[], bytes: Uint8Array): StoredTensor {
  const data = new arrayTypes[dtype](bytes.buffer as ArrayBuffer, 0, bytes.length / elementBytes(dtype))
  return { dtype, shape, data } as StoredTensor
}

/** A tensor of values; their array says the dtype. */
export function tensorOf(
  data: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array,
  shape: readonly number[],
): StoredTensor {
  if (data instanceof Float32Array) return { dtype: 'F32', shape, data }
  if (data instanceof Float64Array) return { dtype: 'F64', shape, data }
  if (data instanceof Int32Array) return { dtype: 'I32', shape, data }
  return data instanceof Uint32Array ? { dtype: 'U32', shape, data } : { dtype: 'U8', shape, data }
}

/** The bytes of a tensor (a view). */
export const bytesOf = ({ data }: StoredTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** What a writer checks. @throws CheckpointError unless the tensor's data are of its dtype and fill its shape. */
export function checkTensor(file: string, name: string, { dtype, shape, data }: StoredTensor): void {
  if (!(data instanceof arrayTypes[dtype])) {
    throw new CheckpointError(
      file,
      `tensor ${name}: dtype ${dtype} does not go with ${data.constructor.name}`,
    )
  }
  if (data.length !== elementCount(shape)) {
    throw new CheckpointError(
      file,
      `tensor ${name}: shape ${showShape(shape)} does not hold ${data.length} values`,
    )
  }
}

/**
 * The data of tensor `name`, which must have this dtype and shape. `file` is for the message.
 * @throws CheckpointError that names the variable, what was wanted and what the checkpoint has.
 */
export function expectTensor<D extends StoredDtype>(
  file: string,
  tensors: StoredTensors,
  name: string,
  dtype: D,
  shape: readonly number[],
): Arrays[D] {
  const tensor = tensors.get(name)
  const wanted = `${dtype} ${showShape(shape)}`
  if (!tensor) {
    const names = [...tensors.keys()].sort()
    const listed = names.slice(0, 8).join(', ') + (names.length > 8 ? ` … (${names.length} in all)` : '')
    throw new CheckpointError(
      file,
      `variable ${name} (${wanted}) is missing; it has ${listed || 'no variables'}`,
    )
  }
  if (tensor.dtype !== dtype || showShape(tensor.shape) !== showShape(shape)) {
    throw new CheckpointError(
      file,
      `variable ${name} is ${tensor.dtype} ${showShape(tensor.shape)}, wanted ${wanted}`,
    )
  }
  return tensor.data as Arrays[D]
}
