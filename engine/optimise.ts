/** Optimisers: from parameters, gradients and a state to the next parameters and state, as a graph. */
import type { Tensor } from './graph/tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
import { ones, zeros } from './ops/index.js'

/** What all optimisers are told. */
export type OptimiserOptions = {
  /** A number, or a scalar tensor where it changes from update to update. */
  learningRate: number | Tensor
  /**
   * Decoupled weight decay: before the update, parameters are multiplied by `1 - learningRate * weightDecay`
   * (Loshchilov & Hutter 2019, algorithm 2). 0, the default, is none.
   */
  weightDecay?: number
  /** Which parameters decay, by their paths; all by default. */
  decays?: (path: string) => boolean
}

/** Adam's settings. */
export type AdamOptions = OptimiserOptions & {
  /** Decay of the first moment, per update; 0.9 by default. */
  beta1?: number
  /** Decay of the second moment, per update; 0.999 by default. */
  beta2?: number
  /** Added to the root of the second moment before its bias is corrected; 1e-8 by default. */
  epsilon?: number
}

/** Adam's state: both moments, shaped like the parameters, and the decays to the power of the update's number (scalars). */
export type AdamState<P extends Tree> = { m: P; v: P; beta1Power: Tensor; beta2Power: Tensor }

/**
 * The state before the first update: moments of 0, and the first powers of the decays (as TensorFlow counts them). Give
 * the decays here, too, if they are not the default ones.
 */
export function adamState<P extends Tree>(parameters: P, { beta1 = 0.9, beta2 = 0.999 } = {}): AdamState<P> {
  const zero = () => mapTree(parameters, t => zeros(t.shape, t.dtype))
  const dtype = leaves(parameters)[0]?.dtype ?? 'float32'
  return {
    m: zero(),
    v: zero(),
    beta1Power: ones([], dtype).mul(beta1),
    beta2Power: ones([], dtype).mul(beta2),
  }
}

/**
 * One Adam update in the "epsilon-hat" form that TensorFlow uses (Kingma & Ba 2015, the note after algorithm 1):
 * `p -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)` at update t = 1, 2, … Returns new
 * parameters and state, and changes nothing. With `weightDecay` it is AdamW.
 */
export function adam<P extends Tree>(
  parameters: P,
  gradients: P,
  state: AdamState<P>,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, ...options }: AdamOptions,
): { parameters: P; state: AdamState<P> } {
  const { beta1Power, beta2Power } = state
  const rate = ones([], beta1Power.dtype)
    .sub(beta2Power)
    .sqrt()
    .div(ones([], beta1Power.dtype).sub(beta1Power))
    .mul(options.learningRate)
  const g = leaves(gradients)
  const v = leaves(state.v)
  const moments = leaves(state.m).map((m, i) => ({
    m: m.mul(beta1).add(g[i].mul(1 - beta1)),
    v: v[i].mul(beta2).add(g[i].square().mul(1 - beta2)),
  }))
  const updated = decayed(parameters, options).map((p, i) =>
    p.sub(moments[i].m.mul(rate).div(moments[i].v.sqrt().add(epsilon))),
  )
  return {
    parameters: fillTree(parameters, updated),
    state: {
      m: fillTree(
        state.m,
        moments.map(x => x.m),
      ),
      v: fillTree(
        state.v,
        moments.map(x => x.v),
      ),
      beta1Power: beta1Power.mul(beta1),
      beta2Power: beta2Power.mul(beta2),
    },
  }
}

/** The state of gradient descent with momentum: a velocity shaped like the parameters. */
export type SgdState<P extends Tree> = { velocity: P }

/** The state before the first update: no velocity. */
export const sgdState = <P extends Tree>(parameters: P): SgdState<P> => ({
  velocity: mapTree(parameters, t => zeros(t.shape, t.dtype)),
})

/** Settings of gradient descent. `momentum`: what is left of the velocity, per update; 0.9 by default. */
export type SgdOptions = OptimiserOptions & { momentum?: number }

/**
 * One update of gradient descent with momentum (Polyak 1964, in PyTorch's form): `velocity = momentum * velocity +
 * gradient; p -= learningRate * velocity`. Returns new parameters and state, and changes nothing.
 * @example
 * ```ts
 * import { ones, sgd, sgdState } from 'xenograd'
 *
 * const w = ones([2])
 * const { parameters } = sgd(w, ones([2]), sgdState(w), { learningRate: 0.5 })
 * console.log(await parameters.array()) // [ 0.5, 0.5 ]
 * ```
 */
export function sgd<P extends Tree>(
  parameters: P,
  gradients: P,
  { velocity }: SgdState<P>,
  { momentum = 0.9, ...options }: SgdOptions,
): { parameters: P; state: SgdState<P> } {
  const g = leaves(gradients)
  const next = leaves(velocity).map((v, i) => v.mul(momentum).add(g[i]))
  const updated = decayed(parameters, options).map((p, i) => p.sub(next[i].mul(options.learningRate)))
  return { parameters: fillTree(parameters, updated), state: { velocity: fillTree(velocity, next) } }
}

/** Parameters after weight decay, in the order of `leaves`. */
function decayed(
  parameters: Tree,
  { learningRate, weightDecay = 0, decays = () => true }: OptimiserOptions,
): Tensor[] {
  const kept =
    typeof learningRate === 'number' ? 1 - learningRate * weightDecay : learningRate.mul(-weightDecay).add(1)
  return entries(parameters).map(([path, p]) => (weightDecay && decays(path) ? p.mul(kept) : p))
}

/**
 * Gradients whose norm, over all of them together, is at most `maxNorm`: longer ones are scaled down to it, shorter ones
 * stay as they are (Pascanu, Mikolov & Bengio 2013, algorithm 1).
 */
export function clipByGlobalNorm<P extends Tree>(gradients: P, maxNorm: number): P {
  const norm = leaves(gradients)
    .map(g => g.square().sum())
    .reduce((a, b) => a.add(b))
    .sqrt()
  // Exactly 1 for shorter ones.
  const limit = ones([], norm.dtype).mul(maxNorm)
  const scale = limit.div(norm.maximum(limit))
  return mapTree(gradients, g => g.mul(scale))
}
