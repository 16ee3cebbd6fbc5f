import type { Tensor } from './graph/tensor.js'
import { fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
import { ones, zeros } from './ops/index.js'

/** Adam's settings. */
export type AdamOptions = {
  learningRate: number
  /** Decay of the first moment. */
  beta1?: number
  /** Decay of the second moment. */
  beta2?: number
  epsilon?: number
}

/** Adam's state: both moments, like the parameters, and the powers of the decays (scalars) for the bias correction. */
export type AdamState<P extends Tree> = { m: P; v: P; beta1Power: Tensor; beta2Power: Tensor }

/** The state before the first update. As in TensorFlow the powers start at the decays themselves. */
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
 * `p -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)`.
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
