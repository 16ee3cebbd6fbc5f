import type { Tensor } from './graph/tensor.js'
import type { DType } from './kernel/dtype.js'
import type { Shape } from './kernel/shape.js'
import { keyFromSeed } from './kernel/threefry.js'
import { bitsToUniform, constant, randomBits, tensor } from './ops/index.js'

export { randomBits }

/** A random key as a tensor (int32 [2]) from a seed. @throws RangeError unless that is an integer up to 2^53. */
export const randomKey = (seed: number): Tensor => tensor(new Int32Array(keyFromSeed(seed)))

/**
 * An independent key (int32 [2]) from a key and an integer or int32 scalar (layer, epoch, step): equals `foldKey` of
 * threefry.ts, which says why the top bit is flipped.
 * @throws as `randomBits`.
 */
export function fold(key: Tensor, n: Tensor | number): Tensor {
  const stream = typeof n === 'number' ? n ^ 0x80000000 : n.add(-0x80000000)
  return randomBits(key, [2], stream)
}

/**
 * Uniform in [0, 1) with 24 random bits, in a shape and (float) dtype. Key, stream and errors: see `randomBits`.
 * @example
 * ```ts
 * import { randomKey, uniform } from 'xenograd'
 *
 * const key = randomKey(1)
 * const [a, b] = [uniform(key, [2]), uniform(key, [2])]
 * console.log(await a.sub(b).array()) // [ 0, 0 ]
 * ```
 */
export const uniform = (
  key: Tensor,
  shape: Shape,
  stream: Tensor | number = 0,
  dtype: DType = 'float32',
): Tensor => bitsToUniform(randomBits(key, shape, stream)).cast(dtype)

/**
 * Inverted dropout: each element is 0 with probability `rate`, else divided by 1 - rate (Srivastava et al. 2014,
 * with the scaling at training time). Rate 0 returns x itself. Key and stream: see `randomBits`.
 * @throws RangeError unless 0 <= rate < 1; TypeError for another key or stream.
 */
export function dropout(x: Tensor, rate: number, key: Tensor, stream: Tensor | number = 0): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate ${rate}; give 0 <= rate < 1`)
  if (rate === 0) return x
  const keep = constant(rate)
    .lessEqual(uniform(key, x.shape, stream))
    .cast(x.dtype)
  return x.mul(keep).mul(1 / (1 - rate))
}
