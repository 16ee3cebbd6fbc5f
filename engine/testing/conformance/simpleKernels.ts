import type { Device, Program } from '../../index.js'
import { copyKernel } from '../../kernel/build.js'
import type { CopyKernel, MapKernel, SimpleKernel } from '../../kernel/kernel.js'
import { contiguousView } from '../../kernel/shape.js'
import { inputLine } from '../generators/index.js'

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
  const dtype = 'int32'
  const operand = { dtype, view: contiguousView([count]) } as const
  return {
    kind: 'map',
    shape: [count],
    inputs: [operand, operand],
    body: [inputLine(dtype, 0), inputLine(dtype, 1), { op: 'add', dtype, args: [0, 1], value: 0 }],
    outputs: [{ ...operand, value: 2 }],
  }
}

/** @throws Error when a device declines a kernel that every device must take. */
export function compileSimple(device: Device, kernel: SimpleKernel): Program {
  const program = device.compile(kernel)
  if (program === null) throw new Error('compile declined a kernel that every device must take')
  return program
}
