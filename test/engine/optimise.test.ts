import test from 'tape'
import { adam, adamState, setDefaultDevice, tensor } from '../../engine/index.js'

test("Adam in the reference's form", async t => {
  setDefaultDevice('reference')
  const [beta1, beta2, rate, epsilon] = [0.9, 0.999, 0.1, 1e-8]
  let state = {
    parameters: { w: tensor([1, -2], { dtype: 'float64' }) },
    adam: adamState({ w: tensor([1, -2], { dtype: 'float64' }) }),
  }
  const [w, m, v] = [
    [1, -2],
    [0, 0],
    [0, 0],
  ]
  for (let step = 1; step <= 5; step++) {
    const g = w.map((x, i) => x * (i + step))
    const next = adam(state.parameters, { w: tensor(g, { dtype: 'float64' }) }, state.adam, {
      learningRate: rate,
    })
    state = { parameters: next.parameters, adam: next.state }
    const scale = (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step)
    g.forEach((x, i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * x
      v[i] = beta2 * v[i] + (1 - beta2) * x * x
      w[i] -= (scale * m[i]) / (Math.sqrt(v[i]) + epsilon)
    })
  }
  const found = await state.parameters.w.data()
  t.ok(
    w.every((x, i) => Math.abs(x - found[i]) < 1e-9),
    `${[...found]} after five updates`,
  )
})
