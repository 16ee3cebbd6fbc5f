import type { Kernel, MatmulKernel } from '../../kernel.js'
import { cutEvenly, type Part } from './partition.js'
import { columnsOfCall, isSkinny, type MatmulColumns, usesSgemm } from './sgemm.js'
import type { Target } from './target.js'

/**
 * Skinny products, which threads share by columns. A BLAS library packs the right side anew in every call. Where a product has few
 * rows, that is much of its work, and with half of the rows each of two threads would pack all of it; with half of the
 * columns it packs half. Two threads, OpenBLAS 0.3.21 with AVX-512 kernels on an AMD EPYC (Zen 5), GFLOP/s by rows and by
 * columns, then with the right side transposed in memory:
 *
 *     [100,516] × [516,2048]    222  262    208  272        [100,2004] × [2004,8000]  239  322    272  324
 *     [100,1028] × [1028,4096]  214  315    226  316        [100,8000] × [8000,2000]  270  335    288  343
 *
 * A loop with such a product runs turn by turn (turns.ts): its threads wait for each other at every kernel. That is lost in
 * products of milliseconds; with 512 hidden units it costs more than it wins (a batch's scores take 0.64 times as long as
 * without BLAS by rows, and 0.70 by columns), with 2000 it does not (0.65 and 0.53).
 */

/** Whether threads should share a kernel by columns. */
export const sharesColumns = (target: Target, kernel: Kernel): kernel is MatmulKernel =>
  kernel.kind === 'matmul' && isSkinny(kernel) && usesSgemm(target, kernel)

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
