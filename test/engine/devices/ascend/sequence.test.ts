import fc from 'fast-check'
import test from 'tape'
import { poolSize } from '../../../../engine/devices/ascend/memory.js'
import { isRef, merge, RefusedError, Sequence, whole } from '../../../../engine/devices/ascend/sequence.js'
import { sizeOf } from '../../../../engine/kernel/shape.js'

/** Offsets of all elements in row-major order. */
function visit(shape: readonly number[], strides: readonly number[]): number[] {
  let offsets = [0]
  shape.forEach((n, d) => {
    offsets = offsets.flatMap(offset => Array.from({ length: n }, (_, i) => offset + i * strides[d]))
  })
  return offsets
}

test('views with fewer axes visit the same elements in the same order', t => {
  const axis = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: -4, max: 12 }),
    fc.integer({ min: 0, max: 9 }),
  )
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 4 }), axes => {
      const shape = axes.map(([n]) => n)
      const views = [1, 2].map(k => axes.map(a => a[k]))
      const { shape: merged, strides } = merge(shape, views)
      if (!merged.length || merged.length > Math.max(1, shape.length)) throw new Error(`[${merged}]`)
      views.forEach((view, i) => {
        if (`${visit(shape, view)}` !== `${visit(merged, strides[i])}`) throw new Error(`view ${i}`)
      })
    }),
  )
  t.deepEqual(merge([2, 1, 3, 4], [[12, 5, 4, 1]]), {
    shape: [24],
    strides: [[1]],
  })
  t.end()
})

test('temporary memory: what is in use at the same time does not overlap', t => {
  const uses = fc.array(fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 6, maxLength: 6 }),
      uses,
      (sizes, steps) => {
        const s = new Sequence()
        const refs = sizes.map(n => s.temporary('float32', [n]))
        for (const step of steps) s.call('Neg', ...step.map(i => refs[i]))
        const { offsets, bytes } = s.layout()
        const life = refs.map((_, i) => steps.flatMap((step, time) => (step.includes(i) ? [time] : [])))
        refs.forEach((a, i) => {
          if (life[i].length && offsets[i] + 4 * sizeOf(a.shape) > bytes)
            throw new Error(`${i} ends behind the end`)
          if (offsets[i] % 64) throw new Error(`${i} begins at ${offsets[i]}`)
          refs.forEach((b, j) => {
            const coexist = life[i][0] <= life[j].at(-1)! && life[j][0] <= life[i].at(-1)!
            // Whole blocks of 32 bytes, and one more.
            const room = (n: number) => Math.ceil(n / 8) * 32 + 32
            const apart =
              offsets[i] + room(sizeOf(a.shape)) <= offsets[j] ||
              offsets[j] + room(sizeOf(b.shape)) <= offsets[i]
            if (i < j && coexist && !apart) throw new Error(`${i} and ${j} overlap`)
          })
        })
      },
    ),
  )
  t.end()
})

test('operands: nothing runs backwards, and what repeats has size 1', t => {
  const s = new Sequence()
  const argument = (strides: number[], offset = 0) => ({
    ...whole({ kind: 'argument' as const, index: 0 }, 'float32', [2, 3]),
    strides,
    offset,
  })
  s.elementwise('Mul', [argument([-3, 1], 3), argument([0, 1])], s.temporary('float32', [2, 3]))
  s.elementwise('Neg', [argument([0, 1])], s.temporary('float32', [2, 3]))
  t.deepEqual(
    s.calls.map(c => c.operator),
    ['IndexSelect', 'Mul', 'InplaceCopy', 'Neg'],
    'reversed by row numbers, repeated by a copy where the operator would not',
  )
  const refs = s.calls.flatMap(c => c.operands).filter(isRef)
  t.ok(refs.every(ref => ref.strides.every(stride => stride >= 0)))
  t.deepEqual(
    s.calls[1].operands.filter(isRef).map(ref => ref.shape),
    [
      [2, 3],
      [1, 3],
      [2, 3],
    ],
  )
  const wide = whole({ kind: 'argument', index: 0 }, 'float32', Array(9).fill(2))
  t.throws(() => s.call('Neg', wide, wide), RefusedError)
  t.end()
})

test('sizes that the pool keeps waste an eighth at most', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 34 }), bytes => {
      const size = poolSize(bytes)
      return (
        size >= bytes &&
        size % 512 === 0 &&
        (size <= bytes * 1.125 || size <= bytes + 512) &&
        poolSize(size) === size
      )
    }),
  )
  t.end()
})
