import { register } from './graph/registry.js'
import { type KernelOp, Tensor } from './graph/tensor.js'
import type { DType } from './kernel/dtype.js'
import type { Shape } from './kernel/shape.js'
import { keyFromSeed } from './kernel/threefry.js'
import { bitsToUniform } from './ops/math.js'
import { constant, tensor } from './ops/source.js'

const randomBitsOp: KernelOp<undefined> = register({
  kind: 'kernel',
  name: 'randomBits',
  contiguous: true,
  launches: node => {
    const streams = node.inputs[1].size
    return [{ kernel: { kind: 'randomBits', streams, count: node.size / streams }, args: [0, 1, 'out'] }]
  },
  vjp: () => [undefined, undefined],
  sample: draw => {
    const shape = [draw.int(1, 20), draw.int(1, 3)]
    const word = { dtype: 'int32' as const, min: -(2 ** 31), max: 2 ** 31 - 1 }
    return {
      inputs: [
        { shape: [2], ...word },
        { shape: [], ...word },
      ],
      apply: (key, stream) => randomBits(key, shape, stream),
    }
  },
})

/** A random key as a tensor (int32, [2]) from a seed, an integer up to 2^53. */
export const randomKey = (seed: number): Tensor => tensor(new Int32Array(keyFromSeed(seed)))

const asStream = (stream: Tensor | number): Tensor =>
  typeof stream === 'number' ? constant(stream, 'int32') : stream

/**
 * Random int32 bits: a pure function of key, stream and position (threefry.ts), the same on every device.
 * `stream`: a number or an int32 scalar, such as the step of a scan.
 */
export function randomBits(key: Tensor, shape: Shape, stream: Tensor | number = 0): Tensor {
  if (key.dtype !== 'int32' || key.size !== 2)
    throw new TypeError(`randomBits: the key is ${key}; give one made by randomKey or fold`)
  const s = asStream(stream)
  if (s.dtype !== 'int32' || s.size !== 1)
    throw new TypeError(`randomBits: the stream is ${s}; give an integer or an int32 scalar`)
  return new Tensor(randomBitsOp, [key, s], undefined, shape, 'int32')
}

/** An independent key from a key and an integer (layer, epoch, step): equals `foldKey` of threefry.ts. */
export function fold(key: Tensor, n: Tensor | number): Tensor {
  // Flip the top bit, so that folding by n and drawing from stream n never meet.
  const stream = typeof n === 'number' ? n ^ 0x80000000 : n.add(-0x80000000)
  return randomBits(key, [2], stream)
}

/** Uniform in [0, 1) with 24 random bits. */
export const uniform = (
  key: Tensor,
  shape: Shape,
  stream: Tensor | number = 0,
  dtype: DType = 'float32',
): Tensor => bitsToUniform(randomBits(key, shape, stream)).cast(dtype)

/**
 * Inverted dropout: each element is 0 with probability `rate`, else divided by 1 - rate (Srivastava et al. 2014,
 * with the scaling at training time). Rate 0 returns x itself.
 * @throws RangeError unless 0 <= rate < 1.
 */
export function dropout(x: Tensor, rate: number, key: Tensor, stream: Tensor | number = 0): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate ${rate}; give 0 <= rate < 1`)
  if (rate === 0) return x
  const keep = constant(rate)
    .lessEqual(uniform(key, x.shape, stream))
    .cast(x.dtype)
  return x.mul(keep).mul(1 / (1 - rate))
}
