import { device, dispose, leaves, realise, scope, type Tree } from '../engine/index.js'
import { BatchFeed, type TrainingData } from './batchFeed.js'
import { divergedError, hasDiverged } from './divergedError.js'
import type { Network } from './network.js'
import { ShardedStepper, type Team } from './parallel/index.js'
import type { RunSettings } from './trainingRun.js'
import { firstState, type TrainState } from './trainState.js'

/**
 * What a process of a team does that does not lead: it computes its shards of every batch, until the first process says
 * that all ends. It has no directory, and validates nothing. `signal`: aborted to have all end in order.
 * Returns the last step, and whether it was an interrupt that ended the run.
 * @throws DivergedError when the loss is not a number any more, as all processes do.
 */
export async function follow<P extends Tree>(
  network: Network<P>,
  options: RunSettings & { readonly shards: number },
  data: TrainingData,
  team: Team,
  signal?: AbortSignal,
): Promise<{ step: number; interrupted: boolean }> {
  const { windows = 1, batchSize } = data
  const { learningRate, schedule, steps, shards } = options
  const stepper = new ShardedStepper(
    network,
    { ...options, keepsCarry: windows > 1 },
    batchSize,
    shards,
    team,
  )
  const feed = new BatchFeed(
    data,
    learningRate,
    schedule && { ...schedule, steps },
    options.device,
    stepper.parts,
  )
  let { state, next } = await stepper.join(team, untrained(network, options))
  try {
    for (;;) {
      const command = await team.hear(signal?.aborted ?? false)
      if (command === 'finish' || command === 'interrupt')
        return { step: next - 1, interrupted: command === 'interrupt' }
      if (command === 'gather') {
        dispose(await stepper.gather())
        continue
      }
      const batch = await feed.load(next)
      const [done] = await Promise.all([
        stepper.step(state, batch, next % windows === 0),
        next + 1 < steps && feed.load(next + 1),
      ])
      state = done.state
      if (hasDiverged(done.metrics.loss_total, await device(options.device).overflowed()))
        throw await divergedError(next, done.metrics, state.parameters, '', learningRate)
      next++
    }
  } finally {
    feed.dispose()
    stepper.dispose()
    dispose(state)
  }
}

/** A state of the right shapes. */
const untrained = <P extends Tree>(network: Network<P>, options: RunSettings): TrainState<P> =>
  scope(() => {
    const state = firstState(options, network.initial)
    realise(leaves(state), device(options.device))
    return state
  })
