// A scan's vjp differentiates its body, so these two files need each other.
import { backpropagate } from '../gradient.js'
import { remark } from '../graph/remarks.js'
import { Tensor } from '../graph/tensor.js'
import { isFloat } from '../kernel/dtype.js'
import { printShape } from '../kernel/shape.js'
import { scatterAdd } from '../ops/gather.js'
import { placeholder, zeros } from '../ops/source.js'
import { type Body, bodyNodes, isView, pick, scanAttrs, scanInputs, scanNode, stacked } from './node.js'
import { overSteps } from './overSteps.js'

/**
 * Cotangents of a scan's inputs. `gs`: cotangents of its values by pick index; `needed`: which inputs matter.
 *
 * The body is differentiated once. The backward loop runs the other way round and carries the cotangents of the
 * forward carries. Values of the forward body that it uses are stacked by the forward loop. Cotangents of captured
 * tensors (parameters) are sums over steps that feed no later step, so they leave the loop where they can: see
 * `SumOverSteps`.
 */
export function scanVjp(
  node: Tensor,
  gs: ReadonlyMap<number, Tensor>,
  needed: readonly boolean[],
): (Tensor | undefined)[] {
  const { steps, reverse, body, recompute } = scanAttrs(node)
  const { init, captured } = scanInputs(node)
  const carries = body.carryIn.length
  // Later backward passes may stack more of the body: this one sees the outputs that it has cotangents for.
  const outs = [...gs.keys()]
    .filter(i => i >= carries)
    .map(i => ({ out: body.outs[i - carries], g: gs.get(i)! }))
  const gOut = outs.map(({ out }) => placeholder(out.shape, out.dtype))
  const live = body.carryIn.map(t => isFloat(t.dtype))
  const gCarry = body.carryIn.map(t => placeholder(t.shape, t.dtype))

  const starts = [...body.carryIn, ...body.xIn, ...captured]
  const cotangents = backpropagate(
    [...body.carryOut, ...outs.map(o => o.out)],
    [...gCarry.map((g, i) => (live[i] ? g : undefined)), ...gOut],
    starts,
    new Set(starts),
  )
  const gCarryNext = cotangents.slice(0, carries).map((g, i) => g ?? zeros(gCarry[i].shape, gCarry[i].dtype))
  const gX = cotangents.slice(carries, carries + body.xIn.length)
  const gCaptured = cotangents.slice(carries + body.xIn.length)

  // Where the backward body meets the forward one: values to keep.
  const forward = recompute
    ? new Set([...body.carryIn, ...body.xIn])
    : bodyNodes([...body.carryOut, ...body.outs], new Set([...body.carryIn, ...body.xIn])).inside
  const wanted = [...gCarryNext, ...gX, ...gCaptured].filter(
    (g, i) => g !== undefined && (i < carries || needed[i]),
  ) as Tensor[]
  const kept = withoutDerivable(frontier(wanted, forward), forward, body)
  for (const t of kept)
    remark('differentiate', () =>
      body.xIn.includes(t)
        ? `the backward loop of ${steps} steps reads an input of the step, ${t.dtype} ${printShape(t.shape)}`
        : body.carryIn.includes(t)
          ? `the backward loop of ${steps} steps reads the carry ${t.dtype} ${printShape(t.shape)} before each step`
          : `${t} is kept for the backward loop of ${steps} steps`,
    )
  const perStep = bodyNodes(wanted, new Set([...gCarry, ...gOut, ...kept])).inside
  const sums = new SumOverSteps(steps, perStep, recompute)
  const finish = gCaptured.map((g, i) =>
    g && needed[carries + body.xIn.length + i] ? sums.plan(g) : undefined,
  )

  const backward: Body = {
    carryIn: [...gCarry, ...sums.accumulators.map(a => a.before)],
    xIn: [...gOut, ...kept],
    carryOut: [...gCarryNext, ...sums.accumulators.map(a => a.before.add(a.term))],
    outs: [],
  }
  const loop = scanNode(
    { steps, reverse: !reverse, body: backward, recompute: false },
    [
      ...gCarry.map((g, i) => gs.get(i) ?? zeros(g.shape, g.dtype)),
      ...sums.accumulators.map(a => zeros(a.before.shape, a.before.dtype)),
    ],
    [...outs.map(o => o.g), ...kept.map(t => stacked(node, t))],
    wanted,
  )
  const at: Loop = {
    stacked: t => (perStep.has(t) ? stacked(loop, t) : t.unsqueeze(0).expand(steps, ...t.shape)),
    final: i => pick(loop, gCarry.length + i),
  }
  return [
    ...init.map((_, i) => (needed[i] && live[i] ? pick(loop, i) : undefined)),
    ...gX.map((g, i) => (g && needed[carries + i] ? at.stacked(g) : undefined)),
    ...finish.map(f => f?.(at)),
  ]
}

/** Nodes of `forward` that the graph above `outputs` uses, through views of them, which are taken again. */
function frontier(outputs: readonly Tensor[], forward: ReadonlySet<Tensor>): Tensor[] {
  const found = new Set<Tensor>()
  const seen = new Set<Tensor>()
  const stack = [...outputs]
  while (stack.length) {
    const t = stack.pop()!
    if (seen.has(t)) continue
    seen.add(t)
    // A loop inside the body has been asked for more of its values by its own backward pass.
    const ofInnerLoop = t.op.kind === 'pick' && forward.has(t.inputs[0])
    if (ofInnerLoop || (forward.has(t) && !isView(t))) found.add(t)
    else stack.push(...t.inputs)
  }
  return [...found]
}

/** Elementwise operations that are worked out again for a value rather than keeping it. */
const mostOperations = 8

/**
 * The values to keep without those that a few elementwise operations give from the others: memory costs more than
 * arithmetic. A carry after a step may take the place of what is derived from it, where the carry before each step is
 * kept anyway: they are the same memory.
 */
function withoutDerivable(kept: readonly Tensor[], forward: ReadonlySet<Tensor>, body: Body): Tensor[] {
  const chosen = new Set(kept)
  const free = new Set([...body.xIn, ...body.carryOut.filter((_, i) => chosen.has(body.carryIn[i]))])
  /** What `t` is derived from, in at most `budget.left` operations; false if that is not possible. */
  const derive = (t: Tensor, top: Tensor, used: Set<Tensor>, budget: { left: number }): boolean => {
    if (!forward.has(t)) return true
    if (t !== top && (chosen.has(t) || free.has(t))) {
      used.add(t)
      return true
    }
    if (isView(t)) return derive(t.inputs[0], top, used, budget)
    if (t.op.kind !== 'elementwise' || budget.left-- <= 0) return false
    return t.inputs.every(x => derive(x, top, used, budget))
  }
  for (const t of [...kept].sort((a, b) => b.id - a.id)) {
    const used = new Set<Tensor>()
    if (free.has(t) || t.op.kind !== 'elementwise' || !derive(t, t, used, { left: mostOperations })) continue
    chosen.delete(t)
    remark('differentiate', () => `${t} is not kept: the backward loop works it out again`)
    for (const x of used) chosen.add(x)
  }
  return [...chosen]
}

type Loop = { stacked(t: Tensor): Tensor; final(accumulator: number): Tensor }
type Finish = (loop: Loop) => Tensor

/**
 * Sums of a body's node over all steps, without adding in the loop where that is possible: a sum over steps commutes
 * with linear operations, and of a product of matrices it is one matmul with the steps inside the contracted axis,
 * `Σ_t A_t B_t = [A_1 … A_T] [B_1; …; B_T]`. What remains is added up in the carry.
 */
class SumOverSteps {
  readonly accumulators: { readonly before: Tensor; readonly term: Tensor }[] = []

  constructor(
    readonly steps: number,
    /** Nodes with a value of their own at every step. */
    readonly perStep: ReadonlySet<Tensor>,
    /** Add in the loop all the same: what would be stacked is as much memory as recomputing is to save. */
    readonly inLoop: boolean,
  ) {}

  readonly #plans = new Map<Tensor, Finish>()

  /** Decide how to sum `t`, once; the result builds the sum, once, when the loop exists. */
  plan(t: Tensor): Finish {
    const known = this.#plans.get(t)
    if (known) return known
    const build = this.#plan(t)
    let sum: Tensor | undefined
    const finish = (loop: Loop): Tensor => {
      sum ??= build(loop)
      return sum
    }
    this.#plans.set(t, finish)
    return finish
  }

  #plan(t: Tensor): Finish {
    if (!this.perStep.has(t)) return () => t.mul(this.steps)
    if (this.inLoop)
      return this.#addInLoop(t, 'stacking what it is made of would take the memory that is to be saved')
    const { op } = t
    const linear =
      op.kind === 'view' || op.name === 'place' || op.name === 'add' || op.name === 'sub' || op.name === 'neg'
    if (linear) {
      const parts = t.inputs.map(x => this.plan(x))
      return loop =>
        new Tensor(
          op,
          parts.map(part => part(loop)),
          t.attrs,
          t.shape,
          t.dtype,
        )
    }
    if (op.name === 'sum') {
      const [x] = t.inputs
      const axes = x.shape.flatMap((_, d) => (d < t.rank ? [] : [d + 1]))
      return loop => this.#stacked(loop, x).sum([0, ...axes])
    }
    if (op.name === 'matmul') {
      const [a, b] = t.inputs
      if (!this.perStep.has(a)) return this.#with(b, sum => a.matmul(sum))
      if (!this.perStep.has(b)) return this.#with(a, sum => sum.matmul(b))
      remark('differentiate', () => `the sum over steps of ${t} leaves the loop as one product`)
      return loop => contractSteps(this.#stacked(loop, a), this.#stacked(loop, b))
    }
    if (op.name === 'scatterAdd') {
      const [index, source] = t.inputs
      return loop => scatterAdd(this.#stacked(loop, index), this.#stacked(loop, source), t.shape[0])
    }
    if (op.name === 'mul' || op.name === 'div') {
      const [a, b] = t.inputs
      if (!this.perStep.has(b)) return this.#with(a, sum => (op.name === 'mul' ? sum.mul(b) : sum.div(b)))
      if (!this.perStep.has(a) && op.name === 'mul') return this.#with(b, sum => sum.mul(a))
    }
    return this.#addInLoop(t, `a sum over steps of '${op.name}' has no other form`)
  }

  #addInLoop(t: Tensor, why: string): Finish {
    remark('differentiate', () => `the sum over steps of ${t} is added up in the loop: ${why}`)
    const before = placeholder(t.shape, t.dtype)
    const index = this.accumulators.push({ before, term: t }) - 1
    return loop => loop.final(index)
  }

  /** The values of a node at all steps; of a view, the view of the values. */
  #stacked(loop: Loop, t: Tensor): Tensor {
    const known = (x: Tensor) => (this.perStep.has(x) && !isView(x) ? loop.stacked(x) : undefined)
    return overSteps(t, { steps: this.steps, known, fixed: x => !this.perStep.has(x) }) ?? loop.stacked(t)
  }

  #with(t: Tensor, f: (sum: Tensor) => Tensor): Finish {
    const sum = this.plan(t)
    return loop => f(sum(loop))
  }
}

/** [T, ..batch, m, k] and [T, ..batch, k, n] to [..batch, m, n]: matmul with the steps inside the inner axis. */
function contractSteps(a: Tensor, b: Tensor): Tensor {
  const rank = a.rank
  const batchAxes = Array.from({ length: rank - 3 }, (_, d) => d + 1)
  const batch = batchAxes.map(d => a.shape[d])
  const [m, k] = a.shape.slice(-2)
  const n = b.shape.at(-1)!
  const inner = a.shape[0] * k
  const left = a.permute(...batchAxes, rank - 2, 0, rank - 1).reshape(...batch, m, inner)
  const right = b.permute(...batchAxes, 0, rank - 2, rank - 1).reshape(...batch, inner, n)
  return left.matmul(right)
}
