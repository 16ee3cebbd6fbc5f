import { isFloat } from '../../kernel/dtype.js'
import type { GatherKernel, ScatterAddKernel } from '../../kernel/kernel.js'
import { argumentRefs, contiguous } from './arguments.js'
import type { Chip } from './chip.js'
import { aclDtype } from './prototypes.js'
import { constant, dtype32, type Ref, RefusedError, type Sequence } from './sequence.js'

/** Row numbers brought into 0 … rows-1, and whether each was there before: operators take no others. */
function clampedRows(s: Sequence, index: Ref, rows: number): { clamped: Ref; isInside: Ref } {
  const clamped = s.temporary('int32', index.shape)
  s.call('Clamp', index, { scalar: 0, dtype: 'int32' }, { scalar: rows - 1, dtype: 'int32' }, clamped)
  const isInside = s.temporary('bool', index.shape)
  s.call('EqTensor', index, clamped, isInside)
  return { clamped, isInside }
}

/** A column that broadcasts over a row's elements. */
const asColumn = (ref: Ref): Ref => ({ ...ref, ...contiguous([ref.shape[0], 1]) })

/** Rows of a table; those outside of it are zeros. */
export function gather(s: Sequence, kernel: GatherKernel): void {
  const { rows, width, count } = kernel
  const dtype = dtype32(kernel.dtype)
  const [table, index, out] = argumentRefs(kernel)
  if (!count || !width) return
  if (!rows) {
    s.fill(0, out)
    return
  }
  const { clamped, isInside } = clampedRows(s, index, rows)
  const picked = s.temporary(dtype, [count, width])
  s.call('IndexSelect', table, 0, clamped, picked)
  s.elementwise('SWhere', [asColumn(isInside), picked, constant(0, dtype)], out)
}

/** No padding row: as unsigned 64 bits, -1. Row 0 would be left out of the sum otherwise. */
export const noPadding = 2n ** 64n - 1n

/** Sums of rows: as the gradient of an embedding, or row by row. */
export function scatterAdd(s: Sequence, kernel: ScatterAddKernel, chip: Chip): void {
  const { rows, width, count, accumulate } = kernel
  const dtype = dtype32(kernel.dtype)
  const [index, source, out] = argumentRefs(kernel)
  if (!rows || !width) return
  if (!count) {
    if (!accumulate) s.fill(0, out)
    return
  }
  chip.emit(s, 'scatterAdd', [
    // The gradient of an embedding; what is outside goes to one row more, which is left out.
    () => {
      if (!isFloat(dtype)) throw new RefusedError('EmbeddingDenseBackward of int32')
      const { isInside } = clampedRows(s, index, rows)
      const kept = s.temporary('int32', index.shape)
      s.elementwise('SWhere', [isInside, index, constant(rows, 'int32')], kept)
      const sums = s.temporary(dtype, [rows + 1, width])
      s.call('EmbeddingDenseBackward', source, kept, rows + 1, noPadding, false, sums)
      const wanted = { ...sums, shape: [rows, width] }
      if (accumulate) s.add(wanted, out)
      else s.copy(wanted, out)
    },
    // Row by row, the sum of what belongs there.
    () => {
      for (let row = 0; row < rows; row++) {
        const isHere = s.temporary('bool', [count])
        s.elementwise('EqTensor', [index, constant(row, 'int32')], isHere)
        const chosen = s.temporary(dtype, [count, width])
        s.elementwise('SWhere', [asColumn(isHere), source, constant(0, dtype)], chosen)
        const target = { ...out, ...contiguous([1, width]), offset: row * width }
        const sum = accumulate ? s.temporary(dtype, [1, width]) : target
        s.call('ReduceSum', chosen, { ints: [0] }, true, aclDtype[dtype], sum)
        if (accumulate) s.add(sum, target)
      }
    },
  ])
}
