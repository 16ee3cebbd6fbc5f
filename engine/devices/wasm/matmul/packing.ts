import type { MatmulKernel } from '../../../kernel/kernel.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { defineCopy } from '../kernels/elementwise.js'
import { chunks } from './chunks.js'

/**
 * How operand B is packed for many products: in panels of `panel` columns, the rest in a last one; in each panel all k
 * rows, one after the other.
 */
export type Packing = {
  readonly panel: number
  /** Elements from row to row of a whole panel. */
  readonly leading: number
  /** Bytes beyond its end that a product may prefetch, whatever they are. */
  readonly beyond: number
}

/** Elements from row to row of a panel of `columns`; rows of the last panel are padded to whole vectors. */
export const leadingOf = ({ panel, leading }: Packing, columns: number): number =>
  columns === panel ? leading : 4 * Math.ceil(columns / 4)

/** Bytes of a packed B of `k` rows before the panel that begins with `column`. */
export const bytesBefore = ({ panel, leading }: Packing, k: number, column: number): number =>
  (4 * k * leading * column) / panel

/** Bytes of a product's packed B, and of what may be prefetched beyond it. */
export const packedBytes = (packing: Packing, { n, k }: MatmulKernel): number =>
  chunks(n, packing.panel).reduce(
    (sum, { size, count }) => sum + 4 * k * count * leadingOf(packing, size),
    packing.beyond,
  )

/** Define `(b, packed)`: pack a product's B, panels of one size in one copy. */
export function definePacking(
  target: Target,
  module: ModuleBuilder,
  packing: Packing,
  { dtype, n, k, b }: MatmulKernel,
): number {
  const panels = chunks(n, packing.panel).map(({ size, count }) => {
    const leading = leadingOf(packing, size)
    const source = { offset: 0, strides: [size * b.strides[1], ...b.strides] }
    const to = { offset: 0, strides: [k * leading, leading, 1] }
    const shape = [count, k, size]
    const copy = defineCopy(target, module, { kind: 'copy', dtype, shape, source, to, accumulate: false })
    return { copy, bytesRead: 4 * count * size * b.strides[1], bytesWritten: 4 * count * k * leading }
  })
  return module.define(2, f => {
    const [source, packed] = f.params
    f.advance(source, 4 * b.offset)
    for (const { copy, bytesRead, bytesWritten } of panels) {
      f.call(copy, [source, packed])
      f.advance(source, bytesRead)
      f.advance(packed, bytesWritten)
    }
  })
}
