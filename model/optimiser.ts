import {
  type AdamState,
  adam,
  adamState,
  type SgdState,
  sgd,
  sgdState,
  type Tensor,
  type Tree,
} from '../engine/index.js'
import { isRegularised } from './regulariser.js'

export const optimiserNames = ['adam', 'adamw', 'sgd'] as const
/** The name of an optimiser. */
export type OptimiserName = (typeof optimiserNames)[number]

/** How parameters are updated. */
export type OptimiserSettings = {
  /** `adam` (the default), `adamw` (with decoupled weight decay), or `sgd` (with momentum). */
  readonly optimiser?: OptimiserName
  /** Of `adamw` and `sgd`, for the parameters that are regularised; 0 by default. */
  readonly weightDecay?: number
  /** Of `sgd`; 0.9 by default. */
  readonly momentum?: number
}

/** An optimiser's state, under the name that its tensors have in files. */
export type OptimiserState<P extends Tree> = {
  readonly adam?: AdamState<P>
  readonly sgd?: SgdState<P>
}

/** The state before the first update. */
export const initialOptimiser = <P extends Tree>(
  { optimiser }: OptimiserSettings,
  parameters: P,
): OptimiserState<P> =>
  optimiser === 'sgd' ? { sgd: sgdState(parameters) } : { adam: adamState(parameters) }

/**
 * One update: the next parameters and state.
 * @throws TypeError for another optimiser's state.
 */
export function updateParameters<P extends Tree>(
  { optimiser = 'adam', weightDecay = 0, momentum }: OptimiserSettings,
  parameters: P,
  gradients: P,
  state: OptimiserState<P>,
  learningRate: number | Tensor,
): { parameters: P; state: OptimiserState<P> } {
  const options = { learningRate, decays: isRegularised }
  if (optimiser === 'sgd' && state.sgd) {
    const next = sgd(parameters, gradients, state.sgd, { ...options, weightDecay, momentum })
    return { parameters: next.parameters, state: { sgd: next.state } }
  }
  if (optimiser !== 'sgd' && state.adam) {
    const decay = optimiser === 'adamw' ? weightDecay : 0
    const next = adam(parameters, gradients, state.adam, { ...options, weightDecay: decay })
    return { parameters: next.parameters, state: { adam: next.state } }
  }
  throw new TypeError(`optimiser ${optimiser}: the state is of ${Object.keys(state).join(', ') || 'none'}`)
}

/** Whether a state is one of this optimiser. */
export const isStateOf = ({ optimiser }: OptimiserSettings, { adam, sgd }: OptimiserState<Tree>): boolean =>
  (optimiser === 'sgd' ? sgd : adam) !== undefined
