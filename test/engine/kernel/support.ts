import fc from 'fast-check'
import { interpret } from '../../../engine/devices/reference/interpret.js'
import type { DType, TypedArray } from '../../../engine/kernel/dtype.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
import { isContiguous } from '../../../engine/kernel/shape.js'
import {
  type DrawKernel,
  drawCopy,
  drawGather,
  drawLoop,
  drawMap,
  drawMatmul,
  drawRandomBits,
  drawReduce,
  drawScatterAdd,
} from '../../../engine/testing/generators/index.js'
import { drawWith } from '../../../engine/testing/index.js'

/** How kernels of each kind are drawn, with a buffer for each argument. */
export const kernelsByKind = {
  map: drawMap,
  reduce: drawReduce,
  matmul: drawMatmul,
  gather: drawGather,
  scatterAdd: drawScatterAdd,
  copy: drawCopy,
  randomBits: drawRandomBits,
  loop: drawLoop,
} satisfies Record<Kernel['kind'], DrawKernel>

const allDtypes: readonly DType[] = ['float32', 'int32', 'float64']

/** Random kernels of a kind, with values for their arguments. */
export const arbitraryKernel = (kind: Kernel['kind'], dtypes = allDtypes) =>
  fc.gen().map(gen => kernelsByKind[kind](drawWith(fc, gen), dtypes))

/** Random kernels of any kind. */
export const anyKernel = (dtypes = allDtypes) =>
  fc
    .constantFrom(...(Object.keys(kernelsByKind) as Kernel['kind'][]))
    .chain(kind => arbitraryKernel(kind, dtypes))

/** Whether the device trait obliges every device to take a kernel, so that it is never split. */
export function isRequired(kernel: Kernel): boolean {
  switch (kernel.kind) {
    case 'map':
      return (
        kernel.body.filter(({ op }) => op !== 'input' && op !== 'const').length <= 1 &&
        kernel.outputs.length === 1 &&
        isContiguous(kernel.shape, kernel.outputs[0].view)
      )
    case 'reduce':
      return kernel.inputs.length === 1 && kernel.body.length === 1
    case 'matmul':
      return !kernel.accumulate
    case 'loop':
      return false
    default:
      return true
  }
}

/** The bytes of an array. */
export const bytesOf = (array: TypedArray): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/** What is in each argument after a kernel has run on copies of them, by its meaning: the reference interpreter. */
export function afterRun(kernel: Kernel, args: readonly TypedArray[]): TypedArray[] {
  const copies = args.map(array => array.slice())
  interpret(
    kernel,
    copies.map(array => ({ memory: array.buffer, offset: 0 })),
  )
  return copies
}
