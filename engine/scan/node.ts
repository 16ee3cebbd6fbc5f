import { node } from '../graph/node.js'
import type { Node, PickOp, ScanOp, Tensor } from '../graph/tensor.js'

/**
 * The body of a loop, traced once. Its nodes start from `carryIn` and `xIn`, which stand for one step's values (usually
 * placeholders; but any nodes may be named here), and from nodes outside of the loop, the last inputs of the scan node.
 */
export type Body = {
  readonly carryIn: readonly Tensor[]
  readonly xIn: readonly Tensor[]
  readonly carryOut: readonly Tensor[]
  /** Results of a step beside the carry. `stackedValues` keeps them, or any node that a step computes, for all steps. */
  readonly outs: readonly Tensor[]
}

/** The attributes of a scan node. */
export type Scan = {
  readonly steps: number
  readonly reverse: boolean
  readonly body: Body
  /** Whether the backward pass recomputes the body's values from the carries, rather than have them all kept. */
  readonly recompute: boolean
}

/** Which value of a scan: a carry after the last step, by number, or a node of the body at all steps. */
export type Picked = number | Tensor

const scanOp: ScanOp = { kind: 'scan', name: 'scan' }
const pickOp: PickOp = { kind: 'pick', name: 'pick' }

/** The attributes of a scan node. */
export const scanAttrs = (scan: Tensor): Scan => (scan as Node<Scan>).attrs

/** A scan's inputs by role: initial carries, stacked inputs, and what the body uses from outside. */
export function scanInputs(scan: Tensor): { init: Tensor[]; xs: Tensor[]; captured: Tensor[] } {
  const { body } = scanAttrs(scan)
  const c = body.carryIn.length
  const x = c + body.xIn.length
  return { init: scan.inputs.slice(0, c), xs: scan.inputs.slice(c, x), captured: scan.inputs.slice(x) }
}

/** The scan that a pick belongs to, and which value of it that is. */
export function pickOf(pick: Tensor): { scan: Tensor; picked: Picked } {
  return { scan: pick.inputs[0], picked: (pick as Node<Picked>).attrs }
}

/** Whether a node is a view: of something that is kept it is never kept itself, but taken again. */
export const isView = (t: Tensor): boolean => t.op.kind === 'view'

/** What a view, or a view of views, is a view of; other nodes are that themselves. */
export const viewed = (t: Tensor): Tensor => (isView(t) ? viewed(t.inputs[0]) : t)

/**
 * The nodes that `outputs` are computed from, in two parts: `inside` are those that depend on `starts`, inputs before
 * the nodes that use them; `captured` are the others that nodes inside (or `outputs`) use directly.
 */
export function bodyNodes(
  outputs: readonly Tensor[],
  starts: ReadonlySet<Tensor>,
): { inside: Set<Tensor>; captured: Tensor[] } {
  const oldest = Math.min(...[...starts].map(t => t.id))
  const depends = new Map<Tensor, boolean>()
  const stack = [...outputs]
  while (stack.length) {
    const t = stack[stack.length - 1]
    const isDone = depends.has(t) || starts.has(t) || t.id < oldest
    const pending = isDone ? [] : t.inputs.filter(x => !depends.has(x))
    if (pending.length) {
      stack.push(...pending)
      continue
    }
    stack.pop()
    if (!depends.has(t))
      depends.set(t, starts.has(t) || (t.id >= oldest && t.inputs.some(x => depends.get(x) ?? false)))
  }
  const inside = new Set<Tensor>()
  // Views of outside tensors are taken inside, so that a cotangent reaches the tensor itself in one sum.
  const captured = new Set<Tensor>()
  for (const [t, isInside] of depends) if (isInside) inside.add(t)
  for (const t of inside)
    if (!starts.has(t)) for (const x of t.inputs) if (!inside.has(x)) captured.add(viewed(x))
  for (const t of outputs) if (!inside.has(t)) captured.add(viewed(t))
  return { inside, captured: [...captured] }
}

/** What the nodes of a body start from in every step. */
export const bodyStarts = ({ carryIn, xIn }: Body): Set<Tensor> => new Set([...carryIn, ...xIn])

/** The node of a loop; its values are read with `finalCarry` and `stackedValues`. */
export function scanNode(scan: Scan, init: readonly Tensor[], xs: readonly Tensor[]): Tensor {
  const { body } = scan
  const { captured } = bodyNodes([...body.carryOut, ...body.outs], bodyStarts(body))
  return node(scanOp, [...init, ...xs, ...captured], scan, [], 'float32')
}

/** Carry number `carry` after the last step. */
export function finalCarry(scan: Tensor, carry: number): Tensor {
  const { shape, dtype } = scanAttrs(scan).body.carryOut[carry]
  return node(pickOp, [scan], carry satisfies Picked, shape, dtype)
}

/** The values of a node of the body at all steps, stacked along a new leading axis: the loop keeps them. */
export function stackedValues(scan: Tensor, value: Tensor): Tensor {
  const { steps, body } = scanAttrs(scan)
  const x = body.xIn.indexOf(value)
  if (x >= 0) return scanInputs(scan).xs[x]
  return node(pickOp, [scan], value satisfies Picked, [steps, ...value.shape], value.dtype)
}
