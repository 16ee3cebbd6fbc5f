import { bytesPerElement, type DType } from './dtype.js'
import type { Input, Kernel, LoopKernel, View } from './kernel.js'
import { type Shape, sizeOf } from './shape.js'

/**
 * The bytes that a view needs. Where buffers share one memory, a kernel that leaves its buffers would change others, so
 * this is asked before it runs. @throws RangeError when the view starts before its buffer.
 */
function bytesOf(dtype: DType, shape: Shape, { offset, strides }: View): number {
  if (sizeOf(shape) === 0) return 0
  const spans = strides.map((stride, d) => stride * (shape[d] - 1))
  const first = spans.reduce((at, span) => at + Math.min(0, span), offset)
  const last = spans.reduce((at, span) => at + Math.max(0, span), offset)
  if (first < 0)
    throw new RangeError(
      `view +${offset}[${strides}] of shape [${shape}] starts ${-first} elements before its buffer`,
    )
  return bytesPerElement(dtype) * (last + 1)
}

const bytesOfInputs = (shape: Shape, inputs: readonly Input[]): number[] =>
  inputs.map(({ dtype, view }) => bytesOf(dtype, shape, view))

/** The bytes of a loop's buffers, once it is known that no turn leaves them. */
function bytesOfLoop({ steps, bytes, body }: LoopKernel): readonly number[] {
  if (steps === 0) return bytes
  for (const { kernel, args } of body)
    argumentBytes(kernel).forEach((need, i) => {
      const { even, odd, offset, stride } = args[i]
      const last = stride * (steps - 1)
      const [from, to] = [offset + Math.min(0, last), offset + Math.max(0, last) + need]
      if (need > 0 && (from < 0 || to > Math.min(bytes[even], bytes[odd])))
        throw new RangeError(
          `${kernel.kind} in a loop: argument ${i} takes bytes ${from} to ${to} of buffers of ${bytes[even]} and ${bytes[odd]}`,
        )
    })
  return bytes
}

/** The least bytes of each argument of a kernel. @throws RangeError when a view or a turn leaves its buffer. */
export function argumentBytes(kernel: Kernel): readonly number[] {
  switch (kernel.kind) {
    case 'map':
      return bytesOfInputs(kernel.shape, [...kernel.inputs, ...kernel.outputs])
    case 'reduce': {
      const { dtype, shape, axes, inputs } = kernel
      const kept = sizeOf(shape.slice(0, shape.length - axes))
      return [...bytesOfInputs(shape, inputs), bytesPerElement(dtype) * kept]
    }
    case 'matmul': {
      const { dtype, batch, m, n, k, a, b } = kernel
      const out = bytesPerElement(dtype) * sizeOf(batch) * m * n
      return [bytesOf(dtype, [...batch, m, k], a), bytesOf(dtype, [...batch, k, n], b), out]
    }
    case 'gather':
    case 'scatterAdd': {
      const { dtype, rows, width, count } = kernel
      const row = bytesPerElement(dtype) * width
      const [table, index, picked] = [rows * row, bytesPerElement('int32') * count, count * row]
      return kernel.kind === 'gather' ? [table, index, picked] : [index, picked, table]
    }
    case 'copy': {
      const { dtype, shape, source, to } = kernel
      const written = bytesOf(dtype, shape, to)
      return typeof source === 'number' ? [written] : [bytesOf(dtype, shape, source), written]
    }
    case 'randomBits': {
      const word = bytesPerElement('int32')
      return [2 * word, kernel.streams * word, kernel.streams * kernel.count * word]
    }
    case 'loop':
      return bytesOfLoop(kernel)
    default:
      return kernel satisfies never
  }
}
