import test from 'tape'
import { oneHot, scatterAdd, tensor } from '../../../engine/index.js'

test('gather and scatterAdd leave out rows that are not there', async t => {
  const table = tensor([
    [1, 2],
    [3, 4],
  ])
  const index = tensor([1, -1, 0, 2], { dtype: 'int32' })
  t.deepEqual(await table.gather(index).array(), [
    [3, 4],
    [0, 0],
    [1, 2],
    [0, 0],
  ])
  t.deepEqual(
    await scatterAdd(
      index,
      tensor([
        [1, 1],
        [5, 5],
        [2, 2],
        [7, 7],
      ]),
      2,
    ).array(),
    [
      [2, 2],
      [1, 1],
    ],
  )
  t.deepEqual(await oneHot(index, 2).array(), [
    [0, 1],
    [0, 0],
    [1, 0],
    [0, 0],
  ])
})
