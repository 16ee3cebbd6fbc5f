import test from 'tape'
import {
  compile,
  concat,
  gradients,
  registerDevice,
  scan,
  type Tensor,
  tensor,
  uniformAt,
  zeros,
} from '../../../../../engine/index.js'
import { initialState, makeTrainStep, shippedCells } from '../../../../../model/index.js'
import { tinyData } from '../../../../model/tinyData.js'
import { difference, draw, openWasm } from '../support.js'

for (const threads of [1, 2, 4]) registerDevice(`wasm${threads}`, () => openWasm({ threads }))

test('shares: a loop that mixes rows of the batch is right for any number of threads', async t => {
  const body = (h: Tensor, x: Tensor) => {
    const next = h.add(x).add(h.flip(0)).tanh().add(h.sum(0, true).mul(0.01))
    return { carry: next, out: next }
  }
  const xs = Float32Array.from({ length: 30 * 64 * 32 }, (_, i) => uniformAt([5, 6], 0, i))
  const values = await Promise.all(
    ['wasm1', 'wasm2', 'wasm4', 'reference'].map(async device => {
      const f = compile((x: Tensor, h: Tensor) => scan(body, h, x).out, { device })
      const y = f(tensor(xs, { shape: [30, 64, 32] }), tensor(new Float32Array(64 * 32), { shape: [64, 32] }))
      return y.data()
    }),
  )
  const [one, two, four, want] = values
  t.deepEqual(two, one, '2 threads')
  t.deepEqual(four, one, '4 threads')
  t.ok(difference(one, want) < 1e-5, 'as the reference')
})

test('shares: a loop in pieces, iteration by iteration, gives the same bits', async t => {
  const [steps, batch, hidden] = [24, 32, 64]
  const values = await Promise.all(
    [1, 2, 4].map(async threads => {
      const f = compile(
        (w: Tensor, xs: Tensor) => {
          const step = (h: Tensor, x: Tensor) => {
            const next = h.matmul(w).add(x).tanh()
            return { carry: next, out: next }
          }
          const { out } = scan(step, zeros([batch, hidden]), xs, { checkpoint: 5 })
          return gradients(out.square().mean(), { w, xs })
        },
        { device: `wasm${threads}` },
      )
      const result = f(draw([hidden, hidden], 1), draw([steps, batch, hidden], 2))
      return { w: await result.w.data(), xs: await result.xs.data() }
    }),
  )
  t.ok(values[0].w.some(x => x !== 0))
  t.deepEqual(values[1], values[0], '2 threads')
  t.deepEqual(values[2], values[0], '4 threads')
})

test('shares: 1, 2 and 4 threads give the same bits in training, and in single operations', async t => {
  const data = tinyData(33, 40)
  for (const cell of await shippedCells()) {
    const runs = await Promise.all(
      [1, 2, 4].map(async threads => {
        const options = {
          cell,
          hidden: 24,
          learningRate: 0.01,
          dropoutRate: 0.1,
          regulariserType: 'l2' as const,
          regulariserWeight: 1e-4,
          seed: 1,
          device: `wasm${threads}`,
        }
        const step = makeTrainStep(options)
        let state = initialState(options)
        const losses: number[] = []
        for (let i = 0; i < 5; i++) {
          const result = await step(state, tensor(data.batch(i), { shape: [33, 40] }))
          state = result.state
          losses.push(result.metrics.loss_total)
        }
        const parameters = await Promise.all(Object.values(state.parameters.cell).map(p => p.data()))
        return { losses, parameters }
      }),
    )
    t.deepEqual(runs[1], runs[0], `${cell.name}: two threads`)
    t.deepEqual(runs[2], runs[0], `${cell.name}: four threads`)
  }
  const random = (shape: number[], seed: number) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { values: Float32Array.from({ length: size }, (_, i) => uniformAt([seed, 7], 0, i) - 0.5), shape }
  }
  const a = random([203, 301], 1)
  const b = random([301, 97], 2)
  const [u, v] = [random([1301, 61], 3), random([1301, 300], 4)]
  const operations: ((x: Tensor, y: Tensor, u: Tensor, v: Tensor) => Tensor)[] = [
    (x, y) => x.matmul(y),
    (x, y) => y.transpose().matmul(x.transpose()),
    x => x.transpose().matmul(x),
    x => x.tanh().add(x.flip(0)).mul(2),
    x => x.exp().sum(1),
    x => x.sum(0),
    x => concat([x, x.neg()], 1),
    x => x.max(1),
    // As gradients of weights: sums over many rows, of outputs of two widths.
    (_x, _y, u, v) => u.transpose().matmul(v),
    (_x, _y, u, v) => v.transpose().matmul(u),
  ]
  for (const [i, operation] of operations.entries()) {
    const results: unknown[] = []
    for (const threads of [1, 2, 4]) {
      const f = compile(operation, { device: `wasm${threads}` })
      const load = (given: typeof a) => tensor(given.values, given)
      results.push(await f(load(a), load(b), load(u), load(v)).data())
    }
    t.deepEqual(results[1], results[0], `operation ${i}: two threads`)
    t.deepEqual(results[2], results[0], `operation ${i}: four threads`)
  }
})
