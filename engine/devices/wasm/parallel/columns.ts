import type { Kernel, MatmulKernel } from '../../../kernel/kernel.js'
import type { Target } from '../assembly/target.js'
import type { MatmulColumns } from '../matmul/columns.js'
import { bytesBefore, type Packing } from '../matmul/packing.js'
import { columnsOfCall, isSkinny, usesSgemm } from '../matmul/sgemm.js'
import { cutEvenly, type Part } from './cut.js'
import { type PackedOperand, packedForLaunch } from './packedOperands.js'

/**
 * Products that threads share by columns: those of few rows and a large B. With half of the rows, each of two threads
 * would read all of B; with half of the columns it reads half of it.
 *
 * - A BLAS library packs B anew in every call, unless it computes small products without packing (packedSgemm.ts).
 * - A B that is packed once comes from memory, or from a cache that is far, in every product.
 *
 * A loop with such a product runs iteration by iteration (shares.ts), with a barrier after every kernel. That is little
 * beside products of milliseconds, but more than is won in smaller ones. Time of a training step by columns relative to
 * that by rows, two threads of an AMD EPYC (Zen 5), 724, 1024 and 2000 hidden units:
 *
 *     OpenBLAS 0.3.21, AVX2 kernels            0.98  0.95        (scores of a batch 0.94 and 0.98)
 *     OpenBLAS 0.3.21, AVX-512 kernels   0.98  1.00  0.94
 *     vectors of 256 bits                0.97  0.90  0.92
 */

/** The most rows of a product that has few: of more, each of two threads has enough to read all of B for. */
const fewRows = 200
/** Bytes of a B that no near cache holds. */
const leastStreamed = 1 << 23

/** Whether a product waits for memory to bring its packed B. Vectors of 128 bits do not: they compute too slowly for that. */
const waitsForPacked = (target: Target, kernel: MatmulKernel, { panel }: Packing): boolean => {
  const { m, n, k } = kernel
  const isStreamed = m <= fewRows && n >= 2 * panel && 4 * n * k >= leastStreamed
  return isStreamed && (target.wide === true || usesSgemm(target, kernel))
}

/** Whether threads should share a kernel by columns. `packing`: of its B, if that is packed beforehand. */
export const sharesColumns = (target: Target, kernel: Kernel, packing?: Packing): kernel is MatmulKernel =>
  kernel.kind === 'matmul' &&
  (packing ? waitsForPacked(target, kernel, packing) : isSkinny(target, kernel) && usesSgemm(target, kernel))

/** Whether a loop's body has such a product. `packed`: operands that are packed beforehand. */
export const hasSharedColumns = (target: Target, kernel: Kernel, packed: readonly PackedOperand[]): boolean =>
  kernel.kind === 'loop' &&
  kernel.body.some(({ kernel: inner }, launch) => {
    const inherited = packedForLaunch(packed, launch)
    return sharesColumns(target, inner, inherited[0]?.packing) || hasSharedColumns(target, inner, inherited)
  })

/**
 * A product in at most `parts` parts of some columns each; undefined for a single one. `packing`: of its B, if that is
 * packed; then the last of a part's offsets is that into the packed B.
 */
export function cutColumns(
  kernel: MatmulKernel,
  parts: number,
  packing?: Packing,
): readonly Part<MatmulColumns>[] | undefined {
  const { n, k, b } = kernel
  const unit = packing?.panel ?? columnsOfCall
  const count = Math.min(parts, Math.floor(n / unit))
  if (count < 2) return undefined
  return cutEvenly(n, count, unit).map(({ first, count: columns }) => ({
    kernel: { ...kernel, n: columns, outLeading: n },
    offsets: [0, 4 * first * b.strides[1], 4 * first, ...(packing ? [bytesBefore(packing, k, first)] : [])],
  }))
}
