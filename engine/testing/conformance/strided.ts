import type { Draw } from '../../graph/tensor.js'
import { type DType, hostArray, type TypedArray } from '../../kernel/dtype.js'
import { contiguousView, type Shape, sizeOf, type View } from '../../kernel/shape.js'

/** A view of a shape, and the elements of the least buffer that holds it. */
export type Strided = { readonly view: View; readonly length: number }

/** Draw a view of a shape: axes in any order in memory, with gaps, flipped, and (unless `distinct`) broadcast. */
export function drawView(draw: Draw, shape: Shape, { distinct = false } = {}): Strided {
  const offset = draw.int(0, 5)
  if (draw.int(0, 3) === 0) {
    const { strides } = contiguousView(shape)
    return { view: { offset, strides }, length: offset + sizeOf(shape) }
  }
  const rest = [...shape.keys()]
  const strides = shape.map(() => 0)
  let step = 1
  let start = offset
  while (rest.length) {
    const [d] = rest.splice(draw.int(0, rest.length - 1), 1)
    const kind = draw.pick(['plain', 'flip', distinct ? 'plain' : 'repeat'])
    if (kind === 'repeat') continue
    strides[d] = kind === 'plain' ? step : -step
    if (kind === 'flip') start += Math.max(0, shape[d] - 1) * step
    step *= Math.max(1, shape[d]) + draw.pick([0, 0, 1, 2])
  }
  return { view: { offset: start, strides }, length: offset + step }
}

/** Draw a shape of rank 0 to `rank`, of at most 2000 elements; some have an axis of size 0, some a long one. */
export function drawShape(draw: Draw, rank: number): number[] {
  const shape: number[] = []
  for (let d = draw.int(0, rank); d > 0; d--) {
    const kind = draw.int(0, 30)
    const size = kind === 30 ? 0 : kind === 29 ? 70 : kind === 28 ? 17 : draw.int(1, 9)
    shape.push(sizeOf(shape) * size > 2000 ? 1 : size)
  }
  return shape
}

/** Reproducible values: floats of about one, small integers. */
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

/** What is worth trying among ordinary numbers. */
export const unusual = [Number.NaN, Infinity, -Infinity, 0, -0, 100, -100, 1e-3]

/** Floats of which about every other is replaced by an unusual one. */
export function oddValues(dtype: DType, length: number, seed: number): TypedArray {
  const picks = values('int32', length, seed + 1)
  return values(dtype, length, seed).map((x, i) =>
    picks[i] < 0 && dtype !== 'int32' ? unusual[picks[i] + unusual.length] : x,
  )
}
