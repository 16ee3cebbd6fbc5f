import fc from 'fast-check'
import test from 'tape'
import { sizeOf } from '../../../../../engine/kernel/shape.js'
import { agrees, arbitraryView, type Case, integers } from '../support.js'

const property = (cases: fc.Arbitrary<Case>, tolerance: number, numRuns = 150) =>
  fc.assert(
    fc.asyncProperty(cases, c => agrees(c, tolerance)),
    { numRuns },
  )

const seeds = fc.integer()

test('blocked: matmuls agree with the reference', async t => {
  const side = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 8, max: 40 }))
  const depth = fc.oneof(side, fc.constantFrom(255, 257, 600))
  const cases = fc
    .tuple(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }), side, side, depth, fc.boolean(), seeds)
    .chain(([batch, m, n, k, accumulate, seed]) =>
      fc.tuple(arbitraryView([...batch, m, k]), arbitraryView([...batch, k, n])).map(
        ([a, b]): Case => ({
          kernel: { kind: 'matmul', dtype: 'float32', batch, m, n, k, a: a.view, b: b.view, accumulate },
          args: [
            integers(a.length, seed),
            integers(b.length, seed + 1),
            integers(sizeOf(batch) * m * n, seed + 2),
          ],
        }),
      ),
    )
  await property(cases, 0, 300)
  t.end()
})

test('blocked: matmuls larger than every block agree with the reference', async t => {
  const rows = (_rows: number, columns: number) => [columns, 1]
  const transposed = (rows: number) => [1, rows]
  for (const [m, n, k, layoutA, layoutB] of [
    [201, 531, 300, rows, rows],
    [201, 531, 300, transposed, transposed],
    // Long and narrow, as gradients of weights are.
    [37, 203, 1111, transposed, rows],
    [200, 503, 1111, transposed, rows],
    [7, 503, 1111, rows, rows],
  ] as const)
    await agrees(
      {
        kernel: {
          kind: 'matmul',
          dtype: 'float32',
          batch: [],
          m,
          n,
          k,
          a: { offset: 0, strides: layoutA(m, k) },
          b: { offset: 0, strides: layoutB(k, n) },
          accumulate: false,
        },
        args: [integers(m * k, 1), integers(k * n, 2), new Float32Array(m * n)],
      },
      0,
    )
  t.end()
})
