/** Numbers of 16 bits (IEEE 754 binary16), which Node 20 has no typed array for: as their bits. */
import { type StoredTensor, type StoredTensors, tensorOf } from './tensors.js'

/** The greatest finite one. */
export const greatestHalf = 65504

const bits = new Float32Array(1)
const bitsOf = new Uint32Array(bits.buffer)

/** The bits of the nearest numbers of 16 bits (ties to even); infinite beyond `greatestHalf`. */
export const toHalves = (values: Float32Array): Uint16Array => Uint16Array.from(values, toHalf)

function toHalf(value: number): number {
  const magnitude = Math.abs(value)
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  if (Number.isNaN(value)) return 0x7e00
  // A number is so many times the least difference at its size, 2^-24 for the smallest ones.
  bits[0] = magnitude
  const exponent = Math.max((bitsOf[0] >>> 23) - 127, -14)
  const count = roundToEven(magnitude * 2 ** (10 - exponent))
  // Counting on past the last number of one size gives the first of the next.
  return sign | Math.min(((exponent + 14) << 10) + count, 0x7c00)
}

function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}

/** The numbers that bits mean. */
export const fromHalves = (halves: Uint16Array): Float32Array => Float32Array.from(halves, fromHalf)

function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 0x3ff
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
}

/** The tensors with those of 16 bits as F32. */
export const widenHalves = (tensors: StoredTensors): StoredTensors =>
  new Map(
    Array.from(tensors, ([name, tensor]) => [
      name,
      tensor.dtype === 'F16' ? tensorOf(fromHalves(tensor.data), tensor.shape) : tensor,
    ]),
  )

/** The tensors (F32) as F16 if that changes no value of any of them, else as they are. */
export function narrowToHalves(tensors: StoredTensors): StoredTensors {
  const narrowed = new Map<string, StoredTensor>()
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== 'F32') return tensors
    const halves = toHalves(data)
    const widened = fromHalves(halves)
    if (!data.every((value, i) => value === widened[i])) return tensors
    narrowed.set(name, { dtype: 'F16', shape, data: halves })
  }
  return narrowed
}
