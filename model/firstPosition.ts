import { device, leaves, realise, scope, type Tree } from '../engine/index.js'
import type { Network } from './network.js'
import { initialOptimiser, isStateOf } from './optimiser.js'
import type { RunPosition } from './runDirectory.js'
import { firstState, type TrainState } from './trainState.js'
import type { Optimisation } from './trainStep.js'

/** What decides where a run begins. */
type Beginning = Omit<Optimisation, 'keepsCarry'> & { readonly init?: string }

/**
 * Where a run begins that has no checkpoint: before its first step, with the model of `init` or an untrained one.
 * @throws as `Network.load` for the model of `init`.
 */
export async function firstPosition<P extends Tree>(
  network: Network<P>,
  options: Beginning,
): Promise<RunPosition<P>> {
  const state = options.init
    ? await initialStateFrom(options.init, network, options)
    : untrainedState(network, options)
  return { step: -1, state, checkpoint: '' }
}

/** The state of a model in a file; its optimiser's state is a new one where the model was trained with another optimiser. */
async function initialStateFrom<P extends Tree>(
  path: string,
  network: Network<P>,
  options: Beginning,
): Promise<TrainState<P>> {
  const { state } = await network.load(path)
  if (isStateOf(options, state)) return state
  const { parameters, updates } = state
  return { parameters, ...initialOptimiser(options, parameters), updates }
}

/** Computed at once, in a scope, so that nothing is left of the random keys that it is drawn from. */
const untrainedState = <P extends Tree>(network: Network<P>, options: Beginning): TrainState<P> =>
  scope(() => {
    const state = firstState(options, network.initial)
    realise(leaves(state), device(options.device))
    return state
  })
