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
  type Tree,
} from '../engine/index.js'
import { checkModelOptions } from './checkArguments.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { generativeNetwork, type Network } from './network.js'
import { type OptimiserSettings, type OptimiserState, updateParameters } from './optimiser.js'
import { type RegulariserType, regulariser } from './regulariser.js'
import type { TrainState } from './trainState.js'

/** How a network is trained. */
export type Optimisation = OptimiserSettings & {
  /** The optimiser's, unless a step is given another one. */
  readonly learningRate: number
  /** The most that the norm of all gradients together may be; longer ones are scaled down to it. By default no limit. */
  readonly clipNorm?: number
  /** Keep the carry in the state after each batch, for batches that go on where the last one ended. */
  readonly keepsCarry?: boolean
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

/** What a training step computes, and how it changes the parameters. */
export type StepOptions = ModelOptions & Optimisation

/**
 * What a step reports, by the names of the reference's log: the loss in nats per base, the accuracy (the fraction
 * predicted right), the loss plus the weighted regulariser, and the regulariser before its weight.
 */
export type StepMetrics = { loss: number; acc: number; loss_total: number; loss_reg: number }

/**
 * Takes a state, a batch (of the generative model: int32 tokens [batch, T]), and the learning rate (a float32 scalar) if it is not that of the
 * options; see `makeTrainStep`.
 */
export type TrainStep<P extends Tree = ModelParameters> = {
  (
    state: TrainState<P>,
    batch: Tensor,
    learningRate?: Tensor,
  ): Promise<{ state: TrainState<P>; metrics: StepMetrics }>
  readonly compiled: CompiledFunction<
    [state: TrainState<P>, batch: Tensor, ...learningRate: Tensor[]],
    { state: TrainState<P>; metrics: Tensor }
  >
}

/** `makeNetworkStep` of a generative model. @throws as it; TypeError for options of no model. */
export function makeTrainStep(options: StepOptions): TrainStep {
  checkModelOptions('makeTrainStep', options)
  return makeNetworkStep(generativeNetwork(options), options)
}

/**
 * Compile the training step of a network. It consumes the state (its buffers are updated in place), and gives the next one and the
 * metrics of the batch before the update. A state with a carry is that of windows that go on where the last ones ended;
 * no gradient passes to them (truncated backpropagation through time, Williams & Peng 1990).
 * @throws RangeError on a call for which `memory` is too small.
 */
export function makeNetworkStep<P extends Tree>(network: Network<P>, options: Optimisation): TrainStep<P> {
  const { device, memory } = options
  const compiled = compile(
    (state: TrainState<P>, batch: Tensor, ...[learningRate]: Tensor[]) =>
      update(network, options, state, batch, learningRate),
    { donate: [0], ...(device && { device }), ...(memory && { memory }) },
  )
  const step = async (state: TrainState<P>, batch: Tensor, learningRate?: Tensor) => {
    const { state: next, metrics } = scope(() =>
      learningRate ? compiled(state, batch, learningRate) : compiled(state, batch),
    )
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
  state: TrainState<P>,
  batch: Tensor,
  learningRate: Tensor | number = options.learningRate,
): { state: TrainState<P>; metrics: Tensor } {
  const { parameters, updates, carry: _, ...optimiser } = state
  const { loss, accuracy, total, penalty, unscaled, last } = differentiate(network, options, state, batch)
  const next = applyGradients(options, parameters, unscaled, optimiser, learningRate)
  return {
    state: {
      parameters: next.parameters,
      ...next.state,
      updates: updates.add(1),
      ...(options.keepsCarry && last && { carry: last }),
    },
    metrics: stack([loss, accuracy, total, penalty]),
  }
}

/** The graph of what becomes of a batch's gradients: clipped if they are to be, then one update of the optimiser. */
export const applyGradients = <P extends Tree>(
  options: Optimisation,
  parameters: P,
  gradients: P,
  optimiser: OptimiserState<P>,
  learningRate: Tensor | number,
): { parameters: P; state: OptimiserState<P> } =>
  updateParameters(
    options,
    parameters,
    options.clipNorm ? clipByGlobalNorm(gradients, options.clipNorm) : gradients,
    optimiser,
    learningRate,
  )

/** The graph of a batch's loss, with and without the regulariser, and of its gradients, before they are clipped. */
function differentiate<P extends Tree>(
  network: Network<P>,
  { seed, dropoutRate, regulariserType, regulariserWeight, lossScale = 1 }: Optimisation,
  { parameters, updates, carry }: TrainState<P>,
  batch: Tensor,
) {
  const key = fold(fold(randomKey(seed), seedPurposes.run.dropout), updates)
  const noise = { rate: dropoutRate, key }
  const { loss, accuracy, carry: last } = network.loss(parameters, batch, noise, carry)
  const penalty = regulariser(regulariserType, parameters)
  const total = regulariserWeight ? loss.add(penalty.mul(regulariserWeight)) : loss
  // Times 1 is left out of the graph.
  const scaled = gradients(total.mul(lossScale), parameters)
  const unscaled = mapTree(scaled, g => g.mul(1 / lossScale))
  return { loss, accuracy, total, penalty, unscaled, last }
}

/**
 * Compile what gives the gradients of a batch as the training step has them, before they are clipped: a tree like the
 * parameters'. The state is not consumed.
 * @throws RangeError on a call for which `memory` is too small.
 */
export function makeGradients<P extends Tree>(
  network: Network<P>,
  options: Optimisation,
): CompiledFunction<[state: TrainState<P>, batch: Tensor], P> {
  const { device, memory } = options
  return compile(
    (state: TrainState<P>, batch: Tensor) => differentiate(network, options, state, batch).unscaled,
    { ...(device && { device }), ...(memory && { memory }) },
  )
}
