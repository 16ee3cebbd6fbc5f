import test from 'tape'
import { gradients, tensor, zeros } from '../../../engine/index.js'

const x = tensor([
  [1, 5, 5],
  [7, 2, 3],
])

test('axes are reduced in any order, from the back, all of them, or kept as ones', async t => {
  t.deepEqual(await x.sum(0).array(), [8, 7, 8])
  t.deepEqual(await x.max(-1).array(), [5, 7])
  t.equal(await x.mean().item(), Math.fround(23 / 6))
  t.deepEqual(x.sum([1, 0]).shape, [])
  t.deepEqual(x.sum(0, true).shape, [1, 3])
  t.deepEqual(x.logsumexp(1, true).shape, [2, 1])
  t.deepEqual(await x.sum([]).array(), await x.array(), 'no axes: as it is')
})

test('reductions of nothing', async t => {
  const none = zeros([2, 0])
  t.deepEqual(await none.sum(1).array(), [0, 0])
  t.deepEqual(await none.max(1).array(), [-Infinity, -Infinity])
  t.deepEqual(await zeros([0], 'int32').max().array(), -(2 ** 31))
})

test('equal largest elements share the derivative; NaN is the largest', async t => {
  t.deepEqual(await gradients(x.max(1).sum(), x).array(), [
    [0, 0.5, 0.5],
    [1, 0, 0],
  ])
  t.ok(Number.isNaN(await tensor([1, Number.NaN, 3]).max().item()))
})
