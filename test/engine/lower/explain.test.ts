import test from 'tape'
import { explain, gradients, runCell, scan, type Tensor, zeros } from '../../../engine/index.js'
import { lstm } from '../../../model/cells/lstm.js'
import { batch, hidden, lossGradient, parameters, xs } from './smallLstm.js'

test('explain says what a step of each loop consists of', t => {
  const text = explain(lossGradient, [parameters, xs])
  t.match(text, /^ {2}9 steps, each 1 matmul, 1 map$/m)
  t.match(text, /^ {2}9 steps in reverse, each 1 map, 1 matmul$/m)
  t.match(
    text,
    /^differentiate: the sum over steps of matmul float32 \[6,16\] leaves the loop as one operation$/m,
  )
  t.match(text, /^differentiate: sigmoid float32 \[3,4\] is kept for the backward loop/m)
  t.match(
    text,
    /^carry: the carry float32 \[3,4\] .* as a part of place float32 \[3,6\], which needs no copy$/m,
  )
  t.match(text, /^overlay: /m)
  t.end()
})

test('explain says what was not hoisted or fused, and why', t => {
  const text = explain(
    (w: Tensor, xs: Tensor) => {
      const step = (h: Tensor, x: Tensor) => {
        const gate = x.matmul(w.slice(0, 0, 2)).sigmoid()
        const mixed = h.add(gate).tanh().flip(0)
        const next = mixed.mul(w.sum(0)).add(mixed.exp().flip(1))
        return { carry: next, out: next }
      }
      const { out } = scan(step, zeros([batch, hidden]), xs)
      return gradients(out.sum(), w)
    },
    [zeros([hidden, hidden]), xs],
  )
  t.match(text, /^hoist: sigmoid float32 \[3,4\] depends on no carry: worked out before the loop/m)
  t.match(
    text,
    /^fuse: loop of 9 steps: tanh float32 \[3,4\] is written out: slice reads its elements in another/m,
  )
  t.end()
})

test('what only outputs are made of leaves the loop at its end', t => {
  const read = zeros([hidden, 2])
  const text = explain(
    (p: typeof parameters, xs: Tensor) => {
      const carry = { c: zeros([batch, hidden]), h: zeros([batch, hidden]) }
      return runCell(lstm, p, carry, xs, undefined, { read: h => h.matmul(read).add(1) }).out
    },
    [parameters, xs],
  )
  t.match(
    text,
    /^hoist: add float32 \[3,2\] feeds no carry: worked out after the loop, for all 9 steps at once$/m,
  )
  t.match(text, /^ {2}9 steps, each 1 matmul, 1 map$/m)
  t.match(text, /^matmul float32 batch \[\] 27x4 /m)
  t.end()
})

test('explain shows what every pass was given and made, when asked', t => {
  const [short, long] = [false, true].map(passes => explain(lossGradient, [parameters, xs], { passes }))
  t.notOk(/^simplify: in:/m.test(short))
  for (const pass of ['simplify', 'fuse', 'simplify: loop of 9 steps', 'overlay', 'share'])
    for (const side of ['in', 'out'])
      t.match(long, new RegExp(`^${pass}: ${side}:$`, 'm'), `${pass}, ${side}`)
  t.end()
})

test('explain follows checkpoints', t => {
  const text = explain(lossGradient, [parameters, zeros([60, batch, 2])], { memory: 16_000 })
  t.match(text, /^differentiate: a loop of 60 steps keeps its carries every \d+ steps$/m)
  t.match(
    text,
    /^differentiate: the sum over steps of matmul float32 \[6,16\] is added up in the loop: stacking/m,
  )
  t.end()
})
