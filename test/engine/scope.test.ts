import test from 'tape'
import { device, scope, tensor } from '../../engine/index.js'

test('scopes leave nothing behind', async t => {
  const before = device('wasm').stats()
  await scope(async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    await x.matmul(x).tanh().data()
  })
  t.deepEqual(device('wasm').stats(), before)
})
