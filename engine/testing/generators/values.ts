import type { Draw } from '../../index.js'
import { type DType, hostArray, type TypedArray } from '../../kernel/dtype.js'

/** Reproducible values (the generator of Numerical Recipes, "ranqd1"): floats in [-2, 2), integers from -8 to 7. */
export function values(dtype: DType, length: number, seed: number): TypedArray {
  const array = hostArray(dtype, length)
  let state = seed | 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    array[i] = dtype === 'int32' ? state >> 28 : state / 2 ** 30
  }
  return array
}

/** Small whole numbers in any dtype: sums of their products are exact in any order. */
export function wholeValues(dtype: DType, length: number, seed: number): TypedArray {
  const array = hostArray(dtype, length)
  array.set(values('int32', length, seed))
  return array
}

/** What is worth trying among ordinary numbers: eight, one for each negative number that `values` gives. */
export const unusual = [Number.NaN, Infinity, -Infinity, 0, -0, 100, -100, 1e-3]

/** The bits of float32 NaNs: with and without a sign, with low and high bits set, and one that signals. */
const nanBits = [0x7fc00000, 0x7fc00001, 0xffc00000, 0x7fffffff, 0xffffffff, 0x7f800001]

/** Give the NaNs of an array bits as they come from other places than JavaScript, where there is only one NaN. */
export function withNanBits(array: TypedArray): TypedArray {
  if (!(array instanceof Float32Array)) return array
  const bits = new Uint32Array(array.buffer, array.byteOffset, array.length)
  for (const [i, x] of array.entries()) if (Number.isNaN(x)) bits[i] = nanBits[i % nanBits.length]
  return array
}

/** Floats of which about every other is replaced by an unusual one. */
export function oddValues(dtype: DType, length: number, seed: number): TypedArray {
  const picks = values('int32', length, seed + 1)
  const odd = values(dtype, length, seed).map((x, i) =>
    picks[i] < 0 && dtype !== 'int32' ? unusual[picks[i] + unusual.length] : x,
  )
  return withNanBits(odd)
}

/** A way to make values: one of the above. */
export type Values = (dtype: DType, length: number, seed: number) => TypedArray

/** The seed of some values. */
export const drawSeed = (draw: Draw): number => draw.int(0, 2 ** 30)
