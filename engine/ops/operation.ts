import { node } from '../graph/node.js'
import { register } from '../graph/registry.js'
import type { KernelOp, Tensor } from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import type { Shape } from '../kernel/shape.js'

/**
 * What defines an operation with kernels of its own, by its attributes `A`: its kernels, its derivative, and what the
 * compiler of loops may know of it. See `KernelOp` for each part.
 */
export type OperationRecord<A> = Pick<KernelOp<A>, 'launches' | 'vjp'> &
  Partial<Omit<KernelOp<A>, 'kind' | 'name' | 'launches' | 'vjp'>>

/** What makes nodes of an operation: their inputs, shape and dtype, and attributes, which must be plain data. */
type MakeNode<A> = (inputs: readonly Tensor[], shape: Shape, dtype: DType, attrs: A) => Tensor

/**
 * Define an operation with kernels of its own, for what elementwise operations, views and the built-in ones do not
 * express. It runs on every device, and is differentiated, hoisted out of loops and summed over their steps as its record
 * says; with a sample it takes part in the generated tests (and `checkOperation` of `xenograd/testing` tests its rules).
 * Returns what makes its nodes; wrap that in a function that checks arguments and works out the shape.
 *
 * ```ts
 * const doubled = operation<undefined>('doubled', {
 *   launches: ({ shape, dtype }, [view]) => [
 *     { kernel: mapKernel(shape, [{ dtype, view }], x => expr.mul(x, 2)), args: [0, 'out'] },
 *   ],
 *   vjp: g => [doubled([g], g.shape, g.dtype, undefined)],
 * })
 * ```
 * @throws Error for a name that is taken.
 */
export function operation<A>(name: string, record: OperationRecord<A>): MakeNode<A> {
  const op: KernelOp<A> = register({ contiguous: false, ...record, kind: 'kernel', name })
  return (inputs, shape, dtype, attrs) => node(op, inputs, attrs, shape, dtype)
}
