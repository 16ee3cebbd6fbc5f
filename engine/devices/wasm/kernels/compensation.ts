import type { ReduceKernel } from '../../../kernel/kernel.js'
import type { FunctionBuilder } from '../assembly/assembler.js'
import { f32x4, type Local, type V128, v128 } from '../assembly/instructions.js'

/** Longer float sums are summed in blocks of this many iterations, and the blocks with compensation (Kahan). */
export const blockIterations = 64

/** Whether a reduction is a float sum so long that it is summed in blocks. `iterations`: along the reduced axes. */
export const isCompensated = ({ op, dtype }: ReduceKernel, iterations: number): boolean =>
  op === 'sum' && dtype !== 'int32' && iterations > 2 * blockIterations

/** Kahan: `total += block`, where `lost` is what earlier additions rounded away. An infinite total loses nothing. */
export function addCompensated(
  f: FunctionBuilder,
  total: Local<'v128'>,
  lost: Local<'v128'>,
  block: V128,
): void {
  const y = f.local(f32x4.sub(block, lost))
  const sum = f.local(f32x4.add(total, y))
  f.set(lost, f32x4.sub(f32x4.sub(sum, total), y))
  f.set(lost, v128.and(lost, f32x4.eq(lost, lost)))
  f.set(total, sum)
}
