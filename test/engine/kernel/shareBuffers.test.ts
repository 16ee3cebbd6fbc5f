import fc from 'fast-check'
import test from 'tape'
import { shareBuffers } from '../../../engine/kernel/shareBuffers.js'

test('shared buffers: no two temporaries that live at the same time overlap, and none is too small', t => {
  const id = fc.integer({ min: 0, max: 9 })
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 10, maxLength: 10 }),
      fc.array(fc.uniqueArray(id, { maxLength: 4 }), { maxLength: 25 }),
      (bytes, uses) => {
        const temporaries = new Map(bytes.map((n, i) => [i, { bytes: n }]))
        const { sizes, bufferOf } = shareBuffers(temporaries, uses)
        const steps = (i: number) => uses.flatMap((ids, step) => (ids.includes(i) ? [step] : []))
        for (const [a, buffer] of bufferOf) {
          if (sizes[buffer] < bytes[a]) throw new Error(`${a} does not fit`)
          for (const [b, other] of bufferOf) {
            if (a >= b || buffer !== other) continue
            const [x, y] = [steps(a), steps(b)]
            const apart = Math.max(...x) < Math.min(...y) || Math.max(...y) < Math.min(...x)
            if (!apart) throw new Error(`${a} and ${b} share buffer ${buffer}`)
          }
        }
      },
    ),
  )
  t.end()
})
