import fc from 'fast-check'
import test from 'tape'
import {
  broadcastShapes,
  checkShape,
  contiguousStrides,
  contiguousView,
  extentOf,
  isContiguous,
  normalAxes,
  normalAxis,
  sameView,
  sizeOf,
} from '../../../engine/kernel/shape.js'

test('row-major strides count elements without gaps', t => {
  t.deepEqual(contiguousStrides([2, 3, 4]), [12, 4, 1])
  t.deepEqual(contiguousStrides([]), [])
  t.equal(sizeOf([]), 1)
  t.equal(sizeOf([3, 0]), 0)
  t.end()
})

test('a view is contiguous if it visits memory in order from its start, whatever the strides of axes of size 1', t => {
  const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
  fc.assert(
    fc.property(
      shape,
      fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 4, maxLength: 4 }),
      (s, other) => {
        const view = contiguousView(s)
        const strides = view.strides.map((stride, d) => (s[d] === 1 ? other[d] : stride))
        return isContiguous(s, { offset: 0, strides })
      },
    ),
  )
  const contiguous = (s: number[], offset: number, strides: number[]) => isContiguous(s, { offset, strides })
  t.notOk(contiguous([2, 3], 1, [3, 1]), 'begins later')
  t.notOk(contiguous([2, 3], 0, [1, 2]), 'axes in another order')
  t.notOk(contiguous([2, 3], 0, [4, 1]), 'a gap')
  t.notOk(contiguous([3], 0, [0]), 'repeated')
  t.ok(contiguous([2, 0, 3], 0, [7, 7, 7]), 'nothing is in order')
  t.end()
})

test('views of one shape are the same when they begin alike and move alike', t => {
  const view = { offset: 1, strides: [2, 1] }
  t.ok(sameView(view, { offset: 1, strides: [2, 1] }))
  t.notOk(sameView(view, { offset: 0, strides: [2, 1] }))
  t.notOk(sameView(view, { offset: 1, strides: [1, 2] }))
  t.end()
})

test('the extent of a view covers what it reaches, broadcast and backwards, too', t => {
  t.deepEqual(extentOf([2, 3], contiguousView([2, 3])), { first: 0, end: 6 })
  t.deepEqual(extentOf([2, 3], { offset: 7, strides: [10, -2] }), { first: 3, end: 18 })
  t.deepEqual(extentOf([4, 2], { offset: 5, strides: [0, 3] }), { first: 5, end: 9 })
  t.deepEqual(extentOf([2], { offset: 0, strides: [-1] }), { first: -1, end: 1 }, 'before the start')
  t.deepEqual(extentOf([], { offset: 4, strides: [] }), { first: 4, end: 5 }, 'a scalar')
  t.deepEqual(extentOf([3, 0], { offset: 4, strides: [1, 1] }), { first: 0, end: 0 }, 'nothing')
  t.end()
})

test('axes count from the front, negative ones from the back', t => {
  t.equal(normalAxis('sum', -1, 3), 2)
  t.deepEqual(normalAxes('sum', [2, -3], 3), [0, 2])
  t.deepEqual(normalAxes('sum', undefined, 2), [0, 1])
  t.throws(() => normalAxis('sum', 3, 3), /sum: axis 3 of a tensor with 3 axes; give -3 to 2/)
  t.throws(() => normalAxis('sum', 0.5, 3), /axis 0.5/)
  t.throws(() => normalAxes('sum', [1, -1], 2), /sum: axes \[1,-1\] name one axis twice/)
  t.end()
})

test('shapes broadcast, or the error names all of them', t => {
  t.deepEqual(broadcastShapes('add', [[2, 1], [3], []]), [2, 3])
  t.deepEqual(broadcastShapes('add', [[1], [0]]), [0], 'one and none are none')
  t.throws(
    () => broadcastShapes('add', [[2], [1], [3]]),
    /add: \[2\] and \[1\] and \[3\]: sizes 2 and 3 of axis -1/,
  )
  t.throws(() => checkShape('full', [2, -1]), /full: shape \[2,-1\]; sizes are integers, 0 or more/)
  t.throws(() => checkShape('full', [0.5]), /full: shape \[0.5\]/)
  t.end()
})
