import test from 'tape'
import {
  adam,
  adamState,
  compile,
  defineCell,
  device,
  dispose,
  gradients,
  initialCarry,
  initialParameters,
  leaves,
  randomKey,
  realise,
  runCell,
  scope,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from '../../engine/index.js'
import { hostData } from '../../engine/ops/source.js'
import { lstm } from '../../model/cells/lstm.js'

for (const name of ['wasm', 'reference'])
  test(`a training loop of 1,000 steps takes no memory after its first, on ${name}`, async t => {
    const runtime = device(name)
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
    t.deepEqual(runtime.stats(), { buffers: 0, bytes: 0 }, 'all is given back')
  })

test('a value that a device has is not kept on the host as well', async t => {
  const x = tensor([1, 2, 3])
  t.deepEqual([...(hostData(x) ?? [])], [1, 2, 3])
  realise([x])
  t.equal(hostData(x), undefined)
  t.deepEqual(await x.add(1).array(), [2, 3, 4])
  t.deepEqual(await x.array(), [1, 2, 3])
  x.dispose()
})

test('a scope computes what it returns before it frees what that needs', async t => {
  const before = device().stats().buffers
  const y = await scope(async () => {
    const x = tensor([1, 2]).mul(2)
    await x.data()
    return { sum: x.add(1), same: x.reshape(2, 1) }
  })
  t.deepEqual(
    [await y.sum.array(), await y.same.array()],
    [
      [3, 5],
      [[2], [4]],
    ],
  )
  dispose(y)
  t.equal(device().stats().buffers, before)
})

test('scopes in scopes hand on what they return', async t => {
  const before = device().stats().buffers
  const total = await scope(async () => {
    const inner = scope(() => {
      const a = tensor([1, 2]).mul(3)
      realise([a])
      const b = a.add(1)
      realise([b])
      return b
    })
    t.deepEqual(await inner.array(), [4, 7])
    return inner.sum().item()
  })
  t.equal(total, 11)
  t.equal(device().stats().buffers, before)
})

test('a scope that fails frees all the same', async t => {
  const before = device().stats().buffers
  const fail = () => {
    realise([tensor([1, 2]).add(1)])
    throw new Error('no')
  }
  t.throws(() => scope(fail), /no/)
  await scope(async () => fail()).catch(() => {})
  t.equal(device().stats().buffers, before)
})

test('a tensor of a constant that is assigned to has that value from then on', async t => {
  const z = zeros([3])
  z.assign(new Float32Array([1, 2, 3]))
  t.deepEqual(await z.array(), [1, 2, 3])
  t.deepEqual(await tensor([1, 1, 1]).add(z).array(), [2, 3, 4])
  t.deepEqual(await z.slice(0, 1).mul(2).array(), [4, 6])
  const add = compile((x: Tensor) => x.add(z))
  t.deepEqual(await add(tensor([1, 1, 1])).array(), [2, 3, 4])
  z.assign(new Float32Array([0, 0, 9]))
  t.deepEqual(await add(tensor([1, 1, 1])).array(), [1, 1, 10])
})

test('graphs of tens of thousands of operations, deep and wide', async t => {
  const x = tensor([1, 2])
  let y = x
  for (let i = 0; i < 10000; i++) y = y.mul(0.999).add(0.001)
  t.deepEqual(
    [...(await y.sub(1).data())].map(v => Math.round(v * 1e3)),
    [0, 0],
    'pass by pass',
  )
  const g = await gradients(y.sum(), x).data()
  t.ok(
    g.every(v => Math.abs(v - 0.999 ** 10000) < 1e-6),
    `derivative ${g[0]}`,
  )
  // A node that is used twice by one that is used twice by …: it must be visited once.
  const cell = defineCell({
    name: 'doubling',
    parameters: () => ({ w: [1, 1], scale: [1] }),
    carry: ['h'],
    step: ({ w, scale }, { h }, input) => {
      let [a, b] = [input.matmul(w), scale]
      for (let i = 0; i < 60; i++) {
        a = a.mul(a).tanh().add(a.mul(0.1))
        b = b.add(b.mul(input.sum())).mul(0.5)
      }
      return { carry: { h: h.mul(b).add(a).tanh() }, out: h }
    },
  })
  const p = { w: tensor([[0.5]]), scale: tensor([0.3]) }
  const { out } = runCell(cell, p, { h: tensor([[1]]) }, tensor([[[1]], [[0.5]]]))
  const slopes = gradients(out.sum(), p)
  t.ok(Number.isFinite(await slopes.w.item()) && Number.isFinite(await slopes.scale.item()), 'terminates')
})
