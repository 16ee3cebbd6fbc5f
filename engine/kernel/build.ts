import type { DType } from './dtype.js'
import { constant, type Expr, kernelBody } from './expr.js'
import type { CopyKernel, Input, MapKernel, ReduceKernel } from './kernel.js'
import { contiguousView, type Shape, type View } from './shape.js'

/** Kernels that the engine, its devices and its users ask for, written down once. */

/** Put a strided source, or a number everywhere, into a part of the output; with `accumulate` add it there. */
export const copyKernel = (
  dtype: DType,
  shape: Shape,
  source: View | number,
  to: View = contiguousView(shape),
  accumulate = false,
): CopyKernel => ({ kind: 'copy', dtype, shape, source, to, accumulate })

/** One expression of strided inputs, evaluated for each element of a shape; the output is contiguous, of its dtype. */
export function mapKernel(
  shape: Shape,
  inputs: readonly Input[],
  compute: (...inputs: Expr[]) => Expr,
): MapKernel {
  const { body, value } = kernelBody(
    inputs.map(({ dtype }) => dtype),
    compute,
  )
  const { dtype } = body[value]
  return { kind: 'map', shape, inputs, body, outputs: [{ dtype, view: contiguousView(shape), value }] }
}

/**
 * Sum or maximum (`op`), in `dtype`, of one expression of strided inputs over the last `axes` axes of a shape; the output
 * is contiguous over the axes before them.
 */
export function reduceKernel(
  op: ReduceKernel['op'],
  dtype: DType,
  shape: Shape,
  axes: number,
  inputs: readonly Input[],
  compute: (...inputs: Expr[]) => Expr,
): ReduceKernel {
  const { body, value } = kernelBody(
    inputs.map(({ dtype }) => dtype),
    compute,
  )
  return { kind: 'reduce', op, dtype, shape, axes, inputs, body, value }
}

/** Write a strided source, or a number everywhere, as a contiguous array: a map, which fuses and splits as maps do. */
export const writeOut = (dtype: DType, shape: Shape, source: View | number): MapKernel =>
  typeof source === 'number'
    ? mapKernel(shape, [], () => constant(source, dtype))
    : mapKernel(shape, [{ dtype, view: source }], x => x)
