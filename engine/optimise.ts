import type { Tensor } from './graph/tensor.js'
import { fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
import { ones, zeros } from './ops/index.js'

/** Adam's settings. */
export type AdamOptions = {
  learningRate: number
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
 * parameters and state, and changes nothing.
 */
export function adam<P extends Tree>(
  parameters: P,
  gradients: P,
  state: AdamState<P>,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions,
): { parameters: P; state: AdamState<P> } {
  const { beta1Power, beta2Power } = state
  const rate = ones([], beta1Power.dtype)
    .sub(beta2Power)
    .sqrt()
    .div(ones([], beta1Power.dtype).sub(beta1Power))
    .mul(learningRate)
  const g = leaves(gradients)
  const v = leaves(state.v)
  const moments = leaves(state.m).map((m, i) => ({
    m: m.mul(beta1).add(g[i].mul(1 - beta1)),
    v: v[i].mul(beta2).add(g[i].square().mul(1 - beta2)),
  }))
  const updated = leaves(parameters).map((p, i) =>
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
