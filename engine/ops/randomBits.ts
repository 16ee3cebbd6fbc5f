import { node, sameOperation } from '../graph/node.js'
import { register } from '../graph/registry.js'
import { type KernelOp, Tensor } from '../graph/tensor.js'
import type { Shape } from '../kernel/shape.js'
import { asTensor } from './elementwise.js'
import { sizeSample } from './view.js'

const randomBitsOp: KernelOp<undefined> = register({
  kind: 'kernel',
  name: 'randomBits',
  contiguous: true,
  launches: t => {
    const streams = t.inputs[1].size
    const count = streams && t.size / streams
    return [{ kernel: { kind: 'randomBits', streams, count }, args: [0, 1, 'out'] }]
  },
  vjp: () => [undefined, undefined],
  overSteps: (t, [key, stream], steps) =>
    key.fixed ? sameOperation(t, [key.tensor, stream.stacked()], [steps, ...t.shape]) : undefined,
  sample: draw => {
    const shape = [sizeSample(draw, 20), sizeSample(draw, 3)]
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

/**
 * Random int32 bits: a pure function of key, stream and position (threefry.ts), the same on every device.
 * `key`: int32 [2], from `randomKey` or `fold`. `stream`: a number or an int32 scalar, such as the step of a scan.
 * @throws TypeError for another key or stream.
 */
export function randomBits(key: Tensor, shape: Shape, stream: Tensor | number = 0): Tensor {
  if (!(key instanceof Tensor) || key.dtype !== 'int32' || key.size !== 2)
    throw new TypeError(`randomBits: the key is ${key}; give one made by randomKey or fold`)
  const streamNumber = asTensor(stream, 'int32')
  if (streamNumber.dtype !== 'int32' || streamNumber.size !== 1)
    throw new TypeError(`randomBits: the stream is ${stream}; give an integer or an int32 scalar`)
  return node(randomBitsOp, [key, streamNumber], undefined, shape, 'int32')
}
