import type { Draw } from '../../graph/tensor.js'
import {
  add,
  arange,
  concat,
  dropout,
  entries,
  gradients,
  leaves,
  mapTree,
  pad,
  randomKey,
  scan,
  stack,
  type Tensor,
  type Tree,
  tensor,
  uniformAt,
  zeros,
} from '../../index.js'
import { sampledOps } from './cases.js'

// Random programs around a random loop: what the suites for scan and for devices draw.

type State = { a: Tensor; b: Tensor; count: Tensor }
type Inputs = { x: Tensor; y: Tensor; index: Tensor; t: Tensor }
type Outside = { w: Tensor; row: Tensor; scalar: Tensor; table: Tensor; start: Tensor }
type Outputs = { p: Tensor; q: Tensor }
type Step = (state: State, inputs: Inputs) => { carry: State; out: Outputs }
type Float = 'float32' | 'float64'

/** A random program: fresh arguments, and what to compute of them, by scan or by the plain loop over the same step. */
export type Program = {
  /** The same program in another dtype. */
  as(dtype: Float): Program
  args(): Args
  run(args: Args, loop: Loop): Tree
}

type Args = { outside: Outside; xs: { x: Tensor; y: Tensor } }

export type Loop = (step: Step, init: State, xs: Inputs, reverse: boolean) => ReturnType<Step>

export const byScan: Loop = (step, init, xs, reverse) => scan(step, init, xs, { reverse })

export const byPlainLoop: Loop = (step, init, xs, reverse) => {
  const steps = xs.x.shape[0]
  const outs = new Array<Outputs>(steps)
  let carry = init
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i
    const result = step(
      carry,
      mapTree(xs, x => x.slice(0, t, t + 1).squeeze(0)),
    )
    carry = result.carry
    outs[t] = result.out
  }
  return { carry, out: { p: stack(outs.map(o => o.p)), q: stack(outs.map(o => o.q)) } }
}

/** Makes another [rows, width] tensor of two such, in a step. */
type Piece = (s: Tensor, t: Tensor, inputs: Inputs, count: Tensor, outside: Outside) => Tensor

/** Any differentiable elementwise operation, the user's own included; operands are brought into its range. */
function elementwisePiece(draw: Draw): Piece {
  const ops = sampledOps().flatMap(op => (op.kind === 'elementwise' && op.vjp ? [op] : []))
  const op = draw.pick(ops)
  const { inputs, apply } = op.sample!({ int: min => min, pick: items => items[0] })
  if (inputs.some(({ dtype = 'float32' }) => dtype === 'int32')) return s => s
  return (s, t) => {
    const operands = inputs.map(({ min = -2, max = 2 }, i) =>
      (i % 2 ? t : s)
        .tanh()
        .mul((max - min) / 2)
        .add((max + min) / 2),
    )
    const y = apply(...operands)
    return y.dtype === s.dtype ? y : s
  }
}

/** The same elements or some of them, arranged otherwise, in the same shape. */
const arranged: readonly ((s: Tensor) => Tensor)[] = [
  s => s.flip(1),
  s => s.flip(0),
  s => s.transpose().reshape(...s.shape),
  s => concat([s.slice(1, 1), s.slice(1, 0, 1)], 1),
  s => pad(s.slice(1, 1), 1, 0, 1),
  s => s.slice(0, 0, 1).expand(...s.shape),
  s => pad(s, 0, 1, 0).windows(0, 2).slice(2, 1).squeeze(2),
  s => concat([s, s.neg()], 1).slice(1, 0, 2 * s.shape[1], 2),
  s => s.unsqueeze(1).expand(s.shape[0], 2, s.shape[1]).permute(1, 0, 2).slice(0, 1).squeeze(0),
]

/** A product of something arranged with something arranged from outside: what sums over steps are taken of. */
const productPiece = (draw: Draw): Piece => {
  const [left, right] = [draw.pick(arranged), draw.pick(arranged)]
  const inner = draw.int(0, 2)
  return (s, t, _, __, { w }) => {
    const a = left(inner === 1 ? s.add(t) : s)
    if (inner === 2)
      return left(stack([s, t]).sum(0))
        .matmul(right(w))
        .tanh()
    return a.matmul(right(w)).add(t).tanh()
  }
}

/** Everything else that a step may do. */
const pieces: readonly Piece[] = [
  (s, t) => s.add(t),
  (s, t) => s.mul(t),
  s => s.tanh(),
  s => s.mul(0.5).neg(),
  s => s.sub(s.mean(1, true)),
  s => s.sub(s.logsumexp(1, true)),
  s => s.sub(s.max(1, true)),
  s => s.sum(0, true).expand(...s.shape),
  (s, t) => s.add(t.sum(0)).mul(t.mean()),
  (s, t) => concat([s, t], 1).slice(1, 0, s.shape[1] * 2, 2),
  (s, t) => stack([s, t], 1).sum(1),
  (s, t) => concat([s, t], 1).flip(1).slice(1, 0, s.shape[1]),
  s => pad(s, 1, 1, 1).windows(1, 3).mean(-1),
  (s, t) => s.matmul(t.transpose()).tanh().matmul(t),
  (s, t) =>
    stack([s, t])
      .matmul(stack([t, s]).transpose())
      .tanh()
      .matmul(stack([s, s]))
      .sum(0),
  s => s.detach(),
  // Of the step's own inputs and counters.
  (s, _, { t }) => s.mul(t.cast(s.dtype).mul(0.1).add(1)),
  (s, _, __, count) => s.mul(count.cast(s.dtype).mul(0.1)),
  (s, _, { t }) => dropout(s, 0.3, randomKey(5), t),
  (s, _, __, count) => dropout(s, 0.3, randomKey(6), count),
  // Of tensors from outside, as they are and arranged.
  (s, _, __, ___, { w }) => s.matmul(w).tanh(),
  (s, _, __, ___, { w }) => s.matmul(w.transpose()).tanh(),
  (s, t, __, ___, { w }) =>
    concat([s, t], 1)
      .matmul(concat([w, w.flip(0)], 0))
      .tanh(),
  (s, t, _, __, { w }) => {
    const [i, j] = concat([s, t], 1)
      .matmul(concat([w, w], 0))
      .add(s)
      .split(1, [1, s.shape[1] - 1])
    return concat([i.sigmoid(), j.tanh()], 1)
  },
  (s, _, __, ___, { row, scalar }) => s.mul(row).add(scalar),
  (s, _, __, ___, { row, scalar }) => s.add(row.mul(2).tanh()).mul(scalar.tanh()),
  (s, _, __, ___, { w }) => s.add(w.sum(0)).sub(w.max()),
  (s, _, __, ___, { scalar }) => s.mul(scalar.div(3)).add(scalar).add(scalar),
  (s, _, { index }, __, { table }) => s.add(table.gather(index)),
  (s, _, { index }, __, { table }) => s.mul(table.slice(1, 0, s.shape[1]).gather(index).sum(0)),
  (s, _, __, ___, { start }) => s.add(start.mul(0.2)),
  (s, _, __, ___, { start, scalar }) => s.add(start).div(scalar.square().add(1)),
  (s, _, __, ___, { start, row }) => s.sub(start).mul(row),
  // Loops and derivatives inside of the step.
  (s, t, { x, y }, _, { row }) =>
    scan((h: Tensor, z: Tensor) => ({ carry: h.mul(z).tanh().add(row), out: h }), s, stack([x, y, t])).carry,
  (s, t, { x }, __, { w }) =>
    scan((h: Tensor, z: Tensor) => ({ carry: h.add(z), out: h.matmul(w).mul(t).tanh() }), s, stack([x, t]), {
      reverse: true,
    }).out.sum(0),
  // (In the plain loop t may depend on s: held constant, so that both mean the same derivative.)
  (s, t) => gradients(s.square().mul(t.detach()).tanh().sum(), s).mul(t),
]

/** What is carried on, small so that values stay finite over the steps; or something that needs no work. */
const carried: readonly ((s: Tensor, state: State, inputs: Inputs, outside: Outside) => State)[] = [
  (s, { a, count }) => ({ a: s.tanh().mul(0.9), b: a, count: count.add(1) }),
  (s, { b, count }) => ({ a: b, b: s.tanh().mul(0.9), count: count.mul(3).add(1) }),
  (s, { b, count }) => ({ a: s.tanh(), b, count }),
  (s, { a, b, count }, { t }) => ({ a: b, b: a.add(s.mul(0.1).tanh()), count: count.add(t) }),
  (s, { count }, { x }) => ({ a: x, b: s.sigmoid(), count: count.add(1) }),
  (s, { count }, _, { start }) => ({ a: start, b: s.tanh(), count: count.add(1) }),
  (s, { count }) => ({ a: zeros(s.shape, s.dtype), b: s.tanh(), count: count.add(1) }),
  (s, { count }) => ({ a: s.tanh(), b: s.tanh(), count: count.add(1) }),
]

/** Where the steps come from: rows of memory, or something that has to be arranged first. */
const arrangements: readonly ((x: Tensor) => Tensor)[] = [
  x => x,
  x => x.flip(0),
  x => x.permute(1, 0, 2).mul(2).permute(1, 0, 2),
  x => concat([x, x, x, x]).slice(0, 3, 3 + x.shape[0]),
  x =>
    concat([x.reshape(-1).slice(0, 0, 1), x.reshape(-1)])
      .slice(0, 1)
      .reshape(...x.shape),
  x => x.slice(0, 0, 1).expand(...x.shape),
  x => zeros(x.shape, x.dtype),
  x => x.mul(2).tanh(),
]

/** Draw a program. `seed`: of the numbers. */
export function drawProgram(draw: Draw, seed: number, dtype: Float): Program {
  // Mostly tiny, to be quick and to shrink well; some with whole vectors and a rest.
  const sizes = [1, 2, 3, 2, 3, 9]
  const [rows, width, steps] = [draw.pick(sizes), draw.pick(sizes), draw.int(1, 4)]
  const reverse = draw.int(0, 1) === 1
  const plan = Array.from({ length: draw.int(1, 7) }, () => ({
    piece: draw.pick([elementwisePiece, productPiece, () => draw.pick(pieces), () => draw.pick(pieces)])(
      draw,
    ),
    at: [draw.int(0, 9), draw.int(0, 9)],
  }))
  const ends = [draw.int(0, 9), draw.int(0, 9), draw.int(0, 9)]
  const carry = draw.pick(carried)
  const [arrangeX, arrangeY] = [draw.pick(arrangements), draw.pick(arrangements)]
  const first = draw.int(0, 3)
  const again = draw.int(0, 3) === 0
  const asked = draw.int(0, 3)

  const stepOf =
    (outside: Outside): Step =>
    (state, inputs) => {
      // The newest last, so that small choices mean the simplest things.
      const known = [state.a, inputs.x, state.b, inputs.y]
      const pick = (i: number): Tensor => known[i < 4 ? i : Math.max(3, known.length - 1 - (i - 4))]
      for (const { piece, at } of plan)
        known.push(piece(pick(at[0]), pick(at[1]), inputs, state.count, outside))
      const q = ends[2] === 0 ? outside.start : pick(ends[2])
      return {
        carry: carry(pick(ends[0]), state, inputs, outside),
        out: { p: pick(ends[1]), q },
      }
    }

  const as = (dtype: Float): Program => ({
    as,
    args() {
      let stream = 0
      const random = (...shape: number[]): Tensor => {
        const own = stream++
        const size = shape.reduce((p, n) => p * n, 1)
        const values = Float64Array.from({ length: size }, (_, i) => 2 * uniformAt([seed, 1], own, i) - 1)
        return tensor(values, { shape, dtype })
      }
      return {
        outside: {
          w: random(width, width),
          row: random(width),
          scalar: random(),
          table: random(4, width),
          start: random(rows, width),
        },
        xs: { x: random(steps, rows, width), y: random(steps, rows, width) },
      }
    },
    run({ outside, xs }, loop) {
      // Rows of the table, and such that it has not.
      const rowOf = (_: number, i: number) => Math.floor(uniformAt([seed, 2], 0, i) * 6) - 1
      const index = tensor(Int32Array.from({ length: steps * rows }, rowOf), { shape: [steps, rows] })
      const inputs = { x: arrangeX(xs.x), y: arrangeY(xs.y), index, t: arange(steps) }
      const { start } = outside
      const none = zeros(start.shape, dtype)
      const init: State = {
        a: first === 0 ? start.mul(2) : first === 1 ? none : start,
        b: first < 2 ? none : start,
        count: tensor(1, { dtype: 'int32' }),
      }
      const step = stepOf(outside)
      const one = loop(step, init, inputs, reverse)
      if (!again) return asked ? one : one.out.p
      const two = loop(step, one.carry, { ...inputs, x: one.out.p.tanh(), y: one.out.q }, !reverse)
      return asked ? [one, two] : two.carry.a
    },
  })
  return as(dtype)
}

const isFloat = (t: Tensor) => t.dtype !== 'int32'

/** The floats of a program's result, gradients of a scalar that all of them matter for, and gradients of those. */
export function everything({ run }: Program, loop: Loop, second: boolean) {
  return (args: Args) => {
    const result = leaves(run(args, loop))
    const floats = result.filter(isFloat)
    const total = (tensors: readonly Tensor[]): Tensor =>
      tensors
        .map((t, i) =>
          t
            .square()
            .mean()
            .mul(1 + i / 3),
        )
        .reduce((a, b) => add(a, b))
    const first = gradients(total(floats), args)
    return { result, first, second: second ? gradients(total(leaves(first)), args) : [] }
  }
}

/** Throws when two results differ by more than `tolerance`, relative to 1 or to the value if that is larger. */
export async function compareTrees(a: Tree, b: Tree, tolerance: number): Promise<void> {
  const other = leaves(b)
  for (const [i, [path, t]] of entries(a).entries()) {
    const [x, y] = [await t.data(), await other[i].data()]
    const at = x.findIndex((v, k) => !(Math.abs(v - y[k]) <= tolerance * Math.max(1, Math.abs(y[k]))))
    if (at >= 0) throw new Error(`${path}[${at}]: ${x[at]} and ${y[at]}`)
  }
}
