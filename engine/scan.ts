import { placeholder } from './ops/source.js'
import { overSteps } from './overSteps.js'
import { printShape, sameShape } from './shape.js'
import { type Node, type PickOp, type ScanOp, Tensor } from './tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from './tree.js'

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

export type Scan = { readonly steps: number; readonly reverse: boolean; readonly body: Body }

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

/**
 * What no carry matters for need not be in the loop: products, reductions and random bits of the inputs (and what is
 * made of them alone) are worked out before it, for all steps at once. Returns them as further inputs of the body.
 */
function hoist(body: Body, steps: number, xs: readonly Tensor[]): { xIn: Tensor[]; xs: Tensor[] } {
  const values = [...body.carryOut, ...body.outs]
  const { inside } = bodyNodes(values, new Set([...body.carryIn, ...body.xIn]))
  const carried = bodyNodes(values, new Set(body.carryIn)).inside
  const costly = new Set<Tensor>()
  // Inputs come first.
  for (const t of inside) {
    const own = t.op.kind === 'kernel' && t.op.name !== 'place'
    if (!body.xIn.includes(t) && (own || t.inputs.some(x => costly.has(x)))) costly.add(t)
  }
  const found = new Map<Tensor, Tensor>()
  for (const t of carried)
    for (const input of body.carryIn.includes(t) ? [] : t.inputs) {
      let x = input
      while (isView(x)) x = x.inputs[0]
      if (carried.has(x) || found.has(x) || !costly.has(x)) continue
      const known = (y: Tensor) => (body.xIn.includes(y) ? xs[body.xIn.indexOf(y)] : undefined)
      const all = overSteps(x, { steps, known, fixed: y => !inside.has(y) })
      if (all) found.set(x, all)
    }
  return { xIn: [...found.keys()], xs: [...found.values()] }
}

/**
 * A loop over the leading axis of `xs`: `step(carry, x)` returns the next carry and this step's output; outputs are
 * stacked along a new leading axis. The body is traced once, whatever the number of steps; tensors from outside may
 * be used in it freely. Differentiable like everything else: its backward pass is derived, never written.
 *
 * `init`, `xs`, carries and outputs: tensors in nested records or arrays. `reverse`: from the last step to the first.
 * @throws RangeError when xs disagree on the number of steps, or the carry changes its shape; TypeError when it
 * changes its dtype or structure.
 */
export function scan<C extends Tree, X extends Tree, O extends Tree>(
  step: (carry: C, x: X) => { carry: C; out: O },
  init: C,
  xs: X,
  options: { reverse?: boolean } = {},
): { carry: C; out: O } {
  const sequences = entries(xs)
  if (!sequences.length)
    throw new TypeError('scan: xs holds no tensor; give at least one (arange(steps) will do)')
  const steps = sequences[0][1].shape[0]
  for (const [path, x] of sequences)
    if (x.rank < 1 || x.shape[0] !== steps)
      throw new RangeError(
        `scan: xs${path && `.${path}`} is ${printShape(x.shape)}, but xs${sequences[0][0] && `.${sequences[0][0]}`} has ${steps} steps; leading axes must agree`,
      )
  const carryIn = mapTree(init, t => placeholder(t.shape, t.dtype))
  const xIn = mapTree(xs, t => placeholder(t.shape.slice(1), t.dtype))
  const { carry, out } = step(carryIn, xIn)
  const before = entries(init)
  const after = new Map(entries(carry))
  if (after.size !== before.length || before.some(([path]) => !after.has(path)))
    throw new TypeError(
      `scan: the carry was {${before.map(([p]) => p).join(', ')}}, the step returns {${[...after.keys()].join(', ')}}; they must have the same names`,
    )
  for (const [path, t] of before) {
    const next = after.get(path)!
    const name = path ? `carry '${path}'` : 'the carry'
    if (!sameShape(t.shape, next.shape))
      throw new RangeError(
        `scan: ${name} was ${printShape(t.shape)}, the step makes it ${printShape(next.shape)}; it must keep its shape`,
      )
    if (t.dtype !== next.dtype)
      throw new TypeError(
        `scan: ${name} was ${t.dtype}, the step makes it ${next.dtype}; it must keep its dtype`,
      )
  }
  const body: Body = {
    carryIn: leaves(carryIn),
    xIn: leaves(xIn),
    carryOut: before.map(([path]) => after.get(path)!),
    outs: leaves(out),
  }
  const outCount = body.outs.length
  const hoisted = hoist(body, steps, leaves(xs))
  const node = scanNode(
    { steps, reverse: options.reverse ?? false, body: { ...body, xIn: [...body.xIn, ...hoisted.xIn] } },
    leaves(init),
    [...leaves(xs), ...hoisted.xs],
  )
  const picks = Array.from({ length: before.length + outCount }, (_, i) => pick(node, i))
  return {
    carry: fillTree(init, picks.slice(0, before.length)),
    out: fillTree(out, picks.slice(before.length)),
  }
}
