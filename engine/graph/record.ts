import type { Box, KernelOp, Node, Tensor, ViewOp } from './tensor.js'

/** A node with the record of its operation: what the rules of the record take and what the node has belong together. */
export type WithRecord<Op> = { readonly op: Op; readonly node: Node<unknown> }

/** A node of a view with its record; undefined for other nodes. */
export const viewRecord = (t: Tensor): WithRecord<ViewOp<unknown>> | undefined =>
  t.op.kind === 'view' ? { op: t.op as ViewOp<unknown>, node: t as Node<unknown> } : undefined

/** A node with kernels of its own with its record; undefined for other nodes. */
export const kernelRecord = (t: Tensor): WithRecord<KernelOp<unknown>> | undefined =>
  t.op.kind === 'kernel' ? { op: t.op as KernelOp<unknown>, node: t as Node<unknown> } : undefined

/** Which box of its input a node is, if it is a slice. */
export function boxOf(t: Tensor): Box | undefined {
  const view = viewRecord(t)
  return view?.op.box?.(view.node)
}
