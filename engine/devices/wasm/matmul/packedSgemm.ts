import type { MatmulKernel } from '../../../kernel/kernel.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import { usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { forEachChunk } from './chunks.js'
import { leadingOut, type MatmulColumns } from './columns.js'
import { leadingOf, type Packing } from './packing.js'
import { blasMatrices, isSkinny, sgemmIndex } from './sgemm.js'

/**
 * Products by BLAS whose B is packed once for many of them.
 *
 * A library packs both operands anew in every call, which for the few rows of a batch is a good part of its work. Some
 * compute small products without packing (`unpacked` in target.ts): for those B is cut into panels, so that every call is
 * small enough. GFLOP/s for one call and for small ones, by bench/blas.js: an AMD EPYC (Zen 5), one thread, OpenBLAS
 * 0.3.21 with AVX-512 kernels:
 *
 *     [50,128] × [128,512]    192  235        [50,512] × [512,128]ᵀ    161  235
 *     [50,256] × [256,1024]   181  238        [50,1024] × [1024,256]ᵀ  144  231
 *     [50,512] × [512,2048]   185  232        [50,2048] × [2048,512]ᵀ  148  231
 *     [50,1024] × [1024,4096] 146  197        [50,4096] × [4096,1024]ᵀ 143  199
 */

/** The fewest columns of a panel, and rows of a call: with fewer, calls cost too much. */
const narrowest = 64
const fewestRows = 24
/** Rows for which a panel may be wider. */
const manyRows = 48

/** The size of about equal chunks of `total`, none larger than `most`. */
const evenly = (total: number, most: number): number =>
  Math.ceil(total / Math.max(1, Math.ceil(total / most)))

/** k-steps of a call. It depends on nothing else: it decides on the order of sums. */
const stepsOfCall = (k: number, unpacked: number): number =>
  evenly(k, Math.floor(unpacked / (narrowest * fewestRows)))

/** Elements from row to row of a B in one piece. Rows a page apart would share the sets of a cache. */
function leadingOfWhole(columns: number): number {
  const next = 16 * Math.ceil(columns / 16) + 16
  return next % 512 === 0 ? next + 16 : next
}

/**
 * How to pack B for products by BLAS: in rows, which is what it reads fastest ([50,2048] × [2048,512] with AVX2 kernels:
 * 104 GFLOP/s, with B transposed in memory 96). Undefined for products that threads share by columns: of those any part
 * is to be computed as the whole is.
 */
export function sgemmPacking(target: Target, kernel: MatmulKernel): Packing | undefined {
  if (isSkinny(target, kernel)) return undefined
  const { n, k } = kernel
  const unpacked = target.sgemm?.unpacked ?? 0
  if (unpacked === 0) return { panel: n, leading: leadingOfWhole(n), beyond: 0 }
  const columns = unpacked / (manyRows * stepsOfCall(k, unpacked))
  const panel = narrowest * Math.max(1, Math.floor(columns / narrowest))
  return { panel, leading: panel, beyond: 0 }
}

/** Define `(a, b, out, packed)`: a product by BLAS whose B was packed as `sgemmPacking` says. */
export function definePackedSgemm(
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel | MatmulColumns,
  packing: Packing,
): number {
  const { m, n, k, a, accumulate } = kernel
  const [matrixA] = blasMatrices(kernel)
  if (!matrixA) throw new Error('sgemm: a view that BLAS cannot express')
  // Where the library packs in any case, one call takes all.
  const unpacked = target.sgemm?.unpacked || Number.POSITIVE_INFINITY
  const kc = stepsOfCall(k, unpacked)
  const number = (x: number | boolean) => usize.const(Number(x))
  return module.define(4, f => {
    const [firstA, , columnOut, panelB] = f.params
    f.advance(firstA, 4 * a.offset)
    forEachChunk(f, n, packing.panel, nb => {
      const leading = leadingOf(packing, nb)
      const mc = evenly(m, Math.max(1, Math.floor(unpacked / (nb * kc))))
      const columnA = f.local(firstA)
      const add = f.local(number(accumulate))
      forEachChunk(f, k, kc, kb => {
        const blockA = f.local(columnA)
        const blockOut = f.local(columnOut)
        forEachChunk(f, m, mc, mb => {
          f.call(sgemmIndex, [
            ...[matrixA.transposed, false, mb, nb, kb].map(number),
            blockA,
            number(matrixA.leading),
            panelB,
            number(leading),
            add,
            blockOut,
            number(leadingOut(kernel)),
          ])
          f.advance(blockA, 4 * mb * a.strides[0])
          f.advance(blockOut, 4 * mb * leadingOut(kernel))
        })
        f.set(add, usize.const(1))
        f.advance(columnA, 4 * kb * a.strides[1])
        f.advance(panelB, 4 * kb * leading)
      })
      f.advance(columnOut, 4 * nb)
    })
  })
}
