// onnxruntime-node: scoring only.
import { createRequire } from 'node:module'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { onnxModel } from './onnxModel.js'
import { serve } from './serve.js'

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json')

await serve(async ({ hidden, batch, steps, threads, parameters, tokens }) => {
  const session = await InferenceSession.create(onnxModel(parameters, hidden), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  const byStep = BigInt64Array.from({ length: steps * batch }, (_, i) =>
    BigInt(tokens[(i % batch) * steps + Math.floor(i / batch)]),
  )
  const step = async () => {
    const input = new Tensor('int64', byStep, [steps, batch])
    const { logLikelihoods } = await session.run({ tokens: input })
    return -logLikelihoods.data.reduce((a, b) => a + b, 0) / logLikelihoods.size
  }
  return { version, step }
})
