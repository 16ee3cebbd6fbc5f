import {
  concat,
  type Draw,
  dropout,
  gradients,
  pad,
  randomKey,
  scan,
  stack,
  type Tensor,
  zeros,
} from '../../index.js'
import { sampledOps } from './operations.js'

// What a step of a random program is made of: small pieces, which together are all that a loop's passes have to handle.

/** The carry of a random program: two [rows, width] tensors and an int32 scalar. */
export type State = { readonly a: Tensor; readonly b: Tensor; readonly count: Tensor }
/** What a step is given: two [rows, width] tensors, `rows` rows of a table by number, and the number of the step. */
export type Inputs = { readonly x: Tensor; readonly y: Tensor; readonly index: Tensor; readonly t: Tensor }
/** Tensors from outside: [width, width], [width], [], [4, width] and [rows, width]. */
export type Outside = {
  readonly w: Tensor
  readonly row: Tensor
  readonly scalar: Tensor
  readonly table: Tensor
  readonly start: Tensor
}

/** Makes another [rows, width] tensor of two such, in a step. */
export type Piece = (s: Tensor, t: Tensor, inputs: Inputs, count: Tensor, outside: Outside) => Tensor

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
  s => (s.shape[1] ? pad(s.slice(1, 1), 1, 0, 1) : s),
  s => s.slice(0, 0, 1).expand(...s.shape),
  s => (s.shape[0] ? pad(s, 0, 1, 0).windows(0, 2).slice(2, 1).squeeze(2) : s),
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

/** A loop of 0 to 3 steps inside of the step: its last carry, or the sum of what its steps give out. */
const loopPiece = (draw: Draw): Piece => {
  const [steps, reverse] = [draw.pick([2, 3, 1, 0]), draw.int(0, 1) === 1]
  return draw.pick<Piece>([
    (s, t, { x, y }, _, { row }) =>
      scan(
        (h: Tensor, z: Tensor) => ({ carry: h.mul(z).tanh().add(row), out: h }),
        s,
        stack([x, y, t]).slice(0, 0, steps),
        { reverse },
      ).carry,
    (s, t, { x, y }, __, { w }) =>
      scan(
        (h: Tensor, z: Tensor) => ({ carry: h.add(z), out: h.matmul(w).mul(t).tanh() }),
        s,
        stack([x, t, y]).slice(0, 0, steps),
        { reverse },
      ).out.sum(0),
  ])
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
  s => (s.shape[1] ? pad(s, 1, 1, 1).windows(1, 3).mean(-1) : s),
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
      .split(1, [Math.min(1, s.shape[1]), Math.max(0, s.shape[1] - 1)])
    return concat([i.sigmoid(), j.tanh()], 1)
  },
  // Gates: one that is read before its activation, and such as see the state.
  (s, t, _, __, { w, row }) => {
    const [i, j] = s
      .matmul(concat([w, w], 1))
      .add(concat([row, row]))
      .split(1, 2)
    return i.abs().add(1).log().add(j.matmul(w)).mul(j.add(t).sigmoid())
  },
  (s, t, _, __, { w, row }) => {
    const [i, j] = s.matmul(concat([w, w], 1)).split(1, 2)
    return i
      .add(t.mul(row))
      .sigmoid()
      .mul(j.add(t.mul(row.neg())).tanh())
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
  // A derivative inside of the step.
  // (In the plain loop t may depend on s: held constant, so that both mean the same derivative.)
  (s, t) => gradients(s.square().mul(t.detach()).tanh().sum(), s).mul(t),
]

/** A piece of any kind. */
export const drawPiece = (draw: Draw): Piece =>
  draw.pick([
    elementwisePiece,
    productPiece,
    () => draw.pick(pieces),
    () => draw.pick(pieces),
    () => draw.pick([loopPiece(draw), ...pieces]),
  ])(draw)

/** What is carried on, small so that values stay finite over the steps; or something that needs no work. */
export const carried: readonly ((s: Tensor, state: State, inputs: Inputs, outside: Outside) => State)[] = [
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
export const arrangements: readonly ((x: Tensor) => Tensor)[] = [
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
