// TensorFlow.js on its WebAssembly backend: one thread, as its threads do not start in Node.
import tf from '@tensorflow/tfjs'
import wasm from '@tensorflow/tfjs-backend-wasm'
import { serve } from './serve.js'

await serve(async ({ work, hidden, batch, steps, parameters, tokens }) => {
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start')
  const variables = Object.values(parameters).map(({ shape, values }) =>
    tf.variable(tf.tensor(values, shape)),
  )
  const [kernel, bias, denseKernel, denseBias] = variables
  const optimiser = tf.train.adam(5e-4)

  const losses = () => {
    const byStep = tf.tensor2d(Int32Array.from(tokens), [batch, steps], 'int32').transpose()
    const x = tf.oneHot(byStep.slice([0, 0], [steps - 1, batch]), 4).cast('float32')
    let c = tf.zeros([batch, hidden])
    let h = c
    const outputs = []
    for (const input of tf.unstack(x)) {
      const [i, j, f, o] = tf.split(tf.concat([input, h], 1).matMul(kernel).add(bias), 4, 1)
      c = f.add(1).sigmoid().mul(c).add(i.sigmoid().mul(j.tanh()))
      h = o.sigmoid().mul(c.tanh())
      outputs.push(h)
    }
    const logits = tf.concat(outputs).matMul(denseKernel).add(denseBias)
    const targets = tf.oneHot(byStep.slice([1, 0], [steps - 1, batch]).flatten(), 4)
    return tf.losses.softmaxCrossEntropy(targets, logits, undefined, undefined, tf.Reduction.NONE)
  }
  const read = async tensor => {
    const values = await tensor.data()
    tensor.dispose()
    return values
  }
  const train = async () => (await read(optimiser.minimize(() => losses().mean(), true)))[0]
  const score = async () => {
    const values = await read(tf.tidy(losses))
    return values.reduce((a, b) => a + b, 0) / values.length
  }
  const gradients = async () => {
    const { value, grads } = tf.variableGrads(() => losses().mean())
    const arrays = await Promise.all(variables.map(({ name }) => read(grads[name])))
    return { value: (await read(value))[0], arrays }
  }
  return { version: wasm.version_wasm, step: work === 'train' ? train : score, gradients }
})
