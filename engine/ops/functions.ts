import type { Tensor } from '../graph/tensor.js'
import { printShape, sameShape } from '../kernel/shape.js'
import { where } from './math.js'
import { arange } from './source.js'

/** Functions that are composed of operations, in plain sight: they have no record, no kernel and no derivative of their own. */

/**
 * Softmax cross-entropy of integer targets, `logsumexp(logits) - logits[target]`, in nats; one value per target.
 * `logits`: [..., classes]; `targets`: int32 [...].
 * @throws RangeError when the shapes do not fit; TypeError unless targets are int32.
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  if (!sameShape(logits.shape.slice(0, -1), targets.shape))
    throw new RangeError(
      `softmaxCrossEntropy: logits ${printShape(logits.shape)} and targets ${printShape(targets.shape)}; give one target per row of logits`,
    )
  if (targets.dtype !== 'int32')
    throw new TypeError(`softmaxCrossEntropy: the targets are ${targets.dtype}; cast them to int32`)
  const classes = logits.shape[logits.rank - 1]
  // Chosen, not multiplied: classes that are masked with -Infinity must not make 0 * Infinity.
  const isTarget = targets.unsqueeze(-1).equal(arange(classes))
  return logits.logsumexp(-1).sub(where(isTarget, logits, 0).sum(-1))
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016, eq. 3-4): `gamma * (x - mean) / sqrt(variance + epsilon) +
 * beta`. `x`: [..., features]; `gamma` and `beta`: [features]. The epsilon is that of TensorFlow's contrib `layer_norm`.
 * @throws RangeError when the shapes do not broadcast; TypeError for int32 or mixed dtypes.
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon = 1e-12): Tensor {
  const centred = x.sub(x.mean(-1, true))
  const variance = centred.square().mean(-1, true)
  return centred.div(variance.add(epsilon).sqrt()).mul(gamma).add(beta)
}
