import test from 'tape'
import {
  compile,
  gradients,
  initialCarry,
  leaves,
  runCell,
  type Tensor,
  tensor,
} from '../../../engine/index.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholder } from '../../../engine/ops/index.js'
import { lstm } from '../../../model/cells/lstm.js'

const [steps, batch, input, hidden] = [16, 4, 2, 8]
const shapes = { kernel: [input + hidden, 4 * hidden], bias: [4 * hidden] }

const lossGradient = (parameters: { kernel: Tensor; bias: Tensor }, xs: Tensor) => {
  const { out } = runCell(lstm, parameters, initialCarry(lstm, batch, hidden), xs)
  return gradients(out.square().sum(), parameters)
}

test('what a backward step writes lies in the memory of the gates that it reads', t => {
  const parameters = {
    kernel: placeholder(shapes.kernel, 'float32'),
    bias: placeholder(shapes.bias, 'float32'),
  }
  const xs = placeholder([steps, batch, input], 'float32')
  const plan = makePlan(leaves(lossGradient(parameters, xs)), [...leaves(parameters), xs])
  const row = 4 * batch * hidden
  // Stacked over the steps: four gates, c, [x, h] and the cotangent of h; cotangents of the gates lie in the gates.
  const stacked = steps * (4 * row + row + row + 4 * batch * input + row)
  const rest = 16 * row + 4 * shapes.kernel[0] * shapes.kernel[1]
  const scratch = plan.scratch.reduce((a, b) => a + b, 0)
  t.ok(scratch < stacked + rest, `${scratch} bytes, at most ${stacked + rest}`)
  t.ok(scratch + 4 * steps * row > stacked + rest, 'without, it would be more')
  t.end()
})

test('gradients are the same on devices that run such loops whole, cut by rows, and one iteration after the other', async t => {
  const random = (shape: number[], k: number) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.3 * i + k)),
      { shape },
    )
  const on = async (device: string) => {
    const f = compile(lossGradient, { device })
    const parameters = { kernel: random(shapes.kernel, 1), bias: random(shapes.bias, 2) }
    const { kernel, bias } = f(parameters, random([steps, batch, input], 3))
    return [...(await kernel.data()), ...(await bias.data())]
  }
  const [expected, actual] = [await on('reference'), await on('wasm')]
  const worst = Math.max(...expected.map((x, i) => Math.abs(x - actual[i]) / Math.max(1, Math.abs(x))))
  t.ok(worst < 1e-5, `largest difference ${worst}`)
})
