import {
  type AdamState,
  adam,
  adamState,
  compile,
  fold,
  gradients,
  mapTree,
  randomKey,
  scope,
  stack,
  type Tensor,
  tensor,
} from '../engine/index.js'
import { batchLoss, initialModel, type ModelOptions, type ModelParameters } from './generative.js'
import { type RegulariserType, regulariser } from './regulariser.js'

/** Everything that training changes, on the device. */
export type TrainState = {
  readonly parameters: ModelParameters
  readonly adam: AdamState<ModelParameters>
  /** Updates done so far (int32 scalar): the counter of the dropout masks. */
  readonly updates: Tensor
}

export type StepOptions = ModelOptions & {
  readonly learningRate: number
  readonly dropoutRate: number
  readonly regulariserType: RegulariserType
  readonly regulariserWeight: number
  readonly seed: number
  readonly device?: string
  /** Bytes that a step may take, beside what the device itself needs (see `compile`); by default no limit. */
  readonly memory?: number
  /**
   * The loss is multiplied by it before gradients are taken, and they are divided by it afterwards: for devices that
   * round gradients to fp16, where what is below 6e-8 is lost. A power of two changes nothing else. Default 1.
   */
  readonly lossScale?: number
}

/** What a step reports: losses in nats per base, the unweighted regulariser, and the fraction predicted right. */
export type StepMetrics = { loss: number; acc: number; loss_total: number; loss_reg: number }

/** Purposes of random numbers here, all derived from the run's seed (those of the data are in data/random.ts). */
const streams = { initialisation: 1, dropout: 2 } as const

/** The state before the first update. */
export const initialState = (options: ModelOptions & { seed: number }): TrainState => {
  const parameters = initialModel(options, fold(randomKey(options.seed), streams.initialisation))
  return { parameters, adam: adamState(parameters), updates: tensor(0, { dtype: 'int32' }) }
}

/**
 * Compiles the training step: `step(state, tokens)` with int32 tokens [batch, T] consumes the state (its buffers are
 * updated in place) and returns the next one and the metrics of the batch before the update.
 */
export function makeTrainStep(options: StepOptions) {
  const { learningRate, dropoutRate, regulariserType, regulariserWeight, lossScale = 1 } = options
  const compiled = compile(
    (state: TrainState, tokens: Tensor) => {
      const { parameters, updates } = state
      const key = fold(fold(randomKey(options.seed), streams.dropout), updates)
      const { loss, accuracy } = batchLoss(options, parameters, tokens, { rate: dropoutRate, key })
      const penalty = regulariser(regulariserType, parameters)
      const total = regulariserWeight ? loss.add(penalty.mul(regulariserWeight)) : loss
      // Times 1 is left out of the graph.
      const scaled = gradients(total.mul(lossScale), parameters)
      const unscaled = mapTree(scaled, g => g.mul(1 / lossScale))
      const next = adam(parameters, unscaled, state.adam, { learningRate })
      return {
        state: { parameters: next.parameters, adam: next.state, updates: updates.add(1) },
        metrics: stack([loss, accuracy, total, penalty]),
      }
    },
    {
      donate: [0],
      ...(options.device && { device: options.device }),
      ...(options.memory && { memory: options.memory }),
    },
  )
  const step = async (
    state: TrainState,
    tokens: Tensor,
  ): Promise<{ state: TrainState; metrics: StepMetrics }> => {
    const { state: next, metrics } = scope(() => compiled(state, tokens))
    const [loss, acc, loss_total, loss_reg] = await metrics.data()
    metrics.dispose()
    return { state: next, metrics: { loss, acc, loss_total, loss_reg } }
  }
  return Object.assign(step, { compiled })
}
