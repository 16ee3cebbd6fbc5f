import { seedPurposes } from '../engine/hostRandom.js'
import {
  adam,
  type CompiledFunction,
  compile,
  fold,
  gradients,
  mapTree,
  randomKey,
  scope,
  stack,
  type Tensor,
} from '../engine/index.js'
import { batchLoss, type ModelOptions } from './generative.js'
import { type RegulariserType, regulariser } from './regulariser.js'
import type { TrainState } from './trainState.js'

export type StepOptions = ModelOptions & {
  /** Adam's. */
  readonly learningRate: number
  /** Of the cell's candidate, from 0 to less than 1. */
  readonly dropoutRate: number
  readonly regulariserType: RegulariserType
  /** The regulariser's in the loss; 0 for none. */
  readonly regulariserWeight: number
  /** Of initialisation and dropout masks: an integer up to 2^53. */
  readonly seed: number
  /** Where to compute, by default the default device. */
  readonly device?: string
  /** Bytes that a step may take, beside what the device itself needs (see `compile`); by default no limit. */
  readonly memory?: number
  /**
   * The loss is multiplied by it before gradients are taken, and they are divided by it afterwards: for devices that
   * round gradients to fp16, where what is below 6e-8 is lost. A power of two changes nothing else. Default 1.
   */
  readonly lossScale?: number
}

/**
 * What a step reports, by the names of the reference's log: the loss in nats per base, the accuracy (the fraction
 * predicted right), the loss plus the weighted regulariser, and the regulariser before its weight.
 */
export type StepMetrics = { loss: number; acc: number; loss_total: number; loss_reg: number }

/** Takes a state and a batch of int32 tokens [batch, T]; see `makeTrainStep`. */
export type TrainStep = {
  (state: TrainState, tokens: Tensor): Promise<{ state: TrainState; metrics: StepMetrics }>
  readonly compiled: CompiledFunction<[TrainState, Tensor], { state: TrainState; metrics: Tensor }>
}

/**
 * Compile the training step. It consumes the state (its buffers are updated in place), and gives the next one and the
 * metrics of the batch before the update.
 * @throws RangeError on a call for which `memory` is too small.
 */
export function makeTrainStep(options: StepOptions): TrainStep {
  const { device, memory } = options
  const compiled = compile((state: TrainState, tokens: Tensor) => update(options, state, tokens), {
    donate: [0],
    ...(device && { device }),
    ...(memory && { memory }),
  })
  const step = async (state: TrainState, tokens: Tensor) => {
    const { state: next, metrics } = scope(() => compiled(state, tokens))
    const [loss, acc, loss_total, loss_reg] = await metrics.data()
    metrics.dispose()
    return { state: next, metrics: { loss, acc, loss_total, loss_reg } }
  }
  return Object.assign(step, { compiled })
}

/** The graph of one update: the next state, and the metrics as one tensor in the order of `StepMetrics`. */
function update(
  options: StepOptions,
  { parameters, adam: moments, updates }: TrainState,
  tokens: Tensor,
): { state: TrainState; metrics: Tensor } {
  const { seed, learningRate, dropoutRate, regulariserType, regulariserWeight, lossScale = 1 } = options
  const key = fold(fold(randomKey(seed), seedPurposes.run.dropout), updates)
  const { loss, accuracy } = batchLoss(options, parameters, tokens, { rate: dropoutRate, key })
  const penalty = regulariser(regulariserType, parameters)
  const total = regulariserWeight ? loss.add(penalty.mul(regulariserWeight)) : loss
  // Times 1 is left out of the graph.
  const scaled = gradients(total.mul(lossScale), parameters)
  const unscaled = mapTree(scaled, g => g.mul(1 / lossScale))
  const next = adam(parameters, unscaled, moments, { learningRate })
  return {
    state: { parameters: next.parameters, adam: next.state, updates: updates.add(1) },
    metrics: stack([loss, accuracy, total, penalty]),
  }
}
