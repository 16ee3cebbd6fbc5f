import { contiguousStrides, extentOf, sizeOf } from '../../kernel/shape.js'
import { blockBytes, elementBytes, type Ref } from './sequence.js'

/** How many elements of its buffer the library is told of for a tensor, counted from the tensor's address. */
export type Storage = {
  /** If the buffer has as many. */
  readonly wanted: number
  /** If it has not: as far as the view goes. */
  readonly least: number
}

/**
 * What the library reads out of a tensor's storage (hicann/ops-math `contiguous.cpp`), and no more, so that one executor
 * serves buffers of many sizes, and all steps of a loop but the last:
 * - Whether a contiguous result ends where its buffer does. On the first generation and on 310P it is only then written
 *   in place, in whole blocks, else beside it and copied, so that what follows stays as it is (`ViewCopy`). A result
 *   that is made of whole blocks touches nothing else, and is written in place.
 * - Whether strided memory has whole rows, as many as the view has: then it is read as a slice (`BuildSliceParams`),
 *   else element by element.
 *
 * `offset`: of the view, in elements from the tensor's address.
 */
export function storageOf({ dtype, shape, strides }: Ref, offset: number): Storage {
  const { end } = extentOf(shape, { offset, strides })
  const axes = shape.flatMap((n, d) => (n > 1 && strides[d] ? [{ count: n, stride: strides[d] }] : []))
  if (isContiguous(shape, strides)) {
    const isWhole = [offset, sizeOf(shape)].every(n => (n * elementBytes(dtype)) % blockBytes === 0)
    return { wanted: isWhole ? end : end + 1, least: end }
  }
  const rows = axes.map(({ count, stride }) => (Math.floor(offset / stride) + count) * stride)
  return { wanted: Math.max(end, ...rows), least: end }
}

const isContiguous = (shape: readonly number[], strides: readonly number[]): boolean => {
  const contiguous = contiguousStrides(shape)
  return shape.every((n, d) => n === 1 || strides[d] === contiguous[d])
}
