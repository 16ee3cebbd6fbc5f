import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import {
  compile,
  constant,
  type Device,
  device,
  dispose,
  openDevice,
  realise,
  registerDevice,
  type Tensor,
  tensor,
} from '../../../engine/index.js'

/** The reference device: how many kernels it has run, and for how many allocations there is memory. */
const observed = { runs: 0, allocationsLeft: Number.POSITIVE_INFINITY }
registerDevice('observed', (): Device => {
  const reference = referenceDevice()
  return {
    ...reference,
    alloc(bytes) {
      if (observed.allocationsLeft-- <= 0) throw new RangeError('out of memory')
      return reference.alloc(bytes)
    },
    run(program, args) {
      observed.runs++
      reference.run(program, args)
    },
  }
})

test('a value is computed once, with others that are asked for at the same time', async t => {
  const runtime = await openDevice('observed')
  const x = tensor([1, 2])
  const y = x.exp()
  const z = y.add(1)
  observed.runs = 0
  realise([y, z, y], runtime)
  t.equal(observed.runs, 1, 'one map for both')
  realise([y, z], runtime)
  await y.data()
  t.equal(observed.runs, 1, 'and never again')
  realise([z.mul(2)], runtime)
  t.equal(observed.runs, 2, 'what is made of it begins there')
  t.end()
})

test('nothing is computed before a value is asked for', async t => {
  const runtime = await openDevice('observed')
  const { buffers } = runtime.stats()
  observed.runs = 0
  const y = tensor([1, 2]).mul(3).sum()
  t.deepEqual([observed.runs, runtime.stats().buffers], [0, buffers])
  t.equal(y.storage, undefined)
  t.end()
})

test('constants take memory only when they are asked for by themselves', async t => {
  const runtime = await openDevice('observed')
  const { bytes } = runtime.stats()
  const x = tensor([1, 2])
  const y = x.add(constant(5))
  realise([y], runtime)
  t.equal(runtime.stats().bytes, bytes + 16)
  dispose([x, y])
  t.equal(runtime.stats().bytes, bytes)
  t.end()
})

test('values stay on the device on which they are', async t => {
  const there = await tensor([1, 2]).to('observed')
  const sum = there.add(1)
  realise([sum])
  t.equal(sum.storage?.memory.name, 'observed', 'without being told')
  t.deepEqual(await sum.array(), [2, 3])
  dispose([there, sum])
})

test('a computation that fails takes no memory, wherever it runs out of it', async t => {
  const runtime = await openDevice('observed')
  const values = Float32Array.from({ length: 16 }, (_, i) => i)
  // Products need scratch memory between them, reductions of several inputs a result of their own.
  const compute = (x: Tensor) => [x.matmul(x).tanh().matmul(x), x.exp().sum(1)]
  let failures = 0
  for (let allocations = 0; ; allocations++) {
    const x = tensor(values, { shape: [4, 4] })
    realise([x], runtime)
    const before = runtime.stats()
    const results = compute(x)
    observed.allocationsLeft = allocations
    let failed = false
    try {
      realise(results, runtime)
    } catch (error) {
      failed = true
      if (!/out of memory/.test(String(error))) throw error
    }
    observed.allocationsLeft = Number.POSITIVE_INFINITY
    if (failed) {
      failures++
      t.deepEqual(runtime.stats(), before, `after ${allocations} allocations`)
      t.ok(results.every(r => r.storage === undefined))
    }
    realise(results, runtime)
    t.ok((await results[0].data()).every(Number.isFinite), 'it can be tried again')
    dispose([x, results])
    if (!failed) break
  }
  t.ok(failures >= 3, `${failures} allocations`)
})

test('a compiled function that runs out of memory for its results takes none, and can be called again', async t => {
  const runtime = await openDevice('observed')
  const x = tensor([1, 2])
  realise([x], runtime)
  const before = runtime.stats()
  const f = compile((a: Tensor) => [a.exp(), a.sum(), a.mul(2)], { device: 'observed' })
  dispose(f(x))
  const kept = [f(x), f(x)]
  // What there was memory for is there at the next call, so that each gets one result further.
  for (const allocations of [0, 1, 1]) {
    observed.allocationsLeft = allocations
    t.throws(() => f(x), /out of memory/)
    observed.allocationsLeft = Number.POSITIVE_INFINITY
  }
  const [, sum] = f(x)
  t.equal(await sum.item(), 3)
  f.dispose()
  dispose(kept)
  t.equal(runtime.stats().buffers, before.buffers + 3, 'the last results')
})

test('a value that is gone says why', async t => {
  const x = tensor([1, 2])
  x.dispose()
  const failure = (y: Tensor) => y.data().then(() => 'a value', String)
  t.match(await failure(x), /data float32 \[2\] has no value: it was disposed of/)
  t.match(await failure(x.add(1)), /has no value: it was disposed of/)
  t.throws(() => realise([x], device()), /it was disposed of/)
})
