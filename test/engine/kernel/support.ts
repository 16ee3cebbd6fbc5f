import fc from 'fast-check'
import { interpret } from '../../../engine/devices/reference/interpret.js'
import type { DType, TypedArray } from '../../../engine/kernel/dtype.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
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
