import fc from 'fast-check'
import test from 'tape'
import {
  arange,
  concat,
  scan,
  setDefaultDevice,
  type Tensor,
  type Tree,
  tensor,
} from '../../../engine/index.js'
import { testAgainstPlainLoop } from './property.js'

setDefaultDevice('reference')

testAgainstPlainLoop('scan', fc.constant(scan), 120)

test('a body is traced once, whatever the number of steps', t => {
  let traces = 0
  const x = arange(500, 'float32')
  scan(
    (h: Tensor, v: Tensor) => {
      traces++
      return { carry: h.add(v), out: h }
    },
    tensor(0),
    x,
  )
  t.equal(traces, 1)
  t.end()
})

test('scan of no steps, and of unused values', async t => {
  const none = scan((h: Tensor, v: Tensor) => ({ carry: h.add(v), out: v }), tensor(7), tensor([]).reshape(0))
  t.equal(await none.carry.item(), 7)
  t.deepEqual(await none.out.array(), [])
  const one = scan(
    (h: { used: Tensor; unused: Tensor }, v: Tensor) => ({
      carry: { used: h.used.add(v), unused: h.unused.mul(v) },
      out: { kept: h.used, dropped: h.unused.exp() },
    }),
    { used: tensor(0), unused: tensor(1) },
    tensor([1, 2, 3]),
  )
  t.deepEqual(await one.out.kept.array(), [0, 1, 3])
  t.end()
})

test('scan explains what does not fit', t => {
  const x = tensor([[1], [2]])
  const bad = (h: Tensor, v: Tensor) => ({ carry: concat([h, v], 0), out: h })
  t.throws(
    () => scan(bad, tensor([1]), x),
    /scan: the carry was \[1\], the step makes it \[2\]; it must keep its shape/,
  )
  const cast = (h: Tensor, v: Tensor) => ({ carry: h.cast('int32'), out: v })
  t.throws(() => scan(cast, tensor([1]), x), /scan: the carry was float32, the step makes it int32/)
  const id = (h: Tensor, v: Tree) => ({ carry: h, out: v })
  t.throws(
    () => scan(id, tensor([1]), { a: x, b: tensor([1, 2, 3]) }),
    /scan: xs\.b is \[3\], but xs\.a has 2 steps; leading axes must agree/,
  )
  t.throws(
    () =>
      scan((h: Tree) => ({ carry: { other: (h as { h: Tensor }).h } as Tree, out: x }), { h: x } as Tree, x),
    /scan: the carry was \{h\}, the step returns \{other\}; they must have the same names/,
  )
  t.throws(
    () => scan(bad, 0 as unknown as Tensor, x),
    /got number, give tensors in records or arrays/,
    'a plain number for a carry',
  )
  t.end()
})
