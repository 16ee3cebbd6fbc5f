import { node } from '../graph/node.js'
import { register } from '../graph/registry.js'
import { checkTensor, type KernelOp, type Tensor } from '../graph/tensor.js'
import { broadcastShapes, printShape } from '../kernel/shape.js'
import { takeBox } from './slice.js'
import { expand, reshape, sizeSample } from './view.js'

const matmulOp: KernelOp<undefined> = register({
  kind: 'kernel',
  name: 'matmul',
  contiguous: false,
  launches: (t, [a, b]) => {
    const batch = t.shape.slice(0, -2)
    const [m, n] = t.shape.slice(-2)
    const dtype = t.dtype === 'float64' ? 'float64' : 'float32'
    const k = t.inputs[0].shape.at(-1)!
    return [
      { kernel: { kind: 'matmul', dtype, batch, m, n, k, a, b, accumulate: false }, args: [0, 1, 'out'] },
    ]
  },
  vjp: (g, { inputs: [a, b] }) => [g.matmul(b.transpose()), a.transpose().matmul(g)],
  overSteps(t, [a, b], steps) {
    const left = a.stacked()
    // A product with one fixed matrix is one product of all steps' rows; otherwise the steps are a batch axis.
    if (!b.fixed || t.rank !== 2) return matmul(left, b.stacked())
    const [, m, k] = left.shape
    return reshape(matmul(reshape(left, [steps * m, k]), b.tensor), [steps, ...t.shape])
  },
  linearIn: () => [[0], [1]],
  onnx: (_, factors, writer) => writer.add('MatMul', factors),
  // Σ_t A_t B_t = [A_1 … A_T] [B_1; …; B_T]: the steps go inside the contracted axis.
  sumOverSteps(t, [a, b]) {
    const batchAxes = Array.from({ length: t.rank - 2 }, (_, d) => d + 1)
    const batch = batchAxes.map(d => a.shape[d])
    const [m, k] = a.shape.slice(-2)
    const inner = a.shape[0] * k
    const left = a.permute(...batchAxes, t.rank - 1, 0, t.rank).reshape(...batch, m, inner)
    const right = b.permute(...batchAxes, 0, t.rank - 1, t.rank).reshape(...batch, inner, b.shape.at(-1)!)
    return left.matmul(right)
  },
  boxInputs: ({ inputs, rank }, { starts, steps }, shape) =>
    inputs.map((x, i) => {
      // Of the product's axes the left factor has all but the columns, the right one all but the rows.
      const inner = rank - (i === 0 ? 1 : 2)
      const part = (sizes: readonly number[], other: number) => sizes.map((n, d) => (d === inner ? other : n))
      return takeBox(x, { starts: part(starts, 0), steps: part(steps, 1) }, part(shape, x.shape[inner]))
    }),
  sample: draw => {
    const [m, k, n] = [5, 5, 5].map(most => sizeSample(draw, most))
    const batch = Array.from({ length: draw.int(0, 2) }, () => sizeSample(draw, 3))
    const [transposeA, transposeB] = draw.pick([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ])
    const a = transposeA ? [...batch, k, m] : [...batch, m, k]
    const b = transposeB ? [n, k] : [k, n]
    return {
      inputs: [{ shape: a }, { shape: b }],
      apply: (x, y) => matmul(transposeA ? x.transpose() : x, transposeB ? y.transpose() : y),
    }
  },
})

/**
 * Matrix product over the last axis of `a` [..., m, k] and the last but one of `b` [..., k, n]: [..., m, n].
 * @throws RangeError when inner sizes or batches do not fit; TypeError for int32 or mixed dtypes.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  for (const x of [a, b]) checkTensor('matmul', x)
  const product = `matmul: ${printShape(a.shape)} × ${printShape(b.shape)}`
  if (a.rank < 2 || b.rank < 2)
    throw new RangeError(`${product}: both need two axes or more (unsqueeze a vector)`)
  if (a.dtype !== b.dtype || a.dtype === 'int32')
    throw new TypeError(`${product}: ${a.dtype} and ${b.dtype}; give two float32 or two float64 tensors`)
  const [m, k] = a.shape.slice(-2)
  const [inner, n] = b.shape.slice(-2)
  if (k !== inner) {
    const hint = inner > k ? ' (did you forget concat([x, h], 1)?)' : ''
    throw new RangeError(`${product}: inner sizes ${k} and ${inner} differ${hint}`)
  }
  const batch = broadcastShapes(product, [a.shape.slice(0, -2), b.shape.slice(0, -2)])
  const left = expand(a, [...batch, m, k])
  const right = expand(b, [...batch, k, n])
  return node(matmulOp, [left, right], undefined, [...batch, m, n], a.dtype)
}
