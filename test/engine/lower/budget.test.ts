import test from 'tape'
import { context } from '../../../engine/graph/context.js'
import { compile, explain, gradients, scan, type Tensor, tensor, zeros } from '../../../engine/index.js'
import { bytesOfPlan, megabytes, withinBudget } from '../../../engine/lower/budget.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholderOf } from './support.js'

test('a plan takes the bytes of its arguments, of results of their own, and of scratch', t => {
  const [w, g] = [placeholderOf(4, 4), placeholderOf(4, 4)]
  const next = w.sub(g.matmul(g).tanh())
  t.equal(bytesOfPlan(makePlan([next], [w, g])), 4 * 64, 'two arguments, a result, a product')
  t.equal(bytesOfPlan(makePlan([next], [w, g], new Set([w]))), 3 * 64, 'the result in place of an argument')
  t.equal(megabytes(1_234_567), '1.235 MB')
  t.equal(megabytes(123_456_789), '123 MB')
  t.end()
})

/** A trace whose plan takes so many bytes, by how often carries are kept in loops of 100 steps. */
const traceOf = (bytes: (every: number) => number) => () => {
  const every = context().checkpoints?.(100) ?? 100
  return { every, plan: { leaves: [], outputs: [], donor: [], scratch: [bytes(every)], launches: [] } }
}

test('the first policy that fits is taken: none, then checkpoints of fewer and fewer steps', t => {
  const tried: number[] = []
  const trace = traceOf(every => {
    tried.push(every)
    return every
  })
  t.equal(withinBudget(undefined, trace).every, 100, 'no budget: all is kept')
  t.equal(withinBudget(100, trace).every, 100)
  const some = withinBudget(30, trace).every
  t.ok(some <= 30 && some > 5, `${some} steps`)
  tried.length = 0
  const few = withinBudget(4, trace).every
  t.ok(few <= 4, `${few} steps`)
  t.deepEqual(
    tried,
    [...tried].sort((a, b) => b - a),
    `from many to few: ${tried}`,
  )
  t.ok(
    tried.every(every => 100 % every === 0),
    'pieces of one length',
  )
  t.equal(context().checkpoints, undefined, 'for the trace alone')
  t.end()
})

test('where no policy fits the error says what is needed at least', t => {
  t.throws(
    () =>
      withinBudget(
        1_000_000,
        traceOf(every => 2_000_000 + every),
      ),
    /^RangeError: compile: a memory budget of 1\.000 MB is too small: 2\.000 MB are needed at least, with checkpoints/,
  )
  t.equal(context().checkpoints, undefined)
  t.end()
})

const [steps, batch, hidden] = [60, 3, 8]
const lossGradient = (w: Tensor, xs: Tensor) => {
  const step = (h: Tensor, x: Tensor) => {
    const next = h.matmul(w).add(x).tanh().mul(x.sigmoid())
    return { carry: next.add(h).tanh(), out: next.sum(1) }
  }
  const { out } = scan(step, zeros([batch, hidden]), xs)
  return gradients(out.square().sum(), w)
}

test('a budget makes scans keep checkpoints, to the same gradients; plans are as large as they say, or smaller', async t => {
  const values = (length: number, f: (i: number) => number) => Float32Array.from({ length }, (_, i) => f(i))
  const w = tensor(
    values(hidden * hidden, i => Math.sin(i) / 3),
    { shape: [hidden, hidden] },
  )
  const xs = tensor(values(steps * batch * hidden, Math.cos), { shape: [steps, batch, hidden] })
  const bytes = (memory?: number) => {
    const text = explain(lossGradient, [w, xs], memory === undefined ? {} : { memory })
    return Number(/^total: .*; ([\d.]+) MB$/m.exec(text)![1]) * 1e6
  }
  const most = bytes()
  for (const memory of [most, most / 2, 16_000])
    t.ok(bytes(memory) <= memory, `${bytes(memory)} bytes within ${memory}`)
  const [all, some] = [compile(lossGradient), compile(lossGradient, { memory: 16_000 })]
  const [a, b] = [await all(w, xs).data(), await some(w, xs).data()]
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(1, Math.abs(x))))
  t.ok(worst < 1e-5, `largest difference ${worst}`)
  t.notOk(/^ {2}loop/m.test(all.explain()), 'without a budget no loop in a loop')
  t.ok(/^ {2}loop/m.test(some.explain()), 'with it, loops over pieces')
  t.throws(
    () => compile(lossGradient, { memory: 1000 })(w, xs),
    /a memory budget of 0\.001 MB is too small: 0\.\d+ MB are needed at least/,
  )
  for (const compiled of [all, some]) compiled.dispose()
})
