import { context } from '../graph/context.js'
import type { Tensor } from '../graph/tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from '../graph/tree.js'
import { printShape, sameShape } from '../kernel/shape.js'
import { placeholder } from '../ops/index.js'
import { inPieces, type Step } from './checkpoints.js'
import { hoist, sink } from './hoist.js'
import { type Body, finalCarry, scanNode, stackedValues } from './node.js'

/**
 * Loops. `scan` traces a body once and makes one node of it (`node`). First `hoist` takes out of the body what depends on
 * no carry, afterwards what feeds none; `checkpoints` cuts a loop into pieces that keep little. `vjp` differentiates the
 * node: it makes the backward loop, from values that the forward one keeps (`keptValues`), and sums over steps that leave
 * it (`sumOverSteps`). What leaves a loop is computed at all steps at once (`overSteps`).
 */

/**
 * A loop over the leading axis of `xs`: `step(carry, x)` returns the next carry and this step's output; outputs are
 * stacked along a new leading axis. The body is traced once, whatever the number of steps; tensors from outside may
 * be used in it freely. Differentiable like everything else: its backward pass is derived, never written.
 *
 * `init`, `xs`, carries and outputs: tensors in nested records or arrays; every tensor of `xs` is [steps, ...].
 * @throws RangeError when xs disagree on the number of steps, the carry changes its shape, or `checkpoint` is no number of
 * steps; TypeError when there is no tensor in xs, the step returns no record of carry and out, or the carry changes its
 * dtype or structure.
 * @example
 * ```ts
 * import { scan, tensor } from 'xenograd'
 *
 * const { carry, out } = scan(
 *   (sum, x) => ({ carry: sum.add(x), out: sum.add(x) }),
 *   tensor(0),
 *   tensor([1, 2, 3]),
 * )
 * console.log(await carry.item(), await out.array()) // 6 [ 1, 3, 6 ]
 * ```
 */
export function scan<C extends Tree, X extends Tree, O extends Tree>(
  step: Step<C, X, O>,
  init: C,
  xs: X,
  options: ScanOptions = {},
): { carry: C; out: O } {
  const steps = checkSteps(xs)
  const { reverse = false, checkpoint = context().checkpoints?.(steps) ?? Math.max(1, steps) } = options
  if (!(Number.isInteger(checkpoint) && checkpoint > 0))
    throw new RangeError(`scan: checkpoint is ${checkpoint}; give a number of steps, 1 or more`)
  if (checkpoint >= steps) return trace(step, init, xs, { reverse, recompute: false })
  return inPieces(step, init, xs, { steps, every: checkpoint, reverse }, trace)
}

/** How `scan` goes over its steps, and what it keeps of them. */
export type ScanOptions = {
  /** From the last step to the first. */
  readonly reverse?: boolean
  /**
   * Keep the carries of every so many steps for the backward pass, and recompute the rest from them: memory for time. By
   * default all is kept, unless a compiled function's memory budget asks for less.
   */
  readonly checkpoint?: number
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

/** Trace the body of a loop and make its node; with `recompute` its backward pass keeps nothing but the carries. */
function trace<C extends Tree, X extends Tree, O extends Tree>(
  step: Step<C, X, O>,
  init: C,
  xs: X,
  { reverse, recompute }: { reverse: boolean; recompute: boolean },
): { carry: C; out: O } {
  const steps = checkSteps(xs)
  const carryIn = mapTree(init, t => placeholder(t.shape, t.dtype))
  const xIn = mapTree(xs, t => placeholder(t.shape.slice(1), t.dtype))
  const { carry, out } = step(carryIn, xIn)
  if (carry === undefined || out === undefined)
    throw new TypeError(
      'scan: the step returns no { carry, out }, but it must, as a record, not as a pair (out may be {})',
    )
  const body: Body = {
    carryIn: leaves(carryIn),
    xIn: leaves(xIn),
    carryOut: checkCarry(init, carry),
    outs: leaves(out),
  }
  // What leaves the loop is kept for all steps, which is the memory that recomputing is to save.
  const hoisted = recompute ? { xIn: [], xs: [] } : hoist(body, steps, leaves(xs))
  const scan = scanNode(
    { steps, reverse, recompute, body: { ...body, xIn: [...body.xIn, ...hoisted.xIn] } },
    leaves(init),
    [...leaves(xs), ...hoisted.xs],
  )
  const last = body.carryOut.map((_, i) => finalCarry(scan, i))
  const outs = body.outs.map(t => (recompute ? undefined : sink(scan, t)) ?? stackedValues(scan, t))
  return { carry: fillTree(init, last), out: fillTree(out, outs) }
}

/** The tensors of the carry that a step returns, in the order of the initial one. @throws as `scan`. */
function checkCarry(init: Tree, carry: Tree): Tensor[] {
  const initial = entries(init)
  const returned = new Map(entries(carry))
  if (returned.size !== initial.length || initial.some(([path]) => !returned.has(path)))
    throw new TypeError(
      `scan: the carry was {${initial.map(([path]) => path).join(', ')}}, the step returns {${[...returned.keys()].join(', ')}}; they must have the same names`,
    )
  return initial.map(([path, t]) => {
    const next = returned.get(path)!
    const name = path ? `carry '${path}'` : 'the carry'
    if (!sameShape(t.shape, next.shape))
      throw new RangeError(
        `scan: ${name} was ${printShape(t.shape)}, the step makes it ${printShape(next.shape)}; it must keep its shape`,
      )
    if (t.dtype !== next.dtype)
      throw new TypeError(
        `scan: ${name} was ${t.dtype}, the step makes it ${next.dtype}; it must keep its dtype`,
      )
    return next
  })
}
