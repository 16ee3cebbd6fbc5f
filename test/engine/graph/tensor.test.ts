import test from 'tape'
import { defineCell, gradients, runCell, tensor } from '../../../engine/index.js'

test('graphs of tens of thousands of operations, deep and wide', async t => {
  const x = tensor([1, 2])
  let y = x
  for (let i = 0; i < 10000; i++) y = y.mul(0.999).add(0.001)
  t.deepEqual(
    [...(await y.sub(1).data())].map(v => Math.round(v * 1e3)),
    [0, 0],
    'pass by pass',
  )
  const g = await gradients(y.sum(), x).data()
  t.ok(
    g.every(v => Math.abs(v - 0.999 ** 10000) < 1e-6),
    `derivative ${g[0]}`,
  )
  // A node that is used twice by one that is used twice by …: it must be visited once.
  const cell = defineCell({
    name: 'doubling',
    parameters: () => ({ w: [1, 1], scale: [1] }),
    carry: ['h'],
    step: ({ w, scale }, { h }, input) => {
      let [a, b] = [input.matmul(w), scale]
      for (let i = 0; i < 60; i++) {
        a = a.mul(a).tanh().add(a.mul(0.1))
        b = b.add(b.mul(input.sum())).mul(0.5)
      }
      return { carry: { h: h.mul(b).add(a).tanh() }, out: h }
    },
  })
  const p = { w: tensor([[0.5]]), scale: tensor([0.3]) }
  const { out } = runCell(cell, p, { h: tensor([[1]]) }, tensor([[[1]], [[0.5]]]))
  const slopes = gradients(out.sum(), p)
  t.ok(Number.isFinite(await slopes.w.item()) && Number.isFinite(await slopes.scale.item()), 'terminates')
})
