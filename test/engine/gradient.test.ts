import test from 'tape'
import { gradients, setDefaultDevice, tensor } from '../../engine/index.js'
import './allCells.js'

setDefaultDevice('reference')

test('gradients of what does not depend on a tensor are zeros', async t => {
  const [x, y] = [tensor([1, 2]), tensor([3, 4])]
  t.deepEqual(await gradients(x.sum(), { x, y }).y.array(), [0, 0])
  t.end()
})

test('gradients are total derivatives, also where one tensor is made from another', async t => {
  const x = tensor(2)
  const h = x.square()
  const g = gradients(h.mul(x).add(h), { x, h })
  t.deepEqual([await g.x.item(), await g.h.item()], [3 * 4 + 2 * 2, 3])
  t.end()
})

test('gradients want a scalar of floats', t => {
  const x = tensor([1, 2])
  t.throws(() => gradients(x, x), /gradients: of a tensor \[2\]; reduce it to a scalar first/)
  const i = tensor([1, 2], { dtype: 'int32' })
  t.throws(() => gradients(x.sum(), i), /is not a float and has no derivative/)
  t.end()
})
