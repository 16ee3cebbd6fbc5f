import type { DType } from './dtype.js'
import type { CopyKernel, MapKernel } from './kernel.js'
import { contiguousView, type Shape, type View } from './shape.js'

/** Kernels that several parts of the engine ask for, written down once. */

/** Put a strided source, or a number everywhere, into a part of the output; with `accumulate` add it there. */
export const copyKernel = (
  dtype: DType,
  shape: Shape,
  source: View | number,
  to: View = contiguousView(shape),
  accumulate = false,
): CopyKernel => ({ kind: 'copy', dtype, shape, source, to, accumulate })

/** Write a strided source, or a number everywhere, as a contiguous array: a map, which fuses and splits as maps do. */
export const writeOut = (dtype: DType, shape: Shape, source: View | number): MapKernel => ({
  kind: 'map',
  shape,
  inputs: typeof source === 'number' ? [] : [{ dtype, view: source }],
  body: [
    typeof source === 'number'
      ? { op: 'const', dtype, args: [], value: source }
      : { op: 'input', dtype, args: [], value: 0 },
  ],
  outputs: [{ dtype, view: contiguousView(shape), value: 0 }],
})
