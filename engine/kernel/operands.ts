import { bytesPerElement, type DType } from './dtype.js'
import type { Kernel, LoopArg, LoopKernel, SimpleKernel } from './kernel.js'
import { contiguousView, extentOf, type Shape, type View } from './shape.js'

/**
 * The arguments of kernels: the one place that knows how many a kernel has, which elements of which dtype it reaches
 * through each, and which it writes. Arity, bytes, dtypes and who is written follow from it.
 */

/** What a kernel does with an argument: read it, write it, or add to what is there. */
export type Role = 'read' | 'write' | 'update'

/** One argument of a kernel that is no loop. */
export type Operand = {
  readonly role: Role
  readonly dtype: DType
  readonly shape: Shape
  /** Where the elements of `shape` are, in elements from the argument's beginning. */
  readonly view: View
  /**
   * Whether index i of the kernel's leading axis touches index i of this operand's leading axis only. Without, any
   * index may touch any element: the right matrix of a product, a table, a random key.
   */
  readonly followsLeadingAxis: boolean
}

const operand = (
  role: Role,
  dtype: DType,
  shape: Shape,
  view: View = contiguousView(shape),
  followsLeadingAxis = true,
): Operand => ({ role, dtype, shape, view, followsLeadingAxis })

/** A contiguous operand any element of which any index may touch. */
const wholly = (role: Role, dtype: DType, shape: Shape): Operand =>
  operand(role, dtype, shape, contiguousView(shape), false)

/** The arguments of a kernel in order: inputs, then outputs. */
export function operands(kernel: SimpleKernel): readonly Operand[] {
  switch (kernel.kind) {
    case 'map': {
      const { shape, inputs, outputs } = kernel
      return [
        ...inputs.map(({ dtype, view }) => operand('read', dtype, shape, view)),
        ...outputs.map(({ dtype, view }) => operand('write', dtype, shape, view)),
      ]
    }
    case 'reduce': {
      const { dtype, shape, axes, inputs } = kernel
      const kept = shape.slice(0, shape.length - axes)
      const follows = kept.length > 0
      return [
        ...inputs.map(({ dtype, view }) => operand('read', dtype, shape, view, follows)),
        operand('write', dtype, kept, undefined, follows),
      ]
    }
    case 'matmul': {
      const { dtype, batch, m, n, k, a, b, accumulate } = kernel
      return [
        operand('read', dtype, [...batch, m, k], a),
        operand('read', dtype, [...batch, k, n], b, batch.length > 0),
        operand(accumulate ? 'update' : 'write', dtype, [...batch, m, n]),
      ]
    }
    case 'gather': {
      const { dtype, rows, width, count } = kernel
      return [
        wholly('read', dtype, [rows, width]),
        operand('read', 'int32', [count]),
        operand('write', dtype, [count, width]),
      ]
    }
    case 'scatterAdd': {
      const { dtype, rows, width, count, accumulate } = kernel
      return [
        operand('read', 'int32', [count]),
        operand('read', dtype, [count, width]),
        wholly(accumulate ? 'update' : 'write', dtype, [rows, width]),
      ]
    }
    case 'copy': {
      const { dtype, shape, source, to, accumulate } = kernel
      return [
        ...(typeof source === 'number' ? [] : [operand('read', dtype, shape, source)]),
        operand(accumulate ? 'update' : 'write', dtype, shape, to),
      ]
    }
    case 'randomBits': {
      const { streams, count } = kernel
      return [
        wholly('read', 'int32', [2]),
        operand('read', 'int32', [streams]),
        operand('write', 'int32', [streams, count]),
      ]
    }
    default:
      return kernel satisfies never
  }
}

/**
 * The same kernel with its operands seen through other views, in the order of `operands`. Operands that are contiguous
 * by the kernel's definition keep their view: `views` must have it at their place.
 */
export function withViews<K extends SimpleKernel>(kernel: K, views: readonly View[]): K
export function withViews(kernel: SimpleKernel, views: readonly View[]): SimpleKernel {
  switch (kernel.kind) {
    case 'map': {
      const { inputs, outputs } = kernel
      return {
        ...kernel,
        inputs: inputs.map((input, i) => ({ ...input, view: views[i] })),
        outputs: outputs.map((output, i) => ({ ...output, view: views[inputs.length + i] })),
      }
    }
    case 'reduce':
      return { ...kernel, inputs: kernel.inputs.map((input, i) => ({ ...input, view: views[i] })) }
    case 'matmul':
      return { ...kernel, a: views[0], b: views[1] }
    case 'copy':
      return typeof kernel.source === 'number'
        ? { ...kernel, to: views[0] }
        : { ...kernel, source: views[0], to: views[1] }
    case 'gather':
    case 'scatterAdd':
    case 'randomBits':
      return kernel
    default:
      return kernel satisfies never
  }
}

/** The size of a kernel's leading axis, along which it can be cut into parts; undefined if there is none. */
export function leadingAxis(kernel: SimpleKernel): number | undefined {
  const outputs = operands(kernel).filter(({ role }) => role !== 'read')
  return outputs.every(o => o.followsLeadingAxis) ? outputs[0]?.shape[0] : undefined
}

/**
 * The same kernel with another size of its leading axis (`leadingAxis`), through the same views.
 * @throws Error for a kernel that has no such axis.
 */
export function withLeadingAxis<K extends SimpleKernel>(kernel: K, size: number): K
export function withLeadingAxis(kernel: SimpleKernel, size: number): SimpleKernel {
  switch (kernel.kind) {
    case 'map':
    case 'reduce':
    case 'copy':
      return { ...kernel, shape: [size, ...kernel.shape.slice(1)] }
    case 'matmul':
      return kernel.batch.length
        ? { ...kernel, batch: [size, ...kernel.batch.slice(1)] }
        : { ...kernel, m: size }
    case 'gather':
      return { ...kernel, count: size }
    case 'randomBits':
      return { ...kernel, streams: size }
    case 'scatterAdd':
      throw new Error('a scatterAdd has no leading axis')
    default:
      return kernel satisfies never
  }
}

/** How many arguments a kernel takes. */
export const argumentCount = (kernel: Kernel): number =>
  kernel.kind === 'loop' ? kernel.bytes.length : operands(kernel).length

/** The most arguments that a kernel, or one in the body of a loop, takes. */
export const argumentsWithin = (kernel: Kernel): number =>
  kernel.kind === 'loop'
    ? Math.max(argumentCount(kernel), ...kernel.body.map(launch => argumentsWithin(launch.kernel)))
    : argumentCount(kernel)

/** Which of a kernel's arguments it writes, or adds to, by position. */
export function writtenArguments(kernel: Kernel): ReadonlySet<number> {
  if (kernel.kind === 'loop') return writtenBuffers(kernel)
  return new Set(operands(kernel).flatMap(({ role }, i) => (role === 'read' ? [] : [i])))
}

/** Which buffers some iteration of a loop writes, or adds to. */
function writtenBuffers({ body }: LoopKernel): ReadonlySet<number> {
  const written = new Set<number>()
  for (const { kernel, args } of body)
    for (const i of writtenArguments(kernel)) written.add(args[i].even).add(args[i].odd)
  return written
}

/** All dtypes that a kernel touches or computes in. */
export function dtypesOf(kernel: Kernel): ReadonlySet<DType> {
  if (kernel.kind === 'loop') return new Set(kernel.body.flatMap(launch => [...dtypesOf(launch.kernel)]))
  const lines = 'body' in kernel ? kernel.body : []
  return new Set([...operands(kernel), ...lines].map(({ dtype }) => dtype))
}

/**
 * How many bytes each argument of a kernel must have. Checked before a kernel runs: where buffers lie in one memory, a
 * kernel that leaves its own would change others.
 * @throws RangeError when a view or an iteration leaves its buffer.
 */
export const argumentBytes = (kernel: Kernel): readonly number[] =>
  kernel.kind === 'loop' ? bytesOfLoop(kernel) : operands(kernel).map(bytesReached)

/** @throws RangeError when the operand's view starts before its buffer. */
function bytesReached({ dtype, shape, view }: Operand): number {
  const { first, end } = extentOf(shape, view)
  if (first < 0)
    throw new RangeError(
      `view +${view.offset}[${view.strides}] of shape [${shape}] starts ${-first} elements before its buffer`,
    )
  return bytesPerElement(dtype) * end
}

/** The bytes of a loop's buffers, once it is known that no iteration leaves them. */
function bytesOfLoop({ steps, bytes, body }: LoopKernel): readonly number[] {
  if (steps === 0) return bytes
  const check = (kind: Kernel['kind'], need: number, i: number, { even, odd, offset, stride }: LoopArg) => {
    const last = stride * (steps - 1)
    const [from, to] = [offset + Math.min(0, last), offset + Math.max(0, last) + need]
    if (need > 0 && (from < 0 || to > Math.min(bytes[even], bytes[odd])))
      throw new RangeError(
        `${kind} in a loop: argument ${i} takes bytes ${from} to ${to} of buffers of ${bytes[even]} and ${bytes[odd]}`,
      )
  }
  for (const { kernel, args } of body)
    argumentBytes(kernel).forEach((need, i) => {
      check(kernel.kind, need, i, args[i])
    })
  return bytes
}
