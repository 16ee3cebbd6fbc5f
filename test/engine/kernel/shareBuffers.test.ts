import fc from 'fast-check'
import test from 'tape'
import { shareBuffers } from '../../../engine/kernel/shareBuffers.js'

const temporariesOf = (bytes: readonly number[]) => new Map(bytes.map((n, i) => [i, { bytes: n }]))

/** Temporaries of random sizes, and which of them each step touches. */
const arbitraryUses = fc.record({
  bytes: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 10, maxLength: 10 }),
  uses: fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }), { maxLength: 25 }),
})

test('no two temporaries that live at the same time share a buffer, and none is too small', t => {
  let shared = 0
  fc.assert(
    fc.property(arbitraryUses, fc.boolean(), ({ bytes, uses }, sameSize) => {
      const { sizes, bufferOf } = shareBuffers(temporariesOf(bytes), uses, sameSize)
      const steps = (id: number) => uses.flatMap((ids, step) => (ids.includes(id) ? [step] : []))
      for (const [a, buffer] of bufferOf) {
        if (sizes[buffer] < bytes[a]) throw new Error(`${a} does not fit`)
        if (sameSize && sizes[buffer] !== bytes[a]) throw new Error(`${a} is in a buffer of another size`)
        for (const [b, other] of bufferOf) {
          if (a >= b || buffer !== other) continue
          const [x, y] = [steps(a), steps(b)]
          const apart = Math.max(...x) < Math.min(...y) || Math.max(...y) < Math.min(...x)
          if (!apart) throw new Error(`${a} and ${b} share buffer ${buffer}`)
          shared++
        }
      }
    }),
    { includeErrorInReport: true },
  )
  t.ok(shared > 0, `${shared} pairs share`)
  t.end()
})

test('what is used has a buffer, what is not has none; buffers that are not temporaries are left alone', t => {
  const { sizes, bufferOf } = shareBuffers(temporariesOf([4, 8, 12]), [[0, 7], [2]])
  t.deepEqual([...bufferOf.keys()].sort(), [0, 2])
  t.deepEqual(sizes, [4, 12], 'one after the other, but the larger does not fit into the smaller')
  t.end()
})

test('one after the other use the same memory; the best that fits is taken', t => {
  // 0 and 1 live together, then 2, which fits both and is nearer to 1.
  const { sizes, bufferOf } = shareBuffers(temporariesOf([4000, 3000, 2900]), [[0, 1], [2]])
  t.equal(bufferOf.get(2), bufferOf.get(1))
  t.equal(sizes.length, 2)
  const chain = shareBuffers(temporariesOf([100, 100, 100, 100]), [[0], [0, 1], [1, 2], [2, 3]])
  t.deepEqual(chain.sizes, [100, 100], 'a chain needs two')
  t.end()
})

test('a large buffer is not given to something small', t => {
  const { sizes } = shareBuffers(temporariesOf([100_000, 1000]), [[0], [1]])
  t.deepEqual(sizes, [100_000, 1000])
  t.end()
})
