import test from 'tape'
import { arange, tensor, zeros } from '../../../engine/index.js'

test('leading axes are batches, which broadcast', async t => {
  const a = arange(8, 'float32').reshape(2, 1, 2, 2)
  const b = tensor([
    [
      [1, 0],
      [0, 1],
    ],
    [
      [0, 1],
      [1, 0],
    ],
  ])
  const product = a.matmul(b)
  t.deepEqual(product.shape, [2, 2, 2, 2])
  t.deepEqual(await product.slice(0, 1).squeeze(0).array(), [
    [
      [4, 5],
      [6, 7],
    ],
    [
      [5, 4],
      [7, 6],
    ],
  ])
})

test('a product over no elements is zeros', async t => {
  t.deepEqual(
    await zeros([2, 0])
      .matmul(zeros([0, 2]))
      .array(),
    [
      [0, 0],
      [0, 0],
    ],
  )
})

test('products explain what does not fit', t => {
  t.throws(() => zeros([3]).matmul(zeros([3, 2])), /matmul: \[3\] × \[3,2\]: both need two axes or more/)
  t.throws(
    () => zeros([2, 3]).matmul(zeros([3, 2], 'int32')),
    /matmul: \[2,3\] × \[3,2\]: float32 and int32; give two float32 or two float64 tensors/,
  )
  t.throws(() => zeros([2, 1, 2]).matmul(zeros([3, 2, 1])), /sizes 2 and 3 of axis -1 do not broadcast/)
  t.end()
})
