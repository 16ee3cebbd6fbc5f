import { collectReads, type Split, syntheticReads, TrainingBatches } from '../../data/index.js'
import {
  type Cell,
  device,
  dispose,
  openDevice,
  realise,
  type Tensor,
  tensor,
  zeros,
} from '../../engine/index.js'
import { aurocEstimate } from '../../eval/index.js'
import {
  initialState,
  makeTrainStep,
  shippedCells,
  Validation,
  type ValidationData,
} from '../../model/index.js'
import type { TaskContext } from './task.js'

/** A cell that comes with Xenograd, by its name, or the text of one, which RUNS. */
export type CellChoice = { readonly name: string } | { readonly text: string }

export type TrainInput = {
  /** Cells to train, turn by turn, from the same seed and on the same batches. */
  readonly cells: readonly CellChoice[]
  /** Hidden units. */
  readonly hidden: number
  /** Bases of each synthetic read. */
  readonly length: number
  /** Reads of a batch. */
  readonly batchSize: number
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
  /** Of cell number `cell`; `step` counts from 1; `loss` in nats per base, before the update. */
  | {
      readonly kind: 'step'
      readonly cell: number
      readonly step: number
      readonly loss: number
      readonly learningRate: number
      readonly stepsPerSecond: number
    }
  /** AUROC of the likelihood, known against unknown genera, with its 95 % interval. */
  | {
      readonly kind: 'validation'
      readonly cell: number
      readonly step: number
      readonly auroc: number
      readonly low: number
      readonly high: number
    }

export type TrainResult = { readonly steps: number; readonly seconds: number }

const readCounts = { in_tr: 2000, in_val: 200, ood_val: 200 } as const satisfies Partial<
  Record<Split, number>
>

/** The judge of validations: AUROC with DeLong's interval. */
const judge = (inDistribution: Float64Array, outOfDistribution: Float64Array) => {
  const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
  return { auroc: value, low, high }
}

/**
 * Trains generative models of SYNTHETIC genera, and validates them on reads of known and of unknown ones.
 * @throws RangeError for a name of no cell; CellTextError for a text of none; AbortError when stopped.
 */
export async function train(
  input: TrainInput,
  context: TaskContext<TrainReport, TrainControl>,
): Promise<TrainResult> {
  const { length, batchSize, steps, learningRate, seed, validateEvery } = input
  const start = performance.now()
  const runtime = await openDevice('wasm')
  context.report({ kind: 'opened', device: runtime.device.description })
  const reads = (split: keyof typeof readCounts) => [
    ...syntheticReads({ split, count: readCounts[split], length, seed }),
  ]
  const batches = new TrainingBatches(await collectReads(reads('in_tr'), { length }), { batchSize, seed })
  const data = {
    inDistribution: reads('in_val').map(read => read.bases),
    outOfDistribution: reads('ood_val').map(read => read.bases),
  }
  const tokens = tensor(batches.batchAt(0), { shape: [batchSize, length] })
  const rate = tensor(learningRate)
  realise([tokens, rate], device())
  await startThreads()
  // Only now: from here on this worker is confined, and can start no threads.
  const cells = await Promise.all(input.cells.map(cellOf))
  const trainees = cells.map(cell => new Trainee(cell, input, data))
  try {
    for (let step = 1; step <= steps; step++) {
      tokens.assign(batches.batchAt(step - 1))
      const current = context.control.learningRate ?? learningRate
      rate.assign(Float32Array.of(current))
      for (const [cell, trainee] of trainees.entries()) {
        await context.turn()
        const advanced = await trainee.advance(tokens, rate)
        context.report({ kind: 'step', cell, step, learningRate: current, ...advanced })
      }
      if (step % validateEvery !== 0 && step !== steps) continue
      for (const [cell, trainee] of trainees.entries())
        context.report({ kind: 'validation', cell, step, ...(await trainee.validate(context.signal)) })
    }
  } finally {
    for (const trainee of trainees) trainee.dispose()
    dispose({ tokens, rate })
  }
  return { steps, seconds: (performance.now() - start) / 1000 }
}

/** The device starts its threads with the first kernel that is worth them: has one run. */
async function startThreads(): Promise<void> {
  const large = zeros([1 << 18]).add(1)
  await large.data()
  dispose(large)
}

async function cellOf(choice: CellChoice): Promise<Cell> {
  if ('text' in choice) return (await import('./userCell.js')).cellOfText(choice.text)
  const cells = await shippedCells()
  const cell = cells.find(({ name }) => name === choice.name)
  if (cell) return cell
  throw new RangeError(`cell '${choice.name}': give one of ${cells.map(({ name }) => name).join(', ')}`)
}

/** A model in training. */
class Trainee {
  readonly #step
  readonly #validation
  #state

  constructor(cell: Cell, { hidden, learningRate, seed }: TrainInput, data: ValidationData) {
    const model = { cell, hidden }
    this.#validation = new Validation({ data, judge }, model, 100)
    this.#state = initialState({ ...model, seed })
    this.#step = makeTrainStep({
      ...model,
      learningRate,
      seed,
      dropoutRate: 0,
      regulariserType: 'l2',
      regulariserWeight: 0,
    })
  }

  async advance(tokens: Tensor, rate: Tensor): Promise<{ loss: number; stepsPerSecond: number }> {
    const start = performance.now()
    const { state, metrics } = await this.#step(this.#state, tokens, rate)
    this.#state = state
    return { loss: metrics.loss, stepsPerSecond: 1000 / (performance.now() - start) }
  }

  async validate(signal: AbortSignal): Promise<{ auroc: number; low: number; high: number }> {
    const { auroc = Number.NaN, auroc_ci: [low, high] = [Number.NaN, Number.NaN] } =
      await this.#validation.measure(this.#state.parameters, signal)
    return { auroc, low, high }
  }

  dispose(): void {
    this.#step.compiled.dispose()
    this.#validation.dispose()
    dispose(this.#state)
  }
}
