import fc from 'fast-check'
import ndarray, { type NdArray } from 'ndarray'
import test from 'tape'
import {
  arange,
  concat,
  type Draw,
  dispose,
  maximum,
  type Nested,
  pad,
  scope,
  type Tensor,
  tensor,
  where,
} from '../../../engine/index.js'
import { broadcastShapes, sizeOf } from '../../../engine/kernel/shape.js'
import { drawWith } from '../../../engine/testing/index.js'
import { runs } from '../effort.js'

/** A tensor for people: its shape, and a function from an index to the element there. */
type Naive = { readonly shape: readonly number[]; readonly at: (index: readonly number[]) => number }
type Move = { readonly view: (t: Tensor) => Tensor; readonly naive: Naive }

/** All elements in row-major order. */
function elements({ shape, at }: Naive): number[] {
  const indices = shape.reduce<number[][]>(
    (all, n) => all.flatMap(index => Array.from({ length: n }, (_, i) => [...index, i])),
    [[]],
  )
  return indices.map(at)
}

const replace = (list: readonly number[], d: number, value: number): number[] =>
  list.map((x, e) => (e === d ? value : x))

/** A random view of `x`, and what it means element by element. */
function drawMove(draw: Draw, x: Naive): Move {
  const { shape, at } = x
  const rank = shape.length
  const d = draw.int(0, rank - 1)
  const n = shape[d]
  const moves: (() => Move)[] = [
    () => ({
      view: t => t.flip(d - rank),
      naive: { shape, at: index => at(replace(index, d, n - 1 - index[d])) },
    }),
    () => {
      const [start, end, step] = [draw.int(-n, n), draw.int(-n, n), draw.int(1, 3)]
      const kept = Array.from({ length: n }, (_, i) => i)
        .slice(start, end)
        .filter((_, i) => i % step === 0)
      return {
        view: t => t.slice(d, start, end, step),
        naive: {
          shape: replace(shape, d, kept.length),
          at: index => at(replace(index, d, kept[index[d]])),
        },
      }
    },
    () => {
      const axes = shape.map((_, e) => (e + d) % rank)
      const naive: Naive = {
        shape: axes.map(a => shape[a]),
        at: index => at(shape.map((_, e) => index[axes.indexOf(e)])),
      }
      return { view: t => t.permute(...axes), naive }
    },
    () => ({
      view: t => t.permute(),
      naive: { shape: [...shape].reverse(), at: index => at([...index].reverse()) },
    }),
    () => {
      const times = draw.int(0, 3)
      return {
        view: t => t.expand(times, ...shape),
        naive: { shape: [times, ...shape], at: ([, ...index]) => at(index) },
      }
    },
    () => {
      const all = elements(x)
      const to = draw.pick([
        [all.length],
        [1, ...shape],
        [...shape, 1],
        [...shape].reverse(),
        merged(shape, d),
      ])
      const flat = (index: readonly number[]) => index.reduce((sum, i, e) => sum * to[e] + i, 0)
      return { view: t => t.reshape(...to), naive: { shape: to, at: index => all[flat(index)] } }
    },
    () => {
      if (!n) return { view: t => t, naive: x }
      const [size, step] = [draw.int(1, n), draw.int(1, 2)]
      const count = Math.floor((n - size) / step) + 1
      const naive: Naive = {
        shape: [...replace(shape, d, count), size],
        at: index => at(replace(index.slice(0, -1), d, index[d] * step + index[rank])),
      }
      return { view: t => t.windows(d, size, step), naive }
    },
    () => {
      const [before, after] = [draw.int(0, 2), draw.int(0, 2)]
      const naive: Naive = {
        shape: replace(shape, d, before + n + after),
        at: index => {
          const i = index[d] - before
          return i < 0 || i >= n ? 0 : at(replace(index, d, i))
        },
      }
      return { view: t => pad(t, d, before, after), naive }
    },
    () => ({
      view: t => concat([t, t], d),
      naive: { shape: replace(shape, d, 2 * n), at: index => at(replace(index, d, index[d] % n)) },
    }),
    () => ({
      view: t => t.unsqueeze(d).squeeze(d),
      naive: x,
    }),
    () => {
      const first = draw.int(0, n)
      const naive: Naive = {
        shape: replace(shape, d, n - first),
        at: index => at(replace(index, d, index[d] + first)),
      }
      return { view: t => t.split(d, [first, n - first])[1], naive }
    },
  ]
  return draw.pick(moves)()
}

/** Axis d joined with the one after it. */
const merged = (shape: readonly number[], d: number): number[] =>
  d + 1 < shape.length ? [...shape.slice(0, d), shape[d] * shape[d + 1], ...shape.slice(d + 2)] : [...shape]

test('compositions of views mean what they mean element by element', async t => {
  const property = fc.asyncProperty(fc.gen(), async gen => {
    const draw = drawWith(fc, gen)
    const shape = Array.from({ length: draw.int(1, 3) }, () => draw.int(1, 4))
    const flat = (index: readonly number[]) => index.reduce((sum, i, d) => sum * shape[d] + i, 0)
    let naive: Naive = { shape, at: index => flat(index) + 1 }
    await scope(async () => {
      let x = arange(sizeOf(shape), 'float32')
        .add(1)
        .reshape(...shape)
      for (let moves = draw.int(1, 5); moves > 0; moves--) {
        const move = drawMove(draw, naive)
        x = move.view(x)
        naive = move.naive
        if (sizeOf(naive.shape) > 500 || naive.shape.length > 5) break
      }
      const expected = elements(naive)
      same(x.shape, naive.shape)
      same([...(await x.data())], expected)
      // And where a kernel reads through the views.
      same(
        [...(await x.mul(2).data())],
        expected.map(v => v * 2),
      )
      same([await x.sum().item()], [expected.reduce((a, b) => a + b, 0)])
    })
  })
  await fc.assert(property, { numRuns: runs(300), includeErrorInReport: true })
  t.pass('as written out')
})

function same(found: readonly number[], expected: readonly number[]): void {
  if (found.length !== expected.length || found.some((x, i) => x !== expected[i]))
    throw new Error(`found ${found}, expected ${expected}`)
}

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
