import { fillTree, leaves, scan, type Tensor, type Tree } from '../../../engine/index.js'
import { isFloat } from '../../../engine/kernel/dtype.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholder } from '../../../engine/ops/index.js'
import { plainLoop } from '../../../engine/testing/plainLoop.js'

/** Scan, or the plain loop that it stands for. */
export type AnyScan = typeof plainLoop
export const bothLoops: Readonly<Record<'scan' | 'plain loop', AnyScan>> = {
  scan: (step, init, xs, options) => scan(step, init, xs, options),
  'plain loop': plainLoop,
}

/** Float values of a tree. */
export const floatsOf = (tree: Tree): Tensor[] => leaves(tree).filter(t => isFloat(t.dtype))

/** The kernels that a function asks of a device, for unknowns like its arguments. */
export function kernelsFor<A extends Tree>(fn: (args: A) => Tree, args: A): Kernel[] {
  const unknowns = leaves(args).map(t => placeholder(t.shape, t.dtype))
  return makePlan(leaves(fn(fillTree(args, unknowns))), unknowns).launches.map(({ kernel }) => kernel)
}
