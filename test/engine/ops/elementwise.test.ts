import fc from 'fast-check'
import test from 'tape'
import { arange, elementwise, maximum, expr as s, scope, tensor, where } from '../../../engine/index.js'
import { broadcastShapes, sizeOf } from '../../../engine/kernel/shape.js'
import { runs } from '../../effort.js'
import { elements, type Naive, same } from './naive.js'

test("shapes broadcast by NumPy's rule", async t => {
  const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 })
  const property = fc.asyncProperty(shape, shape, async (a, b) => {
    const rank = Math.max(a.length, b.length)
    const padded = [a, b].map(s => [...new Array<number>(rank - s.length).fill(1), ...s])
    const fits = padded[0].every((n, d) => n === padded[1][d] || n === 1 || padded[1][d] === 1)
    if (!fits) {
      const message = messageOf(() => broadcastShapes('add', [a, b]))
      if (!/^add: .* do not broadcast; make them equal, or one of them 1$/.test(message))
        throw new Error(message)
      return
    }
    const full = padded[0].map((n, d) => (n === 1 ? padded[1][d] : n))
    same(broadcastShapes('add', [a, b]), full)
    const value = (s: readonly number[], factor: number): Naive => ({
      shape: full,
      at: index => {
        const own = index.slice(rank - s.length)
        return s.reduce((sum, n, d) => sum * n + (n === 1 ? 0 : own[d]), 0) * factor
      },
    })
    await scope(async () => {
      const [x, y] = [a, b].map(s => arange(sizeOf(s), 'float32').reshape(...s))
      const expected = elements(value(a, 1)).map((v, i) => v + elements(value(b, 10))[i])
      same([...(await x.add(y.mul(10)).data())], expected)
    })
  })
  await fc.assert(property, { numRuns: runs(200), includeErrorInReport: true })
  t.pass('sizes of 1 repeat, of 0 stay')
})

function messageOf(body: () => unknown): string {
  try {
    body()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'no error'
}

test('several inputs of different shapes and dtypes', async t => {
  const mask = tensor([1, 0], { dtype: 'int32' })
  t.deepEqual(await where(mask, tensor([[1], [2]]), -1).array(), [
    [1, -1],
    [2, -1],
  ])
  t.deepEqual(await maximum(tensor([1, 5]), tensor([[3], [6]])).array(), [
    [3, 5],
    [6, 6],
  ])
  t.end()
})

test('an operation of ten lines works like any other, and its name is taken once', async t => {
  const cube = elementwise('cubeForTest', {
    expr: x => s.mul(x, s.mul(x, x)),
    vjp: (g, [x]) => [g.mul(x.square().mul(3))],
  })
  t.deepEqual(await cube(tensor([2, 3])).array(), [8, 27])
  t.throws(() => elementwise('cubeForTest', { expr: x => x }), /operation 'cubeForTest' is defined twice/)
})
