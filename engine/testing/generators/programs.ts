import {
  add,
  arange,
  type Draw,
  gradients,
  leaves,
  type Tensor,
  type Tree,
  tensor,
  uniformAt,
  zeros,
} from '../../index.js'
import { isFloat } from '../../kernel/dtype.js'
import { sizeOf } from '../../kernel/shape.js'
import type { Loop } from '../plainLoop.js'
import { arrangements, carried, drawPiece, type Inputs, type Outside, type State } from './steps.js'

// Random programs around a random loop: what the suites for scan and for devices draw.

/** What a step gives out: two [rows, width] tensors. */
type Outputs = { readonly p: Tensor; readonly q: Tensor }
type Step = (state: State, inputs: Inputs) => { carry: State; out: Outputs }
type Float = 'float32' | 'float64'

/** A random program: fresh arguments, and what to compute of them, by scan or by the plain loop over the same step. */
export type Program = {
  /** The same program in another dtype. */
  withDtype(dtype: Float): Program
  /** New tensors for its arguments, the same values every time. */
  args(): Args
  /** Its result; the loops in it are run by `loop`. */
  run(args: Args, loop: Loop): Tree
}

type Args = { readonly outside: Outside; readonly xs: { readonly x: Tensor; readonly y: Tensor } }

/** Draw the step: some pieces, each of two tensors known by then, and which of all are carried on and given out. */
function drawStep(draw: Draw): (outside: Outside) => Step {
  const pieces = Array.from({ length: draw.int(1, 7) }, () => ({
    piece: drawPiece(draw),
    operands: [draw.int(0, 9), draw.int(0, 9)],
  }))
  const [carriedOn, p, q] = [draw.int(0, 9), draw.int(0, 9), draw.int(0, 9)]
  const nextState = draw.pick(carried)
  return outside => (state, inputs) => {
    const known = [state.a, inputs.x, state.b, inputs.y]
    // The newest last, so that small choices mean the simplest things.
    const pick = (i: number): Tensor => known[i < 4 ? i : Math.max(3, known.length - 1 - (i - 4))]
    for (const { piece, operands } of pieces)
      known.push(piece(pick(operands[0]), pick(operands[1]), inputs, state.count, outside))
    return {
      carry: nextState(pick(carriedOn), state, inputs, outside),
      out: { p: pick(p), q: q === 0 ? outside.start : pick(q) },
    }
  }
}

/** Draw a program. `seed`: of the values of its arguments. */
export function drawProgram(draw: Draw, seed: number, dtype: Float): Program {
  // Mostly tiny, to be quick and to shrink well; some with whole vectors and a rest.
  const sizes = [1, 2, 3, 2, 3, 9, 1, 2, 3, 0]
  const [rows, width, steps] = [draw.pick(sizes), draw.pick(sizes), draw.pick([1, 2, 3, 4, 2, 3, 4, 0])]
  const reverse = draw.int(0, 1) === 1
  const stepWith = drawStep(draw)
  const [arrangeX, arrangeY] = [draw.pick(arrangements), draw.pick(arrangements)]
  const start = draw.int(0, 3)
  const runsTwice = draw.int(0, 3) === 0
  const givesOne = draw.int(0, 3) === 0

  const withDtype = (dtype: Float): Program => ({
    withDtype,
    args: () => randomArgs({ rows, width, steps }, seed, dtype),
    run({ outside, xs }, loop) {
      // Rows of the table, and such that it has not.
      const rowNumber = (_: number, i: number) => Math.floor(uniformAt([seed, 2], 0, i) * 6) - 1
      const index = tensor(Int32Array.from({ length: steps * rows }, rowNumber), { shape: [steps, rows] })
      const inputs = { x: arrangeX(xs.x), y: arrangeY(xs.y), index, t: arange(steps) }
      const none = zeros(outside.start.shape, dtype)
      const init: State = {
        a: start === 0 ? outside.start.mul(2) : start === 1 ? none : outside.start,
        b: start < 2 ? none : outside.start,
        count: tensor(1, { dtype: 'int32' }),
      }
      const step = stepWith(outside)
      const once = loop(step, init, inputs, { reverse })
      if (!runsTwice) return givesOne ? once.out.p : once
      const next = { ...inputs, x: once.out.p.tanh(), y: once.out.q }
      const twice = loop(step, once.carry, next, { reverse: !reverse })
      return givesOne ? twice.carry.a : [once, twice]
    },
  })
  return withDtype(dtype)
}

type Sizes = { readonly rows: number; readonly width: number; readonly steps: number }

function randomArgs({ rows, width, steps }: Sizes, seed: number, dtype: Float): Args {
  let streams = 0
  const random = (...shape: number[]): Tensor => {
    const stream = streams++
    const uniform = (_: unknown, i: number) => 2 * uniformAt([seed, 1], stream, i) - 1
    return tensor(Float64Array.from({ length: sizeOf(shape) }, uniform), { shape, dtype })
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
}

/**
 * The function that gives a program's result, the gradients of a scalar that depends on all floats in it, and with
 * `second` the gradients of a scalar of those.
 */
export function valuesAndGradients({ run }: Program, loop: Loop, { second = false } = {}) {
  const total = (tensors: readonly Tensor[]): Tensor =>
    tensors
      .map((t, i) =>
        t
          .square()
          .sum()
          .div(Math.max(1, t.size))
          .mul(1 + i / 3),
      ) // so that no symmetry cancels
      .reduce((a, b) => add(a, b))
  return (args: Args) => {
    const result = leaves(run(args, loop))
    const floats = result.filter(t => isFloat(t.dtype))
    const first = gradients(total(floats), args)
    return { result, first, second: second ? gradients(total(leaves(first)), args) : [] }
  }
}
