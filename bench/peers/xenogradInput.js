// Xenograd scoring a whole input as its command line does: reads in order, in groups, through a detector of one model. The
// build is that of `root`, so that another checkout can be measured beside this one.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lengthsOf } from '../lengths.js'
import { serve } from './serve.js'

await serve(async ({ root, hidden, batch, kind, bases, parameters, tokens }) => {
  const build = folder => import(pathToFileURL(join(root, 'dist', folder)).href)
  const { device, tensor } = await build('engine/index.js')
  const { Detector, findCell } = await build('model/index.js')
  const { scoreInOrder } = await build('cli/scoring.js')
  const load = ({ values, shape }) => tensor(values, { shape })
  const { kernel, bias, denseKernel, denseBias } = parameters
  const state = {
    parameters: {
      cell: { kernel: load(kernel), bias: load(bias) },
      logits: { kernel: load(denseKernel), bias: load(denseBias) },
    },
  }
  const detector = new Detector({ options: { cell: await findCell('lstm'), hidden }, state }, undefined, {
    batch,
  })
  /** The reads of an input, one after the other, as a file gives them. */
  async function* reads() {
    let next = 0
    for (const length of lengthsOf(kind, bases)) {
      yield Uint8Array.from({ length }, () => tokens[next++ % tokens.length])
      if (next % 64 === 0) await null
    }
  }
  const scoring = {
    batch,
    fragmentsOf: read => [read],
    score: fragments => detector.score(fragments),
  }
  const step = async () => {
    let [sum, count] = [0, 0]
    for await (const group of scoreInOrder(reads(), scoring))
      for (const { item, scores } of group) {
        sum -= scores[0].foreground * (item.length - 1)
        count += item.length - 1
      }
    return sum / count
  }
  return { version: device().description, step }
})
