import type { ModuleBuilder } from '../assembly/assembler.js'
import { forEachIndex, loadLanes, storeLanes } from '../kernels/strided.js'
import { chunks } from './chunks.js'

/** Elements from one row of A (column of B) to the next, and from one k to the next. */
export type OperandStrides = { readonly lane: number; readonly k: number }

/** Panels that are packed at once: more would be written at addresses that compete for one set of the cache. */
const panelsAtOnce = 4

/** Panels of rows of A or columns of B: `count` of them, each with `lanes` rows or columns over `k` steps. */
type Panels = { readonly count: number; readonly lanes: number; readonly width: number; readonly k: number }

/**
 * Define `(source, to)`: pack panels of a block of A or B one after the other; in each, `k` rows of `width` elements, of
 * which those beyond `lanes` are arbitrary.
 */
export function definePanels(
  module: ModuleBuilder,
  from: OperandStrides,
  { count, lanes, width, k }: Panels,
): number {
  return module.define(2, f => {
    const [source, to] = f.params
    const row = () => {
      for (let lane = 0; lane < width; lane += 4) {
        const vector = loadLanes(f, source, 4 * lane * from.lane, from.lane, Math.min(4, lanes - lane))
        storeLanes(f, to, 4 * lane, 1, Math.min(4, width - lane), vector)
      }
    }
    const nextRow = [from.k, width]
    const nextPanel = [lanes * from.lane, width * k]
    // Contiguous rows are read for several panels at once, so that whole cache lines are used.
    for (const group of chunks(count, from.lane === 1 ? panelsAtOnce : 1)) {
      const nextGroup = nextPanel.map(stride => stride * group.size)
      const strides = [0, 1].map(i => [nextGroup[i], nextRow[i], nextPanel[i]])
      forEachIndex(f, [group.count, k, group.size], [source, to], strides, row)
    }
  })
}
