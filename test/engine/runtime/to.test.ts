import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import {
  closeDevice,
  compile,
  concat,
  device,
  openDevice,
  realise,
  registerDevice,
  scan,
  type Tensor,
  tensor,
} from '../../../engine/index.js'

registerDevice('other', async () => referenceDevice())

const failure = (computing: Promise<unknown>): Promise<string> => computing.then(() => 'no failure', String)

test('to copies a value to another device, which is opened if need be', async t => {
  const before = device('wasm').stats()
  const x = tensor([1, 2, 3]).mul(2)
  const y = await x.to('other')
  t.equal(y.storage?.memory.name, 'other')
  t.deepEqual(await y.add(1).array(), [3, 5, 7])
  t.deepEqual(await x.add(1).array(), [3, 5, 7], 'the first stays where it is')
  const again = await (await y.to('wasm')).to('wasm')
  t.deepEqual(await again.array(), [2, 4, 6])
  const integers = await tensor([1, 2], { dtype: 'int32' }).to('other')
  t.deepEqual(await integers.array(), [1, 2])
  t.equal(integers.dtype, 'int32')
  y.dispose()
  t.match(await failure(y.to('wasm')), /has no value: it was disposed of/)
  t.match(await failure(x.to('abacus')), /device 'abacus' is not known/)
  t.ok(device('wasm').stats().buffers > before.buffers)
})

test('two devices in one graph are an error that names both, whichever way the graph is run', async t => {
  await openDevice('other')
  const here = tensor([1, 2])
  realise([here], device('wasm'))
  const there = await tensor([3, 4]).to('other')
  const message =
    /is on device '(wasm|other)', but '(wasm|other)' is to compute with it; copy it with await t\.to\('/
  const mixed = () => here.add(there)
  t.match(await failure(mixed().data()), message, 'data')
  t.match(await failure(concat([here, there]).array()), message, 'array')
  t.match(await failure(mixed().sum().item()), message, 'item')
  t.match(await failure(mixed().ndarray()), message, 'ndarray')
  t.match(await failure(mixed().to('other')), message, 'to')
  t.throws(() => realise([mixed()]), message, 'realise')
  t.throws(() => realise([there.add(1)], device('wasm')), message, 'realise on a device')
  t.throws(() => mixed().assign(new Float32Array(2)), message, 'assign')
  const loop = () => scan((h: Tensor, x: Tensor) => ({ carry: h.add(x), out: h }), here.sum(), there)
  t.throws(() => realise([loop().carry]), message, 'scan')
  const f = compile((a: Tensor, b: Tensor) => a.add(b), { device: 'other' })
  t.throws(() => f(here, there), message, 'an argument of a compiled function')
  t.throws(() => f(here.mul(2), there), message, 'an argument that is not computed yet')
  const g = compile((a: Tensor) => a.add(here), { device: 'other' })
  t.throws(() => g(there), message, 'a tensor from outside of a compiled function')
  t.deepEqual(await f(await here.to('other'), there).array(), [4, 6])
  for (const compiled of [f, g]) compiled.dispose()
})

test('a closed device', async t => {
  const { name } = await openDevice('other')
  const x = await tensor([1]).to(name)
  await closeDevice(name)
  t.match(await failure(x.data()), /used after it was closed/)
  x.dispose()
  t.deepEqual((await openDevice(name)).stats(), { buffers: 0, bytes: 0 }, 'another one')
  await closeDevice('gone')
})
