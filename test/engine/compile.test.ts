import fc from 'fast-check'
import test from 'tape'
import {
  adam,
  adamState,
  arange,
  compile,
  device,
  dispose,
  gradients,
  initialCarry,
  initialParameters,
  leaves,
  randomKey,
  realise,
  runCell,
  scan,
  scope,
  type Tensor,
  tensor,
  uniform,
} from '../../engine/index.js'
import { firstDifferenceOfTrees } from '../../engine/testing/compare.js'
import { drawProgram, valuesAndGradients } from '../../engine/testing/generators/index.js'
import { drawWith } from '../../engine/testing/index.js'
import { lstm } from '../../model/cells/lstm.js'
import { runs } from '../effort.js'

const twice = () => compile(({ x }: { x: Tensor }) => x.mul(2).add(1))

test('compile traces once per combination of shapes and dtypes', async t => {
  const f = twice()
  t.deepEqual(await f({ x: tensor([1, 2]) }).array(), [3, 5])
  t.deepEqual(await f({ x: tensor([5, 6]) }).array(), [11, 13])
  t.equal(f.traces, 1)
  t.deepEqual(await f({ x: tensor([1, 2, 3]) }).array(), [3, 5, 7])
  t.deepEqual(await f({ x: tensor([1], { dtype: 'int32' }) }).array(), [3])
  t.equal(f.traces, 3)
  t.match(f.explain(), /map \[2\]/)
  f.dispose()
})

test('donated tensors are updated in place and have no value afterwards', async t => {
  const step = compile((w: Tensor, g: Tensor) => w.sub(g.mul(0.5)), { donate: [0] })
  const g = tensor([2, 4])
  let w = tensor([1, 1])
  w = step(w, g)
  const after = device('wasm').stats()
  const old = w
  for (let i = 0; i < 10; i++) w = step(w, g)
  t.deepEqual(device('wasm').stats(), after, 'no memory is taken')
  t.deepEqual(await w.array(), [-10, -21])
  const gone = await old.data().catch((e: Error) => e.message)
  t.match(String(gone), /has no value: it was donated to a compiled function; use what the function returned/)
})

test('a donated value that is read late is read before it is overwritten', async t => {
  for (const name of ['wasm', 'reference']) {
    // The new w is ready before the old one is last used: by another shape, and by a product.
    const step = compile(
      ({ w, v }: { w: Tensor; v: Tensor }) => {
        const next = w.add(1)
        return { w: next, v: v.add(w.transpose().matmul(next).sum()).add(w.flip(0).mul(next).sum()) }
      },
      { donate: [0], device: name },
    )
    const result = step({
      w: tensor([
        [1, 2],
        [3, 4],
      ]),
      v: tensor(0),
    })
    t.deepEqual(
      await result.w.array(),
      [
        [2, 3],
        [4, 5],
      ],
      name,
    )
    const product = 1 * 2 + 3 * 4 + 1 * 3 + 3 * 5 + 2 * 2 + 4 * 4 + 2 * 3 + 4 * 5
    const flipped = 3 * 2 + 4 * 3 + 1 * 4 + 2 * 5
    t.equal(await result.v.item(), product + flipped, name)
  }
})

test('donating changes no result of a random program', async t => {
  for (const [device, dtype] of [
    ['reference', 'float64'],
    ['wasm', 'float32'],
  ] as const) {
    const property = fc.asyncProperty(fc.gen(), fc.nat(), async (gen, seed) => {
      const program = drawProgram(drawWith(fc, gen), seed, dtype)
      // The gradients have the shapes of the arguments, so that they take their memory.
      const kept = compile(valuesAndGradients(program, scan), { device })
      const donated = compile(valuesAndGradients(program, scan), { device, donate: [0] })
      const args = program.args()
      const [a, b] = [kept(args), donated(program.args())]
      const wrong = await firstDifferenceOfTrees(a, b, 0, 'without donating')
      if (wrong) throw new Error(wrong)
      dispose([a, b, args])
      kept.dispose()
      donated.dispose()
    })
    await fc.assert(property, { numRuns: runs(60), includeErrorInReport: true })
    t.pass(device)
  }
})

test('what is donated and nobody takes is given back', async t => {
  const before = device('wasm').stats()
  const f = compile((big: Tensor) => big.sum(), { donate: [0] })
  const x = tensor([1, 2, 3])
  const y = f(x)
  t.equal(await y.item(), 6)
  y.dispose()
  f.dispose()
  t.deepEqual(device('wasm').stats(), before)
})

test('a donated value that is written backwards is read before', async t => {
  const twice = (w: Tensor) => gradients(w.flip(0).mul(w.mul(2).detach()).sum(), w)
  for (const device of ['wasm', 'reference']) {
    const f = compile(twice, { device, donate: [0] })
    t.deepEqual(await f(arange(9, 'float32')).array(), [16, 14, 12, 10, 8, 6, 4, 2, 0], device)
  }
})

test('donated tensors may change places', async t => {
  const swap = compile(({ a, b }: { a: Tensor; b: Tensor }) => ({ a: b.mul(10), b: a }), { donate: [0] })
  const result = swap({ a: tensor([1, 2]), b: tensor([3, 4]) })
  t.deepEqual(
    [await result.a.array(), await result.b.array()],
    [
      [30, 40],
      [1, 2],
    ],
  )
})

test('a donated tensor must not be used twice in a call', t => {
  const f = compile((a: Tensor, b: Tensor) => a.add(b), { donate: [0] })
  const x = tensor([1, 2])
  t.throws(() => f(x, x), /a donated tensor is also used elsewhere in the same call/)
  t.end()
})

test('a traced tensor has no value', async t => {
  let leaked: Tensor | undefined
  const f = compile((x: Tensor) => {
    leaked = x.add(1)
    return leaked
  })
  f(tensor(1))
  const message = await leaked!.data().catch((e: Error) => e.message)
  t.match(
    String(message),
    /belongs to the trace of a compiled function or scan; it has no value outside of it/,
  )
})

test('tensors from outside are used by reference', async t => {
  const w = tensor([1, 2])
  const f = compile((x: Tensor) => x.mul(w))
  t.deepEqual(await f(tensor([1, 1])).array(), [1, 2])
  w.assign(new Float32Array([5, 6]))
  t.deepEqual(await f(tensor([1, 1])).array(), [5, 6])
})

test('disposing of a compiled function gives its memory back', async t => {
  const before = device('wasm').stats()
  const f = compile((x: Tensor) => gradients(x.matmul(x).tanh().sum(), x))
  const x = tensor([
    [1, 2],
    [3, 4],
  ])
  const y = f(x)
  f.dispose()
  await y.data()
  y.dispose()
  x.dispose()
  t.deepEqual(device('wasm').stats(), before)
})

test('one graph is computed on one device', async t => {
  const x = tensor([1, 2])
  await x.add(1).data()
  const f = compile((a: Tensor) => a.add(1), { device: 'reference' })
  t.throws(() => f(x), /is on device 'wasm', but 'reference' is to compute with it/)
})

test('to read what is on the host moves it to no device', async t => {
  const x = tensor([1, 2])
  const values = await x.data()
  values[0] = 7
  const f = compile((a: Tensor) => a.add(1), { device: 'reference' })
  t.deepEqual([...(await f(x).data())], [2, 3], 'and gives a copy')
})

for (const name of ['wasm', 'reference'])
  test(`a training loop of 1,000 steps takes no memory after its first, on ${name}`, async t => {
    const runtime = device(name)
    const before = runtime.stats()
    const [steps, batch, input, hidden] = [3, 2, 2, 3]
    const start = scope(() => {
      const parameters = initialParameters(lstm, { input, hidden }, randomKey(1))
      const made = {
        state: { parameters, optimiser: adamState(parameters) },
        xs: uniform(randomKey(2), [steps, batch, input]),
        key: randomKey(3),
      }
      realise(leaves(made), runtime)
      return made
    })
    const train = compile(
      ({ parameters, optimiser }: typeof start.state, xs: Tensor, key: Tensor) => {
        const noise = { rate: 0.2, key }
        const { out } = runCell(lstm, parameters, initialCarry(lstm, batch, hidden), xs, noise)
        const loss = out.sub(xs.mean(2, true)).square().mean()
        const next = adam(parameters, gradients(loss, parameters), optimiser, { learningRate: 0.01 })
        return { state: { parameters: next.parameters, optimiser: next.state }, loss }
      },
      { device: name, donate: [0] },
    )
    let { state } = start
    const { xs, key } = start
    const losses: number[] = []
    let after: ReturnType<typeof runtime.stats> | undefined
    // Data is fed by overwriting, so that a step makes no tensor but its loss.
    for (let step = 0; step < 1000; step++) {
      key.assign(new Int32Array([step, 3]))
      const { state: next, loss } = train(state, xs, key)
      state = next
      losses.push(await loss.item())
      loss.dispose()
      after ??= runtime.stats()
      if (runtime.stats().buffers !== after.buffers || runtime.stats().bytes !== after.bytes)
        return t.fail(`step ${step}: ${JSON.stringify(runtime.stats())}, was ${JSON.stringify(after)}`)
    }
    t.deepEqual(runtime.stats(), after, JSON.stringify(after))
    t.ok(losses[999] < losses[0] / 4, `the loss falls from ${losses[0]} to ${losses[999]}`)
    dispose([state, xs, key])
    train.dispose()
    t.deepEqual(runtime.stats(), before, 'all is given back')
  })
