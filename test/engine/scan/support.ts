import { fillTree, leaves, type Tree } from '../../../engine/index.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
import { placeholder } from '../../../engine/ops/index.js'
import { kernelsOf } from '../lower/support.js'

/** The kernels that a function asks of a device, for placeholders like its arguments. */
export function kernelsFor<A extends Tree>(fn: (args: A) => Tree, args: A): Kernel[] {
  const placeholders = leaves(args).map(t => placeholder(t.shape, t.dtype))
  return kernelsOf(fn(fillTree(args, placeholders)))
}
