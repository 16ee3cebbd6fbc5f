import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from '../graph/tree.js'
import { printShape, sameShape } from '../kernel/shape.js'
import { concat } from '../ops/place.js'
import { placeholder } from '../ops/source.js'
import { type Body, bodyNodes, isView, pick, scanAttrs, scanNode, stacked } from './node.js'
import { overSteps } from './overSteps.js'

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
      remark('hoist', () =>
        all
          ? `${x} depends on no carry: worked out before the loop, for all ${steps} steps at once`
          : `${x} depends on no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
      )
    }
  return { xIn: [...found.keys()], xs: [...found.values()] }
}

/**
 * What no carry depends on need not be in the loop either: products and reductions that only an output is made of are
 * worked out after it, for all steps at once, from the values that the loop keeps. Undefined for all other outputs.
 */
function sink(node: Tensor, out: Tensor): Tensor | undefined {
  const { steps, body } = scanAttrs(node)
  const starts = new Set([...body.carryIn, ...body.xIn])
  const { inside } = bodyNodes([out], starts)
  const early = new Set([...bodyNodes(body.carryOut, starts).inside, ...starts])
  const late = [...inside].filter(t => !early.has(t))
  const isCostly = late.some(t => t.op.kind === 'kernel' && t.op.name !== 'place')
  if (!isCostly || late.some(t => t.op.kind === 'pick')) return undefined
  const known = (t: Tensor) => (early.has(t) && (starts.has(t) || !isView(t)) ? stacked(node, t) : undefined)
  const all = overSteps(out, { steps, known, fixed: t => !inside.has(t) })
  remark('hoist', () =>
    all
      ? `${out} feeds no carry: worked out after the loop, for all ${steps} steps at once`
      : `${out} feeds no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
  )
  return all
}

/**
 * A loop over the leading axis of `xs`: `step(carry, x)` returns the next carry and this step's output; outputs are
 * stacked along a new leading axis. The body is traced once, whatever the number of steps; tensors from outside may
 * be used in it freely. Differentiable like everything else: its backward pass is derived, never written.
 *
 * `init`, `xs`, carries and outputs: tensors in nested records or arrays.
 * @throws RangeError when xs disagree on the number of steps, or the carry changes its shape; TypeError when it
 * changes its dtype or structure.
 */
export function scan<C extends Tree, X extends Tree, O extends Tree>(
  step: (carry: C, x: X) => { carry: C; out: O },
  init: C,
  xs: X,
  options: ScanOptions = {},
): { carry: C; out: O } {
  const steps = checkSteps(xs)
  const { reverse = false, checkpoint = checkpoints?.(steps) ?? Math.max(1, steps) } = options
  if (!(Number.isInteger(checkpoint) && checkpoint > 0))
    throw new RangeError(`scan: checkpoint is ${checkpoint}; give a number of steps, 1 or more`)
  if (checkpoint < steps) return checkpointed(step, init, xs, reverse, checkpoint)
  return trace(step, init, xs, { reverse, recompute: false })
}

export type ScanOptions = {
  /** From the last step to the first. */
  readonly reverse?: boolean
  /**
   * Keep the carries of every so many steps for the backward pass, and work out the rest again from there: memory for
   * time. By default all is kept, unless a compiled function's memory budget asks for less.
   */
  readonly checkpoint?: number
}

/** After how many steps scans keep their carries, by their number of steps, unless they say so themselves. */
let checkpoints: ((steps: number) => number) | undefined

/** Run `fn`, which traces scans, with a default for their checkpoints. */
export function withCheckpoints<R>(every: ((steps: number) => number) | undefined, fn: () => R): R {
  const before = checkpoints
  checkpoints = every
  try {
    return fn()
  } finally {
    checkpoints = before
  }
}

/**
 * The loop as a loop over pieces of `every` steps that is itself differentiated without keeping anything but its
 * carries (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", section 4.2), and what is left at the end.
 */
function checkpointed<C extends Tree, X extends Tree, O extends Tree>(
  step: (carry: C, x: X) => { carry: C; out: O },
  init: C,
  xs: X,
  reverse: boolean,
  every: number,
): { carry: C; out: O } {
  const steps = checkSteps(xs)
  const whole = steps - (steps % every)
  const inner = (carry: C, x: X) => trace(step, carry, x, { reverse, recompute: false })
  const pieces = mapTree(xs, x => x.slice(0, 0, whole).reshape(whole / every, every, ...x.shape.slice(1)))
  const runPieces = (carry: C) => {
    remark('differentiate', () => `a loop of ${steps} steps keeps its carries every ${every} steps`)
    const result = trace(inner, carry, pieces, { reverse, recompute: true })
    return { ...result, out: mapTree(result.out, t => t.reshape(whole, ...t.shape.slice(2))) }
  }
  if (whole === steps) return runPieces(init)
  const rest = mapTree(xs, x => x.slice(0, whole))
  const first = reverse ? inner(init, rest) : runPieces(init)
  const second = reverse ? runPieces(first.carry) : inner(first.carry, rest)
  const [early, late] = reverse ? [second.out, first.out] : [first.out, second.out]
  const tails = leaves(late)
  const joined = leaves(early).map((t, i) => concat([t, tails[i]], 0))
  const out = fillTree(early, joined) as O
  return { carry: second.carry, out }
}

/** The number of steps of stacked inputs. @throws RangeError when they disagree, TypeError when there are none. */
function checkSteps(xs: Tree): number {
  const sequences = entries(xs)
  if (!sequences.length)
    throw new TypeError('scan: xs holds no tensor; give at least one (arange(steps) will do)')
  const steps = sequences[0][1].shape[0]
  for (const [path, x] of sequences)
    if (x.rank < 1 || x.shape[0] !== steps)
      throw new RangeError(
        `scan: xs${path && `.${path}`} is ${printShape(x.shape)}, but xs${sequences[0][0] && `.${sequences[0][0]}`} has ${steps} steps; leading axes must agree`,
      )
  return steps
}

/** Trace the body of a loop and make its node. */
function trace<C extends Tree, X extends Tree, O extends Tree>(
  step: (carry: C, x: X) => { carry: C; out: O },
  init: C,
  xs: X,
  { reverse, recompute }: { reverse: boolean; recompute: boolean },
): { carry: C; out: O } {
  const steps = checkSteps(xs)
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
  // What leaves the loop is kept for all steps: more than what is to be worked out again.
  const hoisted = recompute ? { xIn: [], xs: [] } : hoist(body, steps, leaves(xs))
  const node = scanNode(
    { steps, reverse, recompute, body: { ...body, xIn: [...body.xIn, ...hoisted.xIn], outs: [] } },
    leaves(init),
    [...leaves(xs), ...hoisted.xs],
    body.outs,
  )
  const last = before.map((_, i) => pick(node, i))
  const outs = body.outs.map(t => (recompute ? undefined : sink(node, t)) ?? stacked(node, t))
  return { carry: fillTree(init, last), out: fillTree(out, outs) }
}
