import {
  adam,
  adamState,
  compile,
  concat,
  defineCell,
  device,
  dispose,
  entries,
  gradients,
  initialCarry,
  initialParameters,
  leaves,
  oneHot,
  type Runtime,
  randomKey,
  realise,
  runCell,
  scope,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  uniform,
} from '../../index.js'
import { firstDifference, relativeTo1 } from '../compare.js'
import type { Suite } from './suite.js'

/**
 * A long short-term memory in its plainest form (Hochreiter & Schmidhuber 1997), with dropout on what it writes. The cells
 * of this package are not used: the engine, which this is a part of, knows nothing of them.
 */
const cell = defineCell({
  name: 'conformance',
  parameters: ({ input, hidden }) => ({
    kernel: [input + hidden, 4 * hidden],
    bias: { shape: [4 * hidden], value: 0.1 },
  }),
  carry: ['c', 'h'],
  step: ({ kernel, bias }, { c, h }, x, dropout) => {
    const [i, j, f, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 4)
    const cNext = c.mul(f.add(1).sigmoid()).add(i.sigmoid().mul(dropout(j.tanh())))
    const hNext = cNext.tanh().mul(o.sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})

const [batch, length, hidden, classes] = [5, 9, 7, 4]
/** Steps whose values are compared: rounding makes later ones differ more and more. */
const compared = 6

/** A model that learns to tell the next of four bases, as the trainings of this package do, on every device alike. */
export function testTraining(suite: Suite): void {
  suite.test('training of an LSTM with dropout and Adam', async runtime => {
    const steps = compared + Math.ceil(100 * suite.effort)
    const [actual, expected] = [
      await train(suite.name, runtime, steps),
      await train('reference', device('reference')),
    ]
    const { mapEps, matmulEps } = suite.tolerances(runtime)
    const tolerance = Math.min(0.1, 1000 * Math.max(mapEps, matmulEps))
    for (const [name, values] of expected) {
      const wrong = firstDifference(actual.get(name)!, values, relativeTo1(tolerance))
      if (wrong) throw new Error(`${name} after ${compared} steps: ${wrong}`)
    }
    return `the same after ${compared} steps, within ${tolerance}; ${steps} steps in the same memory`
  })
}

/** Losses and parameters after the compared steps, by name. @throws Error when steps after that take memory. */
async function train(
  device: string,
  runtime: Runtime,
  steps = compared,
): Promise<Map<string, ArrayLike<number>>> {
  const start = scope(() => {
    const parameters = {
      ...initialParameters(cell, { input: classes, hidden }, randomKey(1)),
      output: uniform(randomKey(2), [hidden, classes]).sub(0.5),
    }
    const bases = Int32Array.from({ length: (length + 1) * batch }, (_, i) => (i * i + (i >> 2)) % classes)
    const tensors = {
      state: { parameters, optimiser: adamState(parameters) },
      reads: tensor(bases, { shape: [length + 1, batch] }),
      key: tensor(Int32Array.of(3, 0)),
    }
    realise(leaves(tensors), runtime)
    return tensors
  })
  const step = compile(
    ({ parameters, optimiser }: typeof start.state, reads: Tensor, key: Tensor) => {
      const xs = oneHot(reads.slice(0, 0, length), classes)
      const { out } = runCell(cell, parameters, initialCarry(cell, batch, hidden), xs, { rate: 0.3, key })
      const logits = out.reshape(length * batch, hidden).matmul(parameters.output)
      const targets = reads.slice(0, 1).reshape(length * batch)
      const loss = softmaxCrossEntropy(logits, targets).mean()
      const next = adam(parameters, gradients(loss, parameters), optimiser, { learningRate: 0.02 })
      return { state: { parameters: next.parameters, optimiser: next.state }, loss }
    },
    { device, donate: [0] },
  )
  const { reads, key } = start
  const results = new Map<string, ArrayLike<number>>()
  const losses: number[] = []
  let { state } = start
  let before: string | undefined
  for (let i = 0; i < steps; i++) {
    key.assign(Int32Array.of(3, i))
    const { state: next, loss } = step(state, reads, key)
    state = next
    const value = await loss.item()
    loss.dispose()
    if (i < compared) losses.push(value)
    if (i === compared - 1) for (const [name, t] of entries(state)) results.set(name, await t.data())
    const held = JSON.stringify([runtime.stats(), runtime.device.stats?.()])
    if (i === compared) before = held
    if (i > compared && held !== before)
      throw new Error(`leak: step ${i} leaves it with ${held}, it was ${before}`)
  }
  dispose([state, reads, key])
  step.dispose()
  return results.set('loss', losses)
}
