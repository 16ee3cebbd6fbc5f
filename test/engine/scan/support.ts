import { fillTree, leaves, type Tree } from '../../../engine/index.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholder } from '../../../engine/ops/index.js'

/** The kernels that a function asks of a device, for unknowns like its arguments. */
export function kernelsFor<A extends Tree>(fn: (args: A) => Tree, args: A): Kernel[] {
  const unknowns = leaves(args).map(t => placeholder(t.shape, t.dtype))
  return makePlan(leaves(fn(fillTree(args, unknowns))), unknowns).launches.map(({ kernel }) => kernel)
}
