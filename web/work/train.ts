import { collectReads, type Split, syntheticReads, TrainingBatches } from '../../data/index.js'
import { device, dispose, openDevice, realise, tensor } from '../../engine/index.js'
import { aurocEstimate } from '../../eval/index.js'
import { initialState, makeTrainStep, shippedCells, Validation } from '../../model/index.js'
import type { TaskContext } from './task.js'

export type TrainInput = {
  /** Name of a cell that comes with Xenograd. */
  readonly cell: string
  /** Hidden units. */
  readonly hidden: number
  /** Bases of each synthetic read. */
  readonly length: number
  readonly steps: number
  readonly learningRate: number
  readonly seed: number
  /** Steps between validations. */
  readonly validateEvery: number
}

/** What may be changed while it trains. */
export type TrainControl = { readonly learningRate: number }

export type TrainReport =
  | { readonly kind: 'opened'; readonly device: string }
  /** `step` counts from 1; `loss` in nats per base, before the update. */
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly stepsPerSecond: number }
  /** AUROC of the likelihood, known against unknown genera, with its 95 % interval. */
  | {
      readonly kind: 'validation'
      readonly step: number
      readonly auroc: number
      readonly low: number
      readonly high: number
    }

export type TrainResult = { readonly steps: number; readonly seconds: number }

const batchSize = 50
const readCounts = { in_tr: 2000, in_val: 200, ood_val: 200 } as const satisfies Partial<
  Record<Split, number>
>

/** The judge of validations: AUROC with DeLong's interval. */
const judge = (inDistribution: Float64Array, outOfDistribution: Float64Array) => {
  const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
  return { auroc: value, low, high }
}

/**
 * Trains a generative model of SYNTHETIC genera, and validates it on reads of known and of unknown ones.
 * @throws RangeError for a cell that does not come with Xenograd; AbortError when stopped.
 */
export async function train(
  { cell: name, hidden, length, steps, learningRate, seed, validateEvery }: TrainInput,
  context: TaskContext<TrainReport, TrainControl>,
): Promise<TrainResult> {
  const start = performance.now()
  const runtime = await openDevice('wasm')
  context.report({ kind: 'opened', device: runtime.device.description })
  const cells = await shippedCells()
  const cell = cells.find(cell => cell.name === name)
  if (!cell) throw new RangeError(`cell '${name}': give one of ${cells.map(cell => cell.name).join(', ')}`)

  const reads = (split: keyof typeof readCounts) => [
    ...syntheticReads({ split, count: readCounts[split], length, seed }),
  ]
  const batches = new TrainingBatches(await collectReads(reads('in_tr'), { length }), { batchSize, seed })
  const data = {
    inDistribution: reads('in_val').map(read => read.bases),
    outOfDistribution: reads('ood_val').map(read => read.bases),
  }
  const model = { cell, hidden }
  const validation = new Validation({ data, judge }, model, 100)
  const step = makeTrainStep({
    ...model,
    learningRate,
    seed,
    dropoutRate: 0,
    regulariserType: 'l2',
    regulariserWeight: 0,
  })
  const tokens = tensor(batches.batchAt(0), { shape: [batchSize, length] })
  const rate = tensor(learningRate)
  realise([tokens, rate], device())
  let state = initialState({ ...model, seed })
  try {
    for (let done = 1; done <= steps; done++) {
      await context.turn()
      tokens.assign(batches.batchAt(done - 1))
      rate.assign(Float32Array.of(context.control.learningRate ?? learningRate))
      const stepStart = performance.now()
      const { state: next, metrics } = await step(state, tokens, rate)
      state = next
      const stepsPerSecond = 1000 / (performance.now() - stepStart)
      context.report({ kind: 'step', step: done, loss: metrics.loss, stepsPerSecond })
      if (done % validateEvery !== 0 && done !== steps) continue
      const { auroc = Number.NaN, auroc_ci: [low, high] = [Number.NaN, Number.NaN] } =
        await validation.measure(state.parameters, context.signal)
      context.report({ kind: 'validation', step: done, auroc, low, high })
    }
  } finally {
    step.compiled.dispose()
    validation.dispose()
    dispose({ state, tokens, rate })
  }
  return { steps, seconds: (performance.now() - start) / 1000 }
}
