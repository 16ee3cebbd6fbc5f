import type { Kernel, MatmulKernel } from '../../../kernel/kernel.js'
import type { Target } from '../assembly/target.js'
import { type RightSide, sidesOfLaunch } from '../parallel/packedOperands.js'
import { cutEvenly, type MatmulColumns, type Part } from '../parallel/partition.js'
import { bytesBefore, type Packing } from './packing.js'
import { columnsOfCall, isSkinny, usesSgemm } from './sgemm.js'

/**
 * Products that threads share by columns: those of few rows and a large right side. With half of the rows each of two
 * threads would handle all of that side, with half of the columns it handles half.
 *
 * - A BLAS library packs the right side anew in every call, unless it takes small products as they lie (packedSgemm.ts).
 * - A right side that is packed once comes from memory, or from a cache that is far, in every product.
 *
 * A loop with such a product runs turn by turn (shares.ts): its threads wait for each other at every kernel. That is lost in
 * products of milliseconds, but costs more than it wins in smaller ones. Time of a training step by columns in that by
 * rows, two threads of an AMD EPYC (Zen 5), 724, 1024 and 2000 hidden units:
 *
 *     OpenBLAS 0.3.21, AVX2 kernels            0.98  0.95        (scores of a batch 0.94 and 0.98)
 *     OpenBLAS 0.3.21, AVX-512 kernels   0.98  1.00  0.94
 *     vectors of 256 bits                0.97  0.90  0.92
 */

/** Rows of a product that has few: of more, each of two threads has enough to read the right side for. */
const fewRows = 200
/** Bytes of a right side that no near cache holds. */
const leastStreamed = 1 << 23

/** Whether a product waits for its packed right side: vectors of 128 bits are too slow to. */
const waitsForRightSide = (target: Target, kernel: MatmulKernel, { panel }: Packing): boolean => {
  const { m, n, k } = kernel
  const isStreamed = m <= fewRows && n >= 2 * panel && 4 * n * k >= leastStreamed
  return isStreamed && (target.wide === true || usesSgemm(target, kernel))
}

/** Whether threads should share a kernel by columns. `packing`: of its right side, if it is packed beforehand. */
export const sharesColumns = (target: Target, kernel: Kernel, packing?: Packing): kernel is MatmulKernel =>
  kernel.kind === 'matmul' &&
  (packing
    ? waitsForRightSide(target, kernel, packing)
    : isSkinny(target, kernel) && usesSgemm(target, kernel))

/** Whether a loop's body has such a kernel. `sides`: right sides that are packed beforehand. */
export const hasSharedColumns = (target: Target, kernel: Kernel, sides: readonly RightSide[]): boolean =>
  kernel.kind === 'loop' &&
  kernel.body.some(({ kernel: inner }, launch) => {
    const own = sidesOfLaunch(sides, launch)
    return sharesColumns(target, inner, own[0]?.packing) || hasSharedColumns(target, inner, own)
  })

/**
 * A product in parts of some columns each; undefined for a single part. `packing`: of its right side, where it is packed:
 * the part's address of that is the last.
 */
export function cutColumns(
  kernel: MatmulKernel,
  parts: number,
  packing?: Packing,
): readonly Part[] | undefined {
  const { n, k, b } = kernel
  const unit = packing?.panel ?? columnsOfCall
  const count = Math.min(parts, Math.floor(n / unit))
  if (count < 2) return undefined
  return cutEvenly(n, count, unit).map(({ first, count }) => {
    const columns: MatmulColumns = { ...kernel, n: count, outLeading: n }
    const packed = packing ? [bytesBefore(packing, k, first)] : []
    return { kernel: columns, offsets: [0, 4 * first * b.strides[1], 4 * first, ...packed] }
  })
}
