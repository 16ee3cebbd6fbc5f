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
  type Tree,
} from '../engine/index.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { generativeNetwork, type Network } from './network.js'
import { type RegulariserType, regulariser } from './regulariser.js'
import type { TrainState } from './trainState.js'

/** How a network is trained. */
export type Optimisation = {
  /** Adam's. */
  readonly learningRate: number
  /** Of the cell's candidate, or of a classifier's layers; from 0 to less than 1. */
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

export type StepOptions = ModelOptions & Optimisation

/**
 * What a step reports, by the names of the reference's log: the loss in nats per base, the accuracy (the fraction
 * predicted right), the loss plus the weighted regulariser, and the regulariser before its weight.
 */
export type StepMetrics = { loss: number; acc: number; loss_total: number; loss_reg: number }

/** Takes a state and a batch, for the generative model int32 tokens [batch, T]; see `makeTrainStep`. */
export type TrainStep<P extends Tree = ModelParameters> = {
  (state: TrainState<P>, tokens: Tensor): Promise<{ state: TrainState<P>; metrics: StepMetrics }>
  readonly compiled: CompiledFunction<[TrainState<P>, Tensor], { state: TrainState<P>; metrics: Tensor }>
}

/** `makeNetworkStep` of a generative model. */
export const makeTrainStep = (options: StepOptions): TrainStep =>
  makeNetworkStep(generativeNetwork(options), options)

/**
 * Compile the training step of a network. It consumes the state (its buffers are updated in place), and gives the next one and the
 * metrics of the batch before the update.
 * @throws RangeError on a call for which `memory` is too small.
 */
export function makeNetworkStep<P extends Tree>(network: Network<P>, options: Optimisation): TrainStep<P> {
  const { device, memory } = options
  const compiled = compile(
    (state: TrainState<P>, tokens: Tensor) => update(network, options, state, tokens),
    {
      donate: [0],
      ...(device && { device }),
      ...(memory && { memory }),
    },
  )
  const step = async (state: TrainState<P>, tokens: Tensor) => {
    const { state: next, metrics } = scope(() => compiled(state, tokens))
    const [loss, acc, loss_total, loss_reg] = await metrics.data()
    metrics.dispose()
    return { state: next, metrics: { loss, acc, loss_total, loss_reg } }
  }
  return Object.assign(step, { compiled })
}

/** The graph of one update: the next state, and the metrics as one tensor in the order of `StepMetrics`. */
function update<P extends Tree>(
  network: Network<P>,
  options: Optimisation,
  { parameters, adam: moments, updates }: TrainState<P>,
  tokens: Tensor,
): { state: TrainState<P>; metrics: Tensor } {
  const { seed, learningRate, dropoutRate, regulariserType, regulariserWeight, lossScale = 1 } = options
  const key = fold(fold(randomKey(seed), seedPurposes.run.dropout), updates)
  const { loss, accuracy } = network.loss(parameters, tokens, { rate: dropoutRate, key })
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
