import type { Device, Program } from '../../index.js'
import { copyKernel, mapKernel } from '../../kernel/build.js'
import { add } from '../../kernel/expr.js'
import type { CopyKernel, MapKernel, SimpleKernel } from '../../kernel/kernel.js'
import { contiguousView } from '../../kernel/shape.js'

// Kernels of `count` int32 elements that every device takes: what ownership and order are tested with.

/** out = value */
export const fill = (count: number, value: number): CopyKernel => copyKernel('int32', [count], value)

/** out += a */
export const accumulate = (count: number): CopyKernel => {
  const whole = contiguousView([count])
  return copyKernel('int32', [count], whole, whole, true)
}

/** out = a + b */
export const sum = (count: number): MapKernel => {
  const operand = { dtype: 'int32', view: contiguousView([count]) } as const
  return mapKernel([count], [operand, operand], add)
}

/** @throws Error when a device declines a kernel that every device must take. */
export function compileSimple(device: Device, kernel: SimpleKernel): Program {
  const program = device.compile(kernel)
  if (program === null) throw new Error('compile declined a kernel that every device must take')
  return program
}
