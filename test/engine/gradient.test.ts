import test from 'tape'
import { compile, gradients, setDefaultDevice, type Tensor, tensor } from '../../engine/index.js'
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

test('where a chain of operations is cut off, its gradient is 0, as in PyTorch', async t => {
  const [inf, nan] = [Infinity, NaN]
  // Values of PyTorch 2.13; where ours are different (ties), GUIDE.md says so.
  const cases: [name: string, x: number[], fn: (x: Tensor) => Tensor, expected: number[]][] = [
    ['relu, then sqrt', [-1, 4, 0], x => x.relu().sqrt(), [0, 0.25, 0]],
    ['maximum, then sqrt', [-1, 4], x => x.maximum(0).sqrt(), [0, 0.25]],
    ['minimum, then log of the negative', [-1, 4], x => x.minimum(0).neg().log(), [-1, 0]],
    ['max, then log', [-1, -2, 0], x => x.max().log(), [0, 0, inf]],
    ['relu of what is no number', [nan, -inf, inf], x => x.relu(), [1, 0, 1]],
    ['maximum with NaN', [nan, 1, inf], x => x.maximum(tensor([1, nan, nan])), [1, 1, 1]],
    ['abs', [-4, 4, -inf], x => x.abs().sqrt(), [-0.25, 0.25, -0]],
  ]
  for (const device of ['wasm', 'reference'])
    for (const [name, values, fn, expected] of cases) {
      const gradient = compile((x: Tensor) => gradients(fn(x).sum(), x), { device })
      t.deepEqual([...(await gradient(tensor(values)).data())], expected, `${name}, ${device}`)
    }
})
