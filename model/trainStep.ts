import { seedPurposes } from '../engine/hostRandom.js'
import {
  type CompiledFunction,
  clipByGlobalNorm,
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
import { type OptimiserSettings, updateParameters } from './optimiser.js'
import { type RegulariserType, regulariser } from './regulariser.js'
import type { TrainState } from './trainState.js'

export type StepOptions = ModelOptions &
  OptimiserSettings & {
    /** The optimiser's, unless a step is given another one. */
    readonly learningRate: number
    /** The most that the norm of all gradients together may be; longer ones are scaled down to it. By default no limit. */
    readonly clipNorm?: number
    /** Keep the carry in the state after each batch, for batches that go on where the last one ended. */
    readonly keepsCarry?: boolean
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

/**
 * Takes a state, a batch of int32 tokens [batch, T], and the learning rate (a float32 scalar) if it is not that of the
 * options; see `makeTrainStep`.
 */
export type TrainStep = {
  (
    state: TrainState,
    tokens: Tensor,
    learningRate?: Tensor,
  ): Promise<{ state: TrainState; metrics: StepMetrics }>
  readonly compiled: CompiledFunction<
    [state: TrainState, tokens: Tensor, ...learningRate: Tensor[]],
    { state: TrainState; metrics: Tensor }
  >
}

/**
 * Compile the training step. It consumes the state (its buffers are updated in place), and gives the next one and the
 * metrics of the batch before the update. A state with a carry is that of windows that go on where the last ones ended;
 * no gradient passes to them (truncated backpropagation through time, Williams & Peng 1990).
 * @throws RangeError on a call for which `memory` is too small.
 */
export function makeTrainStep(options: StepOptions): TrainStep {
  const { device, memory } = options
  const compiled = compile(
    (state: TrainState, tokens: Tensor, ...[learningRate]: Tensor[]) =>
      update(options, state, tokens, learningRate),
    { donate: [0], ...(device && { device }), ...(memory && { memory }) },
  )
  const step = async (state: TrainState, tokens: Tensor, learningRate?: Tensor) => {
    const { state: next, metrics } = scope(() =>
      learningRate ? compiled(state, tokens, learningRate) : compiled(state, tokens),
    )
    const [loss, acc, loss_total, loss_reg] = await metrics.data()
    metrics.dispose()
    return { state: next, metrics: { loss, acc, loss_total, loss_reg } }
  }
  return Object.assign(step, { compiled })
}

/** The graph of one update: the next state, and the metrics as one tensor in the order of `StepMetrics`. */
function update(
  options: StepOptions,
  { parameters, updates, carry, ...optimiser }: TrainState,
  tokens: Tensor,
  learningRate: Tensor | number = options.learningRate,
): { state: TrainState; metrics: Tensor } {
  const { seed, dropoutRate, regulariserType, regulariserWeight, lossScale = 1, clipNorm } = options
  const key = fold(fold(randomKey(seed), seedPurposes.run.dropout), updates)
  const noise = { rate: dropoutRate, key }
  const { loss, accuracy, carry: last } = batchLoss(options, parameters, tokens, noise, carry)
  const penalty = regulariser(regulariserType, parameters)
  const total = regulariserWeight ? loss.add(penalty.mul(regulariserWeight)) : loss
  // Times 1 is left out of the graph.
  const scaled = gradients(total.mul(lossScale), parameters)
  const unscaled = mapTree(scaled, g => g.mul(1 / lossScale))
  const clipped = clipNorm ? clipByGlobalNorm(unscaled, clipNorm) : unscaled
  const next = updateParameters(options, parameters, clipped, optimiser, learningRate)
  return {
    state: {
      parameters: next.parameters,
      ...next.state,
      updates: updates.add(1),
      ...(options.keepsCarry && { carry: last }),
    },
    metrics: stack([loss, accuracy, total, penalty]),
  }
}
