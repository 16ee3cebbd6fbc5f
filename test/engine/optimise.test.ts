import test from 'tape'
import {
  adam,
  adamState,
  clipByGlobalNorm,
  setDefaultDevice,
  sgd,
  sgdState,
  type Tensor,
  tensor,
} from '../../engine/index.js'

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

const float64 = (values: number[]) => tensor(values, { dtype: 'float64' })

/** Both parameters of a tree of two. */
const valuesOf = async (p: { w: Tensor; bias: Tensor }) => [...(await p.w.data()), ...(await p.bias.data())]

const close = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) < 1e-12)

test('AdamW: Adam after a decay of the parameters that decay', async t => {
  setDefaultDevice('reference')
  const parameters = { w: float64([1, -2]), bias: float64([3]) }
  const gradients = { w: float64([0.5, -0.1]), bias: float64([2]) }
  const decays = (path: string) => path !== 'bias'
  const options = { learningRate: 0.1, weightDecay: 0.5, decays }
  const decayed = { w: float64([1 * 0.95, -2 * 0.95]), bias: float64([3]) }
  const plain = adam(decayed, gradients, adamState(parameters), { learningRate: 0.1 })
  const withDecay = adam(parameters, gradients, adamState(parameters), options)
  t.ok(close(await valuesOf(withDecay.parameters), await valuesOf(plain.parameters)), 'as a number')
  const scheduled = adam(parameters, gradients, adamState(parameters), {
    ...options,
    learningRate: tensor(0.1, { dtype: 'float64' }),
  })
  t.ok(close(await valuesOf(scheduled.parameters), await valuesOf(plain.parameters)), 'as a tensor')
})

test('gradient descent with momentum', async t => {
  setDefaultDevice('reference')
  let parameters = { w: float64([1, -2]), bias: float64([3]) }
  let state = sgdState(parameters)
  const [p, v] = [
    [1, -2, 3],
    [0, 0, 0],
  ]
  for (let step = 0; step < 4; step++) {
    const g = p.map((x, i) => x * (step + 1) - i)
    const gradients = { w: float64(g.slice(0, 2)), bias: float64(g.slice(2)) }
    const next = sgd(parameters, gradients, state, { learningRate: 0.1, momentum: 0.8, weightDecay: 0.01 })
    parameters = next.parameters
    state = next.state
    g.forEach((x, i) => {
      v[i] = 0.8 * v[i] + x
      p[i] = p[i] * (1 - 0.1 * 0.01) - 0.1 * v[i]
    })
  }
  t.ok(close(await valuesOf(parameters), p), `${p}`)
})

test('clipByGlobalNorm: long gradients have the norm that is asked for, short ones stay, bit for bit', async t => {
  setDefaultDevice('reference')
  const gradients = { w: float64([3, 0]), bias: float64([4]) }
  t.deepEqual(await valuesOf(clipByGlobalNorm(gradients, 5)), [3, 0, 4])
  t.deepEqual(await valuesOf(clipByGlobalNorm(gradients, 7)), [3, 0, 4])
  t.ok(close(await valuesOf(clipByGlobalNorm(gradients, 1)), [0.6, 0, 0.8]))
  t.deepEqual(await valuesOf(clipByGlobalNorm({ w: float64([0, 0]), bias: float64([0]) }, 1)), [0, 0, 0])
})
