import test from 'tape'
import { device, dispose, realise, reportLeaks, scope, tensor } from '../../engine/index.js'

test('a scope leaves nothing behind', async t => {
  const before = device().stats()
  await scope(async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    await x.matmul(x).tanh().data()
  })
  t.deepEqual(device().stats(), before)
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

test('an open scope takes what other code makes meanwhile, and its end says so', async t => {
  let finish = () => {}
  const working = scope(() => new Promise<void>(resolve => (finish = resolve)))
  const other = tensor([1]).add(1)
  realise([other])
  finish()
  await working
  const failure = await other.data().catch((error: Error) => error.message)
  t.match(String(failure), /has no value: the scope that was open when it was made has ended; return it/)
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

test('scopes free what they do not return; the leak reporter names what is left', async t => {
  const before = device('wasm').stats()
  const kept = await scope(async () => {
    const a = tensor([1, 2])
    const b = a.add(1)
    await b.data()
    return { b }
  })
  t.deepEqual(device('wasm').stats(), { buffers: before.buffers + 1, bytes: before.bytes + 8 })
  kept.b.dispose()
  t.deepEqual(device('wasm').stats(), before)

  const leaks = reportLeaks()
  const leak = tensor([1, 2, 3])
  await leak.add(1).data()
  const found = leaks()
  t.equal(found.length, 2, 'the data and the sum')
  t.match(found[0], /float32 \[3\]: 12 bytes, made at .*scope\.test\.js/)
})
