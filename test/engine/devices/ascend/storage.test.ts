import fc from 'fast-check'
import test from 'tape'
import { type Ref, whole } from '../../../../engine/devices/ascend/sequence.js'
import { storageOf } from '../../../../engine/devices/ascend/storage.js'
import { extentOf } from '../../../../engine/kernel/shape.js'

const view = (shape: number[], strides: number[]): Ref => ({
  ...whole({ kind: 'argument', index: 0 }, 'float32', shape),
  strides,
})

test('storage: a slice has whole rows, as many as it shows', t => {
  t.deepEqual(storageOf(view([3, 2], [4, 1]), 0), { wanted: 12, least: 10 }, 'columns 0 and 1 of [3, 4]')
  t.deepEqual(storageOf(view([3, 2], [4, 1]), 2), { wanted: 12, least: 12 }, 'columns 2 and 3')
  t.deepEqual(storageOf(view([3, 2], [4, 1]), 6), { wanted: 16, least: 16 }, 'of rows 1 to 3')
  t.deepEqual(storageOf(view([10], [2]), 0), { wanted: 20, least: 19 }, 'every other element')
  t.deepEqual(storageOf(view([4, 3], [1, 4]), 0), { wanted: 12, least: 12 }, 'transposed')
  t.deepEqual(storageOf(view([5, 3], [0, 1]), 0), { wanted: 3, least: 3 }, 'a repeated row')
  t.end()
})

test('storage: a contiguous result ends its buffer only if it does, or if it is whole blocks', t => {
  t.deepEqual(storageOf(view([3, 5], [5, 1]), 0), { wanted: 16, least: 15 }, 'something follows, if it does')
  t.deepEqual(storageOf(view([3, 8], [8, 1]), 0), { wanted: 24, least: 24 }, 'three blocks of 32 bytes')
  t.deepEqual(storageOf(view([3, 8], [8, 1]), 4), { wanted: 29, least: 28 }, 'not from the start of a block')
  t.deepEqual(storageOf(view([1, 16], [99, 1]), 8), { wanted: 24, least: 24 }, 'axes of size 1 do not count')
  t.end()
})

test('storage: no less than what the view reaches', t => {
  const axis = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 20 }))
  fc.assert(
    fc.property(fc.array(axis, { minLength: 1, maxLength: 4 }), fc.nat(40), (axes, offset) => {
      const [shape, strides] = [axes.map(([n]) => n), axes.map(([, stride]) => stride)]
      const { wanted, least } = storageOf(view(shape, strides), offset)
      return least === extentOf(shape, { offset, strides }).end && wanted >= least
    }),
  )
  t.end()
})
