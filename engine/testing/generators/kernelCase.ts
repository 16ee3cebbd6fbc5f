import type { Draw, Kernel } from '../../index.js'
import { bytesPerElement, type DType, type TypedArray } from '../../kernel/dtype.js'
import type { SimpleKernel } from '../../kernel/kernel.js'
import { argumentBytes, operands } from '../../kernel/operands.js'
import { drawSeed, oddValues, type Values, values, wholeValues } from './values.js'

/** A kernel with values for its buffers, which may be longer than it needs. */
export type KernelCase<K extends Kernel = Kernel> = {
  readonly kernel: K
  readonly buffers: readonly TypedArray[]
  /** Which buffer each argument is; in order, one each, if not given. */
  readonly args?: readonly number[]
}

/** How a kernel is drawn, for a device that takes these dtypes. */
export type DrawKernel<K extends Kernel = Kernel> = (draw: Draw, dtypes: readonly DType[]) => KernelCase<K>

/**
 * A kernel with a buffer for each of its arguments, some of them longer than it needs. `kinds`: what the values of an
 * argument are drawn from. `given`: arguments with values of their own.
 */
export function withBuffers<K extends SimpleKernel>(
  draw: Draw,
  kernel: K,
  kinds: readonly Values[] = [values, wholeValues, oddValues],
  given: Readonly<Record<number, TypedArray>> = {},
): KernelCase<K> {
  const bytes = argumentBytes(kernel)
  const buffers = operands(kernel).map(({ dtype }, i) => {
    const length = bytes[i] / bytesPerElement(dtype) + draw.pick([0, 0, 1, 3])
    return given[i] ?? draw.pick(kinds)(dtype, length, drawSeed(draw))
  })
  return { kernel, buffers }
}
