import fc from 'fast-check'
import test from 'tape'
import { arange, concat, type Draw, pad, scope, type Tensor } from '../../../engine/index.js'
import { sizeOf } from '../../../engine/kernel/shape.js'
import { drawWith } from '../../../engine/testing/index.js'
import { runs } from '../../effort.js'
import { elements, type Naive, same } from './naive.js'

type Move = { readonly view: (t: Tensor) => Tensor; readonly naive: Naive }

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

test('views compose', async t => {
  const x = arange(24).reshape(2, 3, 4)
  t.deepEqual(await x.permute(2, 0, 1).slice(0, 1, 4, 2).flip(2).array(), [
    [
      [9, 5, 1],
      [21, 17, 13],
    ],
    [
      [11, 7, 3],
      [23, 19, 15],
    ],
  ])
  t.deepEqual(await x.transpose().reshape(6, 4).slice(0, 5).array(), [[22, 15, 19, 23]])
  t.deepEqual(await arange(5).windows(0, 3).array(), [
    [0, 1, 2],
    [1, 2, 3],
    [2, 3, 4],
  ])
  t.deepEqual(await pad(arange(2), 0, 1, 2).array(), [0, 0, 1, 0, 0])
  t.deepEqual(await arange(3).slice(0, -2).array(), [1, 2])
})
