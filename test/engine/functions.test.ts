import test from 'tape'
import {
  compile,
  full,
  gradients,
  layerNorm,
  setDefaultDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../engine/index.js'

test('logsumexp and cross-entropy at their limits', async t => {
  const [inf, big] = [Infinity, 1e30]
  const rows = [
    [-inf, -inf],
    [-inf, 0],
    [inf, 0],
    [NaN, 0],
    [big, big],
    [-big, -big],
    [1000, 1000],
  ]
  const expected = [-inf, 0, inf, NaN, big, -big, 1000 + Math.LN2].map(Math.fround)
  for (const name of ['wasm', 'reference']) {
    const f = compile((x: Tensor) => x.logsumexp(1), { device: name })
    t.deepEqual([...(await f(tensor(rows)).data())], expected, name)
    const masked = compile(
      (x: Tensor, target: Tensor) => {
        const loss = softmaxCrossEntropy(x, target).sum()
        return { loss, gradient: gradients(loss, x) }
      },
      { device: name },
    )
    const result = masked(tensor([[0, 0, -inf]]), tensor([1], { dtype: 'int32' }))
    t.ok(Math.abs((await result.loss.item()) - Math.LN2) < 1e-6, 'a masked class has no part')
    t.deepEqual([...(await result.gradient.data())], [0.5, -0.5, 0], 'and no derivative')
  }
  setDefaultDevice('reference')
  t.equal(await tensor([1e300, 1e300], { dtype: 'float64' }).logsumexp().item(), 1e300)
  t.equal(await tensor([]).logsumexp().item(), -inf, 'of nothing')
  setDefaultDevice('wasm')
})

test('functions of many operations agree with plain loops', async t => {
  const logits = [
    [1, 2, -3],
    [1000, -1000, 0],
    [-1e30, 0, 0],
  ]
  const targets = tensor([1, 0, 2], { dtype: 'int32' })
  const nll = await softmaxCrossEntropy(tensor(logits), targets).data()
  const expected = logits.map((row, i) => {
    const top = Math.max(...row)
    return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0)) - row[[1, 0, 2][i]]
  })
  t.ok(
    expected.every((x, i) => Math.abs(x - nll[i]) < 1e-5),
    `cross-entropy ${[...nll]}`,
  )
  const x = [1, 2, 4, 9]
  const mean = 4
  const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 4)
  const normal = await layerNorm(tensor([x]), full([4], 2), full([4], 1)).data()
  t.ok(
    x.every((v, i) => Math.abs(normal[i] - (2 * (v - mean)) / deviation - 1) < 1e-5),
    'layer normalisation',
  )
})
