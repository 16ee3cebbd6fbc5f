import test from 'tape'
import { compile, realise, type Tensor, tensor, zeros } from '../../../engine/index.js'
import { hostData } from '../../../engine/ops/index.js'

test('a value that a device has is not kept on the host as well', async t => {
  const x = tensor([1, 2, 3])
  t.deepEqual([...(hostData(x) ?? [])], [1, 2, 3])
  realise([x])
  t.equal(hostData(x), undefined)
  t.deepEqual(await x.add(1).array(), [2, 3, 4])
  t.deepEqual(await x.array(), [1, 2, 3])
  x.dispose()
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
