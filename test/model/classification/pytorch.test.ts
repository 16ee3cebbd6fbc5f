import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bitsAt, keyFromSeed } from '../../../engine/hostRandom.js'
import { tensor } from '../../../engine/index.js'
import {
  type ClassifierParameters,
  classifierLoss,
  firstState,
  initialClassifier,
  makeNetworkStep,
} from '../../../model/index.js'
import { testPython } from '../../python.js'

const script = fileURLToPath(new URL('../../../../bench/classifier.py', import.meta.url))

const sizes = { motifs: 30, motifLength: 8, hidden: 12, classes: 3, embedding: true }
const [steps, batchSize, length] = [40, 16, 50]
const options = {
  learningRate: 0.005,
  dropoutRate: 0,
  regulariserType: 'l2',
  regulariserWeight: 0,
  seed: 3,
} as const

/** Reads of three classes, which prefer one base each: bases, then the class. */
const batchOf = (step: number): Int32Array =>
  Int32Array.from({ length: batchSize * (length + 1) }, (_, i) => {
    const [read, position] = [Math.floor(i / (length + 1)), i % (length + 1)]
    if (position === length) return read % 3
    const bits = bitsAt(keyFromSeed(step), read, position)
    return (bits & 3) === 0 ? read % 3 : (bits >>> 4) & 3
  })

/** Kernel and bias of each layer, in the order of the script's file. */
const layersOf = ({ motifs, dense, logits }: ClassifierParameters) =>
  [motifs, dense, logits].flatMap(({ kernel, bias }) => [kernel, bias])

testPython(
  'a training of the classifier has the losses of the same network in PyTorch',
  ['numpy', 'torch'],
  async (t, run) => {
    const folder = await mkdtemp(join(tmpdir(), 'xenograd-pytorch-'))
    let state = firstState(options, key => initialClassifier(sizes, key))
    const values = await Promise.all(layersOf(state.parameters).map(layer => layer.data()))
    const batches = Array.from({ length: steps }, (_, step) => batchOf(step))
    const problem = join(folder, 'problem')
    await writeFile(
      problem,
      Buffer.concat([
        ...values.map(({ buffer }) => new Uint8Array(buffer)),
        ...batches.map(b => Uint8Array.from(b)),
      ]),
    )
    const parameters = values.reduce((sum, { length }) => sum + length, 0)
    const theirs = run(script, {
      ...sizes,
      ...{ problem, parameters, steps, batch: batchSize, length, threads: 1 },
      ...{ learningRate: options.learningRate, dropout: 0, seed: options.seed },
    }) as { losses: number[]; accuracies: number[] }
    await rm(folder, { recursive: true })

    const step = makeNetworkStep(
      {
        initial: key => initialClassifier(sizes, key),
        loss: (p, rows, noise) => classifierLoss({}, p, rows, noise),
        load: () => Promise.reject(new Error('nothing is loaded here')),
        save: () => Promise.reject(new Error('nothing is saved here')),
      },
      options,
    )
    const losses: number[] = []
    const accuracies: number[] = []
    for (const batch of batches) {
      const rows = tensor(batch, { shape: [batchSize, length + 1] })
      const next = await step(state, rows)
      rows.dispose()
      state = next.state
      losses.push(next.metrics.loss)
      accuracies.push(next.metrics.acc)
    }
    const differences = losses.map((loss, i) => Math.abs(loss - theirs.losses[i]))
    // Rounding is amplified from step to step.
    const [first, all] = [Math.max(...differences.slice(0, 10)), Math.max(...differences)]
    t.ok(first < 5e-5, `losses of the first 10 steps differ by ${first.toExponential(1)} at most`)
    t.ok(all < 0.03, `those of all ${steps} by ${all.toExponential(1)}`)
    t.ok(losses[steps - 1] < losses[0] - 0.3, `it learns: ${losses[0]} to ${losses[steps - 1]}`)
    t.ok(
      accuracies.every((accuracy, i) => Math.abs(accuracy - theirs.accuracies[i]) < 1.5 / batchSize),
      'accuracies differ by one read at most',
    )
  },
)
