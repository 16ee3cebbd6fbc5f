// jax-js on its WebAssembly backend: one thread, as it has no other in Node. It has no scan: `jit` unrolls the steps.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { serve } from './serve.js'

const entry = createRequire(import.meta.url).resolve('@jax-js/jax')
const { version } = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8'))
const [learningRate, beta1, beta2, epsilon] = [5e-4, 0.9, 0.999, 1e-8]

await serve(async ({ work, hidden, batch, steps, parameters, tokens }) => {
  await init('wasm')
  defaultDevice('wasm')

  // Functions own their arguments: what is used again is passed as `.ref`.
  function loss([kernel, bias, denseKernel, denseBias], given, targets) {
    let c = np.zeros([batch, hidden])
    let h = np.zeros([batch, hidden])
    const outputs = []
    for (const x of np.unstack(nn.oneHot(given, 4))) {
      const gates = np.matmul(np.concatenate([x, h], 1), kernel.ref).add(bias.ref)
      const [i, j, f, o] = np.split(gates, 4, 1)
      c = nn
        .sigmoid(f.add(1))
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(j)))
      h = nn.sigmoid(o).mul(np.tanh(c.ref))
      outputs.push(h.ref)
    }
    for (const unused of [c, h, kernel, bias]) unused.dispose()
    const logits = np.matmul(np.concatenate(outputs), denseKernel).add(denseBias)
    const chosen = nn
      .logSoftmax(logits, -1)
      .mul(nn.oneHot(targets.reshape([-1]), 4))
      .sum(-1)
    return chosen.mean().mul(-1)
  }

  const both = jit(valueAndGrad(loss))
  const update = jit((p, gradient, m, v, rate) => {
    const mNext = m.mul(beta1).add(gradient.ref.mul(1 - beta1))
    const vNext = v.mul(beta2).add(np.square(gradient).mul(1 - beta2))
    const change = mNext.ref.mul(rate).div(np.sqrt(vNext.ref).add(epsilon))
    return [p.sub(change), mNext, vNext]
  })
  const scored = jit(loss)

  const byStep = Int32Array.from(
    { length: steps * batch },
    (_, i) => tokens[(i % batch) * steps + Math.floor(i / batch)],
  )
  const shape = [steps - 1, batch]
  const inputs = () => [
    np.array(byStep.slice(0, -batch), { shape, dtype: np.int32 }),
    np.array(byStep.slice(batch), { shape, dtype: np.int32 }),
  ]
  const initial = Object.values(parameters).map(({ values, shape }) => np.array(values.slice(), { shape }))
  let state = initial.map(p => [tree.ref(p), np.zerosLike(p.ref), np.zerosLike(p.ref)])
  let updates = 0

  const train = async () => {
    const [value, gradients] = both(
      state.map(([p]) => p.ref),
      ...inputs(),
    )
    updates++
    const rate = (learningRate * Math.sqrt(1 - beta2 ** updates)) / (1 - beta1 ** updates)
    state = state.map(([p, m, v], i) => update(p, gradients[i], m, v, rate))
    // Parameters last: work is not done before somebody asks for it.
    await Promise.all(state.flat().map(x => x.blockUntilReady()))
    return (await value.data())[0]
  }
  const score = async () => (await scored(tree.ref(initial), ...inputs()).data())[0]
  const gradients = async () => {
    const [value, found] = both(tree.ref(initial), ...inputs())
    return { value: (await value.data())[0], arrays: await Promise.all(found.map(x => x.data())) }
  }
  return { version, step: work === 'train' ? train : score, gradients }
})
