import type { Tensor, Tree } from '../../../engine/index.js'
import { leaves } from '../../../engine/index.js'
import type { Kernel, LoopKernel } from '../../../engine/kernel/kernel.js'
import { makePlan, type Plan } from '../../../engine/lower/plan.js'
import { isPlaceholder, placeholder } from '../../../engine/ops/index.js'

/** A float32 placeholder of a shape, such as `compile` gives to the function that it traces. */
export const placeholderOf = (...shape: number[]): Tensor => placeholder(shape, 'float32')

/** All nodes that some tensors are computed from, the tensors included, inputs first. */
export function graphOf(outputs: readonly Tensor[]): Tensor[] {
  const nodes = new Set(outputs)
  for (const t of nodes) for (const input of t.inputs) nodes.add(input)
  return [...nodes].sort((a, b) => a.id - b.id)
}

/** The kernels that compute some tensors from placeholders, in order. */
export function kernelsOf(outputs: Tree): Kernel[] {
  const tensors = leaves(outputs)
  return makePlan(tensors, graphOf(tensors).filter(isPlaceholder)).launches.map(({ kernel }) => kernel)
}

/** Their kinds, as `map matmul`. */
export const kindsOf = (kernels: readonly Kernel[]): string => kernels.map(({ kind }) => kind).join(' ')

/** The loops among some kernels. */
export const loopsOf = (kernels: readonly Kernel[]): LoopKernel[] =>
  kernels.filter((kernel): kernel is LoopKernel => kernel.kind === 'loop')

/** The kinds of the kernels of a loop's body. */
export const bodyOf = ({ body }: LoopKernel): string => kindsOf(body.map(({ kernel }) => kernel))

/** The launches of a plan with where their arguments lie, as `map leaf0 output0`. */
export const printArgs = ({ launches }: Plan) =>
  launches.map(
    ({ kernel, args }) => `${kernel.kind} ${args.map(({ kind, index }) => `${kind}${index}`).join(' ')}`,
  )
