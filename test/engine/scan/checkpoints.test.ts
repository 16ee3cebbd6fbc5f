import fc from 'fast-check'
import test from 'tape'
import {
  compile,
  gradients,
  scan,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../../engine/index.js'
import type { Loop } from '../../../engine/testing/generators/index.js'
import { testAgainstPlainLoop } from './property.js'

setDefaultDevice('reference')

/** Scans that keep their carries every so many steps. */
const checkpointed = fc.integer({ min: 1, max: 4 }).map(
  (checkpoint): Loop =>
    (step, init, xs, reverse) =>
      scan(step, init, xs, { reverse, checkpoint }),
)

testAgainstPlainLoop('a checkpointed scan', checkpointed, 60)

test('a memory budget makes scans keep checkpoints, and one that is too small is refused', async t => {
  const [steps, batch, hidden] = [60, 3, 8]
  const w = tensor(
    Float32Array.from({ length: hidden * hidden }, (_, i) => Math.sin(i) / 3),
    { shape: [hidden, hidden] },
  )
  const xs = tensor(
    Float32Array.from({ length: steps * batch * hidden }, (_, i) => Math.cos(i)),
    { shape: [steps, batch, hidden] },
  )
  const within = (memory: number) => {
    const options = { device: 'wasm', ...(memory < Number.POSITIVE_INFINITY && { memory }) }
    return compile((w: Tensor, xs: Tensor) => {
      const step = (h: Tensor, x: Tensor) => {
        const next = h.matmul(w).add(x).tanh().mul(x.sigmoid())
        return { carry: next.add(h).tanh(), out: next.sum(1) }
      }
      const { out } = scan(step, zeros([batch, hidden]), xs)
      return gradients(out.square().sum(), w)
    }, options)
  }
  const [all, some] = [within(Number.POSITIVE_INFINITY), within(16_000)]
  const [a, b] = [await all(w, xs).data(), await some(w, xs).data()]
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(1, Math.abs(x))))
  t.ok(worst < 1e-5, `largest difference ${worst}`)
  t.notOk(/^ {2}loop/m.test(all.explain()), 'without a budget no loop in a loop')
  t.ok(/^ {2}loop/m.test(some.explain()), 'with it, loops over pieces')
  t.throws(
    () => within(1000)(w, xs),
    /a memory budget of 0\.001 MB is too small: 0\.\d+ MB are needed at least/,
  )
  t.throws(
    () => scan((h: Tensor, x: Tensor) => ({ carry: h, out: x }), w, xs, { checkpoint: 0 }),
    /give a number/,
  )
  t.end()
})
