import type { SimpleKernel } from '../../kernel/kernel.js'
import { operands } from '../../kernel/operands.js'
import { contiguousStrides, type Shape, sizeOf } from '../../kernel/shape.js'
import { dtype32, merge, type Ref } from './sequence.js'

/**
 * The arguments of a kernel as tensors, seen through its views.
 * @throws Float64Error for float64.
 */
export const argumentRefs = (kernel: SimpleKernel): Ref[] =>
  operands(kernel).map(({ dtype, shape, view: { offset, strides } }, index) => ({
    location: { kind: 'argument', index },
    dtype: dtype32(dtype),
    shape,
    strides,
    offset,
  }))

/** Views of one shape in as few axes as they allow. */
export function merged(shape: Shape, refs: readonly Ref[]): Ref[] {
  const axes = merge(
    shape,
    refs.map(({ strides }) => strides),
  )
  return refs.map((ref, i) => ({ ...ref, shape: axes.shape, strides: axes.strides[i] }))
}

/** Shape and strides of contiguous memory, to put into a ref. */
export const contiguous = (shape: Shape) => ({ shape, strides: contiguousStrides(shape) })

/** Contiguous memory as one axis. */
export const flat = (ref: Ref): Ref => ({ ...ref, ...contiguous([sizeOf(ref.shape)]) })
