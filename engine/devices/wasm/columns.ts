import type { Kernel, MatmulKernel } from '../../kernel.js'
import { cutEvenly, type Part } from './partition.js'
import { columnsOfCall, isSkinny, type MatmulColumns, usesSgemm } from './sgemm.js'
import type { Target } from './target.js'

/**
 * Skinny products, which threads share by columns. A BLAS library packs the right side anew in every call, unless it takes
 * small products as they lie (packedSgemm.ts). Where a product has few rows, that is much of its work, and with half of
 * the rows each of two threads would pack all of it; with half of the columns it packs half.
 *
 * A loop with such a product runs turn by turn (turns.ts): its threads wait for each other at every kernel. That is lost in
 * products of milliseconds, but costs more than it wins in smaller ones. Time by columns in that by rows, two threads,
 * OpenBLAS 0.3.21 with AVX2 kernels on an AMD EPYC (Zen 5), 1024 and 2000 hidden units: scores of a batch 0.94 and 0.98,
 * a training step 0.98 and 0.95.
 */

/** Whether threads should share a kernel by columns. */
export const sharesColumns = (target: Target, kernel: Kernel): kernel is MatmulKernel =>
  kernel.kind === 'matmul' && isSkinny(target, kernel) && usesSgemm(target, kernel)

/** Whether a loop's body has such a kernel. */
export const hasSharedColumns = (target: Target, kernel: Kernel): boolean =>
  kernel.kind === 'loop' &&
  kernel.body.some(launch => sharesColumns(target, launch.kernel) || hasSharedColumns(target, launch.kernel))

/** A product in parts of some columns each; undefined for a single part. */
export function cutColumns(kernel: MatmulKernel, parts: number): readonly Part[] | undefined {
  if (parts < 2) return undefined
  const { n, b } = kernel
  return cutEvenly(n, Math.min(parts, Math.floor(n / columnsOfCall)), columnsOfCall).map(
    ({ first, count }) => {
      const columns: MatmulColumns = { ...kernel, n: count, outLeading: n }
      return { kernel: columns, offsets: [0, 4 * first * b.strides[1], 4 * first] }
    },
  )
}
