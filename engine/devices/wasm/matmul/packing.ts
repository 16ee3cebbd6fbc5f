import type { MatmulKernel } from '../../../kernel/kernel.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { defineCopy } from '../kernels/elementwise.js'
import { cutEvenly, type Part } from '../parallel/partition.js'
import { parts } from './tile.js'

/**
 * How a right side lies that is packed once for many products: in panels of `panel` columns, the rest in a last one; in
 * each panel all of k, row after row.
 */
export type Packing = {
  readonly panel: number
  /** Elements from row to row of a whole panel. */
  readonly leading: number
  /** Bytes beyond its end that a product may read, whatever they are. */
  readonly beyond: number
}

/** Elements from row to row of a panel of `columns`; rows of the last one are whole vectors. */
export const leadingOf = ({ panel, leading }: Packing, columns: number): number =>
  columns === panel ? leading : 4 * Math.ceil(columns / 4)

/** Bytes before the panel that begins with a column, of a product with `k` steps. */
export const bytesBefore = ({ panel, leading }: Packing, k: number, column: number): number =>
  (4 * k * leading * column) / panel

/** Bytes of a product's packed right side, and of what may be read beyond it. */
export const packedBytes = (packing: Packing, { n, k }: MatmulKernel): number =>
  parts(n, packing.panel).reduce(
    (sum, { size, count }) => sum + 4 * k * count * leadingOf(packing, size),
    packing.beyond,
  )

/** The packing of a product's right side in parts for several threads: some panels each, or some rows of a single one. */
export function cutPacking(
  packing: Packing,
  kernel: MatmulKernel,
  threads: number,
): readonly Part<MatmulKernel>[] {
  const { n, k, b } = kernel
  const { panel } = packing
  if (n > panel)
    return cutEvenly(n, Math.min(threads, Math.floor(n / panel)), panel).map(({ first, count }) => ({
      kernel: { ...kernel, n: count },
      offsets: [4 * first * b.strides[1], bytesBefore(packing, k, first)],
    }))
  return cutEvenly(k, Math.min(threads, k), 1).map(({ first, count }) => ({
    kernel: { ...kernel, k: count },
    offsets: [4 * first * b.strides[0], 4 * first * leadingOf(packing, n)],
  }))
}

/** Define `(b, packed)`: pack a product's right side. */
export function definePacking(
  target: Target,
  module: ModuleBuilder,
  packing: Packing,
  { dtype, n, k, b }: MatmulKernel,
): number {
  const panels = parts(n, packing.panel).map(({ size, count }) => {
    const leading = leadingOf(packing, size)
    const source = { offset: 0, strides: [size * b.strides[1], ...b.strides] }
    const to = { offset: 0, strides: [k * leading, leading, 1] }
    const shape = [count, k, size]
    const copy = defineCopy(target, module, { kind: 'copy', dtype, shape, source, to, accumulate: false })
    return { copy, from: count * size * b.strides[1], to: count * k * leading }
  })
  return module.define(2, f => {
    const [source, packed] = f.params
    f.advance(source, 4 * b.offset)
    for (const { copy, from, to } of panels) {
      f.call(copy, [source, packed])
      f.advance(source, 4 * from)
      f.advance(packed, 4 * to)
    }
  })
}
