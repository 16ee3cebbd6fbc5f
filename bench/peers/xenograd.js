// Xenograd through the calls that its own command line makes.
import { readFileSync } from 'node:fs'
import { adamState, compile, device, entries, gradients, randomKey, tensor } from '../../dist/engine/index.js'
import { batchLoss, findCell, initialModel, makeTrainStep, Scorer } from '../../dist/model/index.js'
import { serve } from './serve.js'

const { version: release } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

await serve(async ({ work, variant, blas, hidden, batch, steps, parameters, tokens }) => {
  const { description } = device()
  const library = /, ((no )?BLAS .*)/.exec(description)?.[1]
  if (blas !== 'off' && !library?.startsWith('BLAS')) throw new Error(library)
  const [vectors] = /\d+-bit vectors/.exec(description) ?? []
  const version = [release, vectors, ...(blas === 'off' ? [] : [library])].join(', ')
  const options = { cell: await findCell(variant), hidden }
  // The problem's file holds the built-in cell's parameters; other cells draw their own.
  const model = variant === 'lstm' ? given(parameters) : initialModel(options, randomKey(1))

  if (work === 'score') {
    const scorer = new Scorer(options, model, batch)
    const reads = Array.from({ length: batch }, (_, i) => tokens.subarray(i * steps, (i + 1) * steps))
    const step = async () => {
      const scores = await scorer.score(reads)
      return -scores.reduce((sum, { mean }) => sum + mean, 0) / batch
    }
    return { version, step }
  }

  const reads = () => tensor(Int32Array.from(tokens), { shape: [batch, steps] })
  const trainStep = makeTrainStep({
    ...options,
    learningRate: 5e-4,
    dropoutRate: 0,
    regulariserType: 'l2',
    regulariserWeight: 0,
    seed: 1,
  })
  let state = { parameters: model, adam: adamState(model), updates: tensor(0, { dtype: 'int32' }) }
  const step = async () => {
    const input = reads()
    const next = await trainStep(state, input)
    input.dispose()
    state = next.state
    return next.metrics.loss
  }
  return {
    version,
    step,
    gradients: async () => {
      const lossAndGradients = compile((model, input) => {
        const { loss } = batchLoss(options, model, input)
        return { loss, gradients: gradients(loss, model) }
      })
      const results = lossAndGradients(state.parameters, reads())
      const arrays = await Promise.all(entries(results.gradients).map(([, t]) => t.data()))
      return { value: await results.loss.item(), arrays }
    },
  }
})

/** The problem's parameters as the model names them; its leaves are in the problem's order. */
function given({ kernel, bias, denseKernel, denseBias }) {
  const load = ({ values, shape }) => tensor(values, { shape })
  return {
    cell: { kernel: load(kernel), bias: load(bias) },
    logits: { kernel: load(denseKernel), bias: load(denseBias) },
  }
}
