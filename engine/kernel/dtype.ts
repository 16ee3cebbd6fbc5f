/** Element types of tensors and device buffers. Integers hold tokens, indices and random bits. */
export type DType = 'float32' | 'float64' | 'int32'

/** The values of a tensor on the host. */
export type TypedArray = Float32Array | Float64Array | Int32Array

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array }

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT

/** @throws TypeError for a name that is no dtype, such as 'int64' or 'bool'. `caller` begins the message. */
export function checkDType(caller: string, dtype: DType): void {
  if (!Object.hasOwn(arrays, dtype))
    throw new TypeError(`${caller}: there is no dtype '${dtype}'; give ${Object.keys(arrays).join(', ')}`)
}

/** A number as an element of a dtype holds it: float32 has fewer digits than a number of JavaScript. */
export const asElement = (dtype: DType, value: number): number =>
  dtype === 'float32' ? Math.fround(value) : value

/** A zeroed host array of `length` elements. */
export const hostArray = (dtype: DType, length: number): TypedArray => new arrays[dtype](length)

/** A host array over existing bytes (no copy). */
export const hostView = (dtype: DType, buffer: ArrayBuffer, byteOffset = 0, length?: number): TypedArray =>
  new arrays[dtype](buffer, byteOffset, length)

/** The dtype of a typed array, or undefined for kinds that the engine does not hold. */
export function dtypeOf(array: TypedArray): DType
export function dtypeOf(array: ArrayBufferView): DType | undefined
export function dtypeOf(array: ArrayBufferView): DType | undefined {
  if (array instanceof Float32Array) return 'float32'
  if (array instanceof Float64Array) return 'float64'
  if (array instanceof Int32Array) return 'int32'
  return undefined
}

/** Whether a number is one that int32 holds: it has no fraction, and is not beyond 31 bits. */
export const isInt32 = (value: number): boolean => value === (value | 0)

/** Whether it is a float: what has derivatives, and division. */
export const isFloat = (dtype: DType): boolean => dtype !== 'int32'
