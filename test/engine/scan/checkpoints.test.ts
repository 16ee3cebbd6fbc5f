import fc from 'fast-check'
import test from 'tape'
import { explain, gradients, scan, setDefaultDevice, type Tensor, zeros } from '../../../engine/index.js'
import type { Loop } from '../../../engine/testing/plainLoop.js'
import { testAgainstPlainLoop } from './property.js'

setDefaultDevice('reference')

/** Scans that keep their carries every so many steps. */
const checkpointed = fc.integer({ min: 1, max: 4 }).map(
  (checkpoint): Loop =>
    (step, init, xs, options) =>
      scan(step, init, xs, { ...options, checkpoint }),
)

testAgainstPlainLoop('a checkpointed scan', checkpointed, 40)

test('a number of steps between checkpoints is 1 or more', t => {
  const keep = (checkpoint: number) =>
    scan((h: Tensor, x: Tensor) => ({ carry: h, out: x }), zeros([2]), zeros([3, 2]), { checkpoint })
  for (const checkpoint of [0, -1, 1.5])
    t.throws(() => keep(checkpoint), /scan: checkpoint is .*; give a number of steps, 1 or more/)
  t.end()
})

test('a checkpointed scan keeps its carries alone, and says so', t => {
  const [steps, every] = [60, 10]
  const lossGradient = (w: Tensor, xs: Tensor) => {
    const step = (h: Tensor, x: Tensor) => ({ carry: h.matmul(w).add(x).tanh(), out: h })
    return gradients(scan(step, zeros([2, 4]), xs, { checkpoint: every }).carry.sum(), w)
  }
  const text = explain(lossGradient, [zeros([4, 4]), zeros([steps, 2, 4])])
  t.match(text, /^differentiate: a loop of 60 steps keeps its carries every 10 steps$/m)
  t.match(text, /^ {2}6 steps/m, 'six pieces')
  t.match(text, /^ {4}10 steps/m, 'of ten steps each')
  t.end()
})
