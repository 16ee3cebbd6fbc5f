import type { Kernel, MatmulKernel } from '../../../kernel/kernel.js'
import { contiguousStrides } from '../../../kernel/shape.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import { usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { forEachIndex } from '../kernels/strided.js'
import { chunks } from './chunks.js'
import { leadingOut, type MatmulColumns } from './columns.js'
import { productKind } from './productKind.js'

/**
 * `env.sgemm`, which a module imports when a BLAS library computes some of its products (blas.ts): row-major
 * `C = op(A) op(B) + accumulate C`, sizes and leading dimensions in elements, addresses in the module's memory.
 */
export type Sgemm = (
  transposedA: number,
  transposedB: number,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  accumulate: number,
  c: number,
  ldc: number,
) => void

/** The import of a module of which BLAS computes some products; it is the module's first. */
export const sgemmImport = { name: 'sgemm', params: 12 } as const
/** The index of the imported function. */
export const sgemmIndex = 0

/**
 * A product goes to BLAS if it has at least so many rows, columns and elements in its B. Measured by bench/blas.js on an
 * AMD EPYC (Zen 5), one thread, OpenBLAS 0.3.21; how many times faster BLAS is with its AVX2 (Haswell) and its AVX-512
 * (Cooperlake) kernels:
 *
 *     [50,16] × [16,64]     1.4  3.2        [1,256] × [256,1024]   0.5  1.8        [500,256] × [256,4]   0.9  4.6
 *     [50,32] × [32,128]    1.7  3.9        [4,256] × [256,1024]   1.3  0.8        [500,256] × [256,8]   1.4  1.4
 *     [50,64] × [64,256]    1.9  3.7        [12,256] × [256,1024]  1.9  2.0        [500,256] × [256,16]  1.8  2.7
 *     [50,256] × [256,1024] 2.1  2.7        [32,32] × [32,32]      1.1  2.6        [64,25000] × [25000,256] 2.0 3.1
 *
 * Below the bounds the weaker kernels gain microseconds or lose; above, both win by half or more.
 */
const least = { rows: 12, columns: 16, elementsOfB: 1 << 12 } as const

/**
 * Threads share a product in multiples of so many rows. OpenBLAS's Haswell kernels take rows by the dozen and round the
 * rest differently; cut like this, training has the same bits on 1, 2 and 4 threads (sgemm.test.ts). Not every product
 * has: OpenBLAS may also round small ones in another way, and a part is smaller than the whole.
 */
export const sgemmRows = 12

/** A matrix as BLAS is told of it. `leading`: its leading dimension, in elements. */
type BlasMatrix = { readonly transposed: boolean; readonly leading: number }

/** Rows or columns in order, with a stride that BLAS can express; undefined for all other views. */
function blasMatrix(
  [rows, columns]: readonly [number, number],
  [row, column]: readonly number[],
): BlasMatrix | undefined {
  if (column === 1 && row >= columns) return { transposed: false, leading: row }
  if (row === 1 && column >= rows) return { transposed: true, leading: column }
  return undefined
}

/** A and B as BLAS is told of them; undefined for a view that it cannot express. */
export const blasMatrices = ({ batch, m, n, k, a, b }: MatmulKernel): readonly (BlasMatrix | undefined)[] => [
  blasMatrix([m, k], a.strides.slice(batch.length)),
  blasMatrix([k, n], b.strides.slice(batch.length)),
]

const isForSgemm = ({ sgemm }: Target, kernel: MatmulKernel | MatmulColumns): boolean =>
  sgemm !== undefined &&
  sgemm.kinds?.includes(productKind(kernel)) !== false &&
  kernel.m >= least.rows &&
  leadingOut(kernel) >= least.columns &&
  kernel.k * leadingOut(kernel) >= least.elementsOfB &&
  blasMatrices(kernel).every(matrix => matrix !== undefined)

/** Whether BLAS computes a product of a kernel: the kernel itself, or one in a loop. */
export function usesSgemm(target: Target, kernel: Kernel): boolean {
  if (kernel.kind === 'loop') return kernel.body.some(launch => usesSgemm(target, launch.kernel))
  return kernel.kind === 'matmul' && isForSgemm(target, kernel)
}

/**
 * Columns of one call for a skinny product. Libraries may round differently at the edges of what one call computes
 * (OpenBLAS with AVX2 kernels does): if all calls take this many, a part of the columns has the same bits as in the whole.
 */
export const columnsOfCall = 256

/**
 * Whether a product has few rows and so large a B, which each call packs anew, that threads share it by columns
 * (parallel/columns.ts). Asks the library last: it is not to be loaded for small products.
 */
export const isSkinny = ({ sgemm }: Target, { batch, m, n, k }: MatmulKernel): boolean =>
  batch.length === 0 && m <= 512 && n >= 2 * columnsOfCall && k * n >= 1 << 22 && sgemm?.unpacked === 0

/** Define the function of a product that BLAS computes, matrix by matrix; its parameters are the kernel's arguments. */
export function defineSgemm(
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel | MatmulColumns,
): number {
  const { batch, m, n, k, a, b, accumulate } = kernel
  const isColumns = 'outLeading' in kernel
  const [matrixA, matrixB] = blasMatrices(kernel)
  if (!matrixA || !matrixB) throw new Error('sgemm: a view that BLAS cannot express')
  const outStrides = contiguousStrides([...batch, m, n])
  const strides = [a.strides, b.strides, outStrides].map(s => s.slice(0, batch.length))
  const number = (x: number | boolean) => usize.const(Number(x))
  return module.define(3, f => {
    const [left, right, out] = f.params
    const call = (columns: number) =>
      f.call(sgemmIndex, [
        ...[matrixA.transposed, matrixB.transposed, m, columns, k].map(number),
        left,
        number(matrixA.leading),
        right,
        number(matrixB.leading),
        number(accumulate),
        out,
        number(leadingOut(kernel)),
      ])
    f.advance(left, 4 * a.offset)
    f.advance(right, 4 * b.offset)
    forEachIndex(f, batch, [left, right, out], strides, () => {
      if (!isColumns && !isSkinny(target, kernel)) return call(n)
      for (const { size, count } of chunks(n, columnsOfCall))
        f.repeat(count, () => {
          call(size)
          f.advance(right, 4 * size * b.strides[1])
          f.advance(out, 4 * size)
        })
    })
  })
}
