import test from 'tape'
import { compile, concat, scan, type Tensor, tensor, zeros } from '../../../engine/index.js'
import type { LoopKernel } from '../../../engine/kernel/kernel.js'
import { writtenArguments } from '../../../engine/kernel/operands.js'
import { bodyOf, kernelsOf, kindsOf, loopsOf, placeholderOf } from './support.js'

const [steps, rows, width] = [7, 3, 4]
const xs = () => placeholderOf(steps, rows, width)
const h0 = () => placeholderOf(rows, width)
/** Bytes of one step's row. */
const row = 4 * rows * width

/** What each argument of the first kernel of a loop's body does, by its buffers. */
const argumentsOf = ({ body: [{ kernel, args }] }: LoopKernel) =>
  args.map(({ even, odd, stride }, i) => ({
    written: writtenArguments(kernel).has(i),
    alternates: even !== odd,
    stride,
  }))

test('a carry that is only wanted at the end alternates between two buffers', t => {
  const { carry } = scan((h: Tensor, x: Tensor) => ({ carry: h.mul(x).add(h.flip(0)), out: x }), h0(), xs())
  const [loop] = loopsOf(kernelsOf(carry))
  t.equal(loop.steps, steps)
  const alternating = argumentsOf(loop).filter(({ alternates }) => alternates)
  t.ok(alternating.some(({ written }) => written) && alternating.some(({ written }) => !written))
  t.ok(alternating.every(({ stride }) => stride === 0))
  t.ok(loop.bytes.filter(bytes => bytes === row).length >= 2)
  t.end()
})

test('a sum over steps is added to in place', t => {
  const { carry } = scan((sum: Tensor, x: Tensor) => ({ carry: sum.add(x), out: x }), h0(), xs())
  const [loop] = loopsOf(kernelsOf(carry))
  t.deepEqual(
    argumentsOf(loop),
    [
      { written: false, alternates: false, stride: 0 },
      { written: false, alternates: false, stride: row },
      { written: true, alternates: false, stride: 0 },
    ],
    'one buffer, and a row of xs',
  )
  t.deepEqual(
    [...loop.bytes].sort((a, b) => a - b),
    [row, steps * row],
  )
  t.end()
})

test('the history of a carry is its memory: a row of it is read, the next one written, and nothing is copied', t => {
  const step = (h: Tensor, x: Tensor) => {
    const next = h.mul(x).tanh()
    return { carry: next, out: { before: h, after: next } }
  }
  for (const reverse of [false, true]) {
    const result = scan(step, h0(), xs(), { reverse })
    const kernels = kernelsOf([result.carry, result.out.before.sum(0), result.out.after.sum(0)])
    const [loop] = loopsOf(kernels)
    t.equal(loop.reverse, reverse)
    t.equal(bodyOf(loop), 'map')
    t.ok(loop.bytes.includes((steps + 1) * row), 'a row more than steps')
    const history = loop.body[0].args.filter(({ even }) => loop.bytes[even] === (steps + 1) * row)
    t.deepEqual(
      history.map(({ offset }) => offset),
      reverse ? [row, 0] : [0, row],
      'read, written',
    )
    t.ok(history.every(({ stride }) => stride === row))
  }
  t.end()
})

test('a concatenation of the carry with inputs of the step is the memory of both', t => {
  const w = placeholderOf(2 * width, width)
  const { out } = scan(
    (h: Tensor, x: Tensor) => {
      const both = concat([x, h], 1)
      return { carry: both.matmul(w).tanh(), out: both }
    },
    h0(),
    xs(),
  )
  const [loop] = loopsOf(kernelsOf(out.sum(0)))
  t.equal(bodyOf(loop), 'matmul map', 'no copies')
  t.ok(loop.bytes.includes(2 * (steps + 1) * row))
  t.end()
})

test('steps are rows of their input, where it lies; what has no rows is copied once, before the loop', t => {
  const last = (x: Tensor, options = {}) =>
    kindsOf(
      kernelsOf(
        scan((h: Tensor, v: Tensor) => ({ carry: h.mul(v).add(h.flip(0)), out: h }), h0(), x, options).carry,
      ),
    )
  const whole = placeholderOf(steps + 2, rows, 2 * width)
  const plain = last(xs())
  t.equal(last(whole.slice(0, 1, steps + 1).slice(2, width)), plain, 'a part of larger rows')
  t.equal(last(placeholderOf(rows, width).expand(steps, rows, width)), plain, 'the same row at each step')
  t.equal(last(xs().slice(0, 0, steps)), plain)
  t.equal(last(xs().flip(0)), `map ${plain}`, 'rows from the last to the first')
  t.equal(last(placeholderOf(rows, steps, width).permute(1, 0, 2)), `map ${plain}`, 'steps inside of rows')
  const windows = placeholderOf(steps + 1, width).windows(0, 2)
  const { carry } = scan(
    (h: Tensor, x: Tensor) => ({ carry: h.mul(x).add(h.flip(0)), out: h }),
    placeholderOf(width, 2),
    windows,
  )
  t.equal(kindsOf(kernelsOf(carry)), `map ${plain}`, 'rows that overlap')
  t.end()
})

test('an array of each step is one for all steps where nobody asks for them, of one size for what shares it', t => {
  const [w, v] = [placeholderOf(width, width), placeholderOf(width, width)]
  const { carry } = scan(
    (h: Tensor, x: Tensor) => ({ carry: h.matmul(w).tanh().matmul(v).add(x).tanh(), out: h }),
    h0(),
    xs(),
  )
  const [loop] = loopsOf(kernelsOf(carry))
  t.equal(bodyOf(loop), 'matmul map matmul map')
  const temporaries = loop.bytes.filter(bytes => bytes === row)
  t.ok(temporaries.length <= 4, `${temporaries.length} buffers of a row: two carries, two products`)
  t.end()
})

test('a loop in a loop is a loop of the body', t => {
  const { carry } = scan(
    (h: Tensor, x: Tensor) => {
      const inner = scan((g: Tensor, y: Tensor) => ({ carry: g.mul(y).tanh(), out: g }), h, x)
      return { carry: inner.carry, out: h }
    },
    h0(),
    placeholderOf(steps, 5, rows, width),
  )
  const [outer] = loopsOf(kernelsOf(carry))
  const inner = loopsOf(outer.body.map(({ kernel }) => kernel))
  t.deepEqual([outer.steps, ...inner.map(loop => loop.steps)], [steps, 5])
  t.end()
})

test('a loop of no steps hands on what it is given', async t => {
  const run = compile((h: Tensor, x: Tensor) =>
    scan((g: Tensor, y: Tensor) => ({ carry: g.add(y), out: g.mul(y) }), h, x),
  )
  const result = run(tensor([1, 2]), zeros([0, 2]))
  t.deepEqual(await result.carry.array(), [1, 2])
  t.deepEqual(result.out.shape, [0, 2])
  run.dispose()
})
