import fc from 'fast-check'
import ndarray, { type NdArray } from 'ndarray'
import test from 'tape'
import { arange, dispose, full, type Nested, tensor } from '../../../engine/index.js'
import { sizeOf } from '../../../engine/kernel/shape.js'
import { runs } from '../../effort.js'
import { same } from './naive.js'

test('tensors from nested arrays, typed arrays and ndarrays, and back', async t => {
  const nested = [
    [1, 2, 3],
    [4, 5, 6],
  ]
  t.deepEqual(await tensor(nested).array(), nested)
  t.deepEqual([...(await tensor(new Int32Array([1, 2, 3, 4]), { shape: [2, 2] }).data())], [1, 2, 3, 4])
  t.equal(tensor(new Float64Array(2)).dtype, 'float64')
  const turned = ndarray(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]).transpose(1, 0)
  t.deepEqual(await tensor(turned).array(), [
    [1, 4],
    [2, 5],
    [3, 6],
  ])
  const back = await tensor(nested).ndarray()
  t.deepEqual([back.shape, back.get(1, 2)], [[2, 3], 6])
  t.deepEqual(await tensor([[], []]).array(), [[], []])
  t.equal(await tensor(5).item(), 5)
  t.deepEqual(await full([2], 7, 'int32').array(), [7, 7])
})

test('an int32 tensor is of what int32 holds', t => {
  const [most, least] = [2 ** 31 - 1, -(2 ** 31)]
  t.equal(tensor([most, least, -0], { dtype: 'int32' }).dtype, 'int32')
  for (const wrong of [most + 1, least - 1, 1.5, Number.NaN, Infinity]) {
    t.throws(
      () => tensor([[0], [wrong]], { dtype: 'int32' }),
      /tensor: \S+ at \[1\]\[0\] is no int32; give whole numbers/,
    )
    t.throws(() => tensor(Float64Array.of(wrong), { dtype: 'int32' }), /tensor: \S+ at \[0\] is no int32/)
    t.throws(
      () => tensor(ndarray(Float64Array.of(wrong)), { dtype: 'int32' }),
      /tensor: \S+ at \[0\] is no int32/,
    )
    t.throws(() => full([2], wrong, 'int32'), /the number \S+ is no int32/)
  }
  t.throws(() => arange(most, most + 2), /arange: from 2147483647 to 2147483649 by 1 as int32/)
  t.end()
})

test('tensors of any nesting, dtype and ndarray come back as they went in', async t => {
  const shape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
  const dtype = fc.constantFrom('float32', 'int32')
  const property = fc.asyncProperty(shape, dtype, fc.nat(), async (s, kind, seed) => {
    const size = sizeOf(s)
    const numbers = Array.from({ length: size }, (_, i) => ((seed % 1000) + i) * (i % 2 ? -1 : 1))
    const typed = kind === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers)
    const nested = nest(numbers, s)
    const strided: NdArray<typeof typed> = ndarray(typed, s).transpose(...s.map((_, d) => s.length - 1 - d))
    const made = [
      tensor(nested, { dtype: kind }),
      tensor(typed, { shape: s }),
      tensor(strided).permute(),
      tensor(await tensor(typed, { shape: s }).ndarray()),
    ]
    for (const x of made) {
      if (x.dtype !== kind) throw new Error(`${x} is no ${kind}`)
      same(x.shape, s)
      same([...(await x.data())], [...typed])
      if (JSON.stringify(await x.array()) !== JSON.stringify(nested)) throw new Error('array()')
    }
    dispose(made)
  })
  await fc.assert(property, { numRuns: runs(60), includeErrorInReport: true })
  t.pass('unchanged')
})

function nest(values: readonly number[], shape: readonly number[]): Nested {
  if (!shape.length) return values[0]
  const step = values.length / shape[0]
  return Array.from({ length: shape[0] }, (_, i) =>
    nest(values.slice(i * step, (i + 1) * step), shape.slice(1)),
  )
}
