import { type Node, type PickOp, type ScanOp, Tensor } from '../graph/tensor.js'

/**
 * The body of a loop, traced once. Its nodes start from `carryIn`, `xIn` (one step's values; any nodes may serve) and
 * from nodes outside of the loop, which the scan node has as its last inputs.
 */
export type Body = {
  readonly carryIn: readonly Tensor[]
  readonly xIn: readonly Tensor[]
  readonly carryOut: readonly Tensor[]
  /** What is stacked over the steps. Grows when a backward pass asks for a value of the body. */
  readonly outs: Tensor[]
}

export type Scan = {
  readonly steps: number
  readonly reverse: boolean
  readonly body: Body
  /** Whether the backward pass works the body's values out again from the carries, rather than have them kept. */
  readonly recompute: boolean
}

const scanOp: ScanOp = { kind: 'scan', name: 'scan' }
const pickOp: PickOp = { kind: 'pick', name: 'pick' }

export const scanAttrs = (node: Tensor): Scan => (node as Node<Scan>).attrs

/** A scan's inputs by role: initial carries, stacked inputs, and what the body uses from outside. */
export function scanInputs(node: Tensor): { init: Tensor[]; xs: Tensor[]; captured: Tensor[] } {
  const { body } = scanAttrs(node)
  const c = body.carryIn.length
  const x = c + body.xIn.length
  return { init: node.inputs.slice(0, c), xs: node.inputs.slice(c, x), captured: node.inputs.slice(x) }
}

/** The scan that a pick belongs to, and which value it is: final carries first, then stacked outputs. */
export function scanOf(pick: Tensor): { scan: Tensor; index: number } {
  return { scan: pick.inputs[0], index: (pick as Node<number>).attrs }
}

/** Whether a node of a body is cheaper to work out again than to keep: another look at something kept. */
export const isView = (t: Tensor): boolean => t.op.kind === 'view'

/**
 * Nodes of a body: those between `outputs` and `starts` that depend on `starts`; and the frontier of nodes that do
 * not, which the body takes from outside.
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
    const open = depends.has(t) || starts.has(t) || t.id < oldest ? [] : t.inputs.filter(x => !depends.has(x))
    if (open.length) {
      stack.push(...open)
      continue
    }
    stack.pop()
    if (!depends.has(t))
      depends.set(t, starts.has(t) || (t.id >= oldest && t.inputs.some(x => depends.get(x) ?? false)))
  }
  const inside = new Set<Tensor>()
  const captured = new Set<Tensor>()
  // Views of outside tensors are taken inside, so that a cotangent reaches the tensor itself in one sum.
  const capture = (t: Tensor): void => {
    if (isView(t)) capture(t.inputs[0])
    else captured.add(t)
  }
  for (const [t, on] of depends) if (on) inside.add(t)
  for (const t of inside) if (!starts.has(t)) for (const x of t.inputs) if (!inside.has(x)) capture(x)
  for (const t of outputs) if (!inside.has(t)) capture(t)
  return { inside, captured: [...captured] }
}

/** `later`: values of the body that may be asked for once the scan exists. */
export function scanNode(
  scan: Scan,
  init: readonly Tensor[],
  xs: readonly Tensor[],
  later: readonly Tensor[] = [],
): Tensor {
  const { body } = scan
  const starts = new Set([...body.carryIn, ...body.xIn])
  const { captured } = bodyNodes([...body.carryOut, ...body.outs, ...later], starts)
  return new Tensor(scanOp, [...init, ...xs, ...captured], scan, [], 'float32')
}

/** A value of a scan: `index` counts final carries, then stacked outputs. */
export function pick(scan: Tensor, index: number): Tensor {
  const { steps, body } = scanAttrs(scan)
  const carries = body.carryOut.length
  const value = index < carries ? body.carryOut[index] : body.outs[index - carries]
  const shape = index < carries ? value.shape : [steps, ...value.shape]
  return new Tensor(pickOp, [scan], index, shape, value.dtype)
}

/** The values of a node of the body at every step, stacked: asks the scan to keep them. */
export function stacked(scan: Tensor, node: Tensor): Tensor {
  const { body } = scanAttrs(scan)
  const { xs } = scanInputs(scan)
  const x = body.xIn.indexOf(node)
  if (x >= 0) return xs[x]
  let index = body.outs.indexOf(node)
  if (index < 0) index = body.outs.push(node) - 1
  return pick(scan, body.carryOut.length + index)
}
