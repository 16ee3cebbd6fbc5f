import { register } from '../graph/registry.js'
import { type Draw, type KernelOp, type Sample, Tensor } from '../graph/tensor.js'
import { normalAxes, type Shape } from '../kernel/shape.js'
import { equal } from './math.js'
import { permute, reshape } from './view.js'

declare module '../graph/tensor.js' {
  interface Tensor {
    /** Sum over axes (all by default); with `keep` they stay as axes of size 1. The sum of nothing is 0. */
    sum(axes?: number | readonly number[], keep?: boolean): Tensor
    /** Mean over axes (all by default). */
    mean(axes?: number | readonly number[], keep?: boolean): Tensor
    /** Largest element over axes (all by default); NaN if there is one. Ties share the derivative. */
    max(axes?: number | readonly number[], keep?: boolean): Tensor
    /** log(sum(exp(x))) over axes (all by default), without overflow. */
    logsumexp(axes?: number | readonly number[], keep?: boolean): Tensor
  }
}

const reduceSample =
  (apply: (x: Tensor, axes: number[]) => Tensor) =>
  (draw: Draw): Sample => {
    const shape = Array.from({ length: draw.int(1, 3) }, () => draw.int(1, 4))
    const axes = shape.flatMap((_, d) => (draw.int(0, 1) ? [d] : []))
    return { inputs: [{ shape }], apply: x => apply(x, axes) }
  }

/** A reduction over the last axes: `axes` of them. */
function reduceOp(
  op: 'sum' | 'max',
  vjp: (g: Tensor, x: Tensor, y: Tensor, axes: number[]) => Tensor,
  sample: (draw: Draw) => Sample,
): KernelOp<{ readonly axes: number }> {
  return register({
    kind: 'kernel',
    name: op,
    contiguous: false,
    launches: (node, [view]) => {
      const { shape, dtype } = node.inputs[0]
      const body = [{ op: 'input', dtype, args: [], value: 0 }] as const
      const inputs = [{ dtype, view }]
      return [
        {
          kernel: { kind: 'reduce', op, dtype, shape, axes: node.attrs.axes, inputs, body, value: 0 },
          args: [0, 'out'],
        },
      ]
    },
    vjp: (g, node) => {
      const [x] = node.inputs
      const kept = x.shape.map((n, d) => (d < node.rank ? n : 1))
      const wide = (t: Tensor) => reshape(t, kept).expand(...x.shape)
      const axes = x.shape.flatMap((_, d) => (d < node.rank ? [] : [d]))
      return [vjp(wide(g), x, wide(node), axes)]
    },
    sample,
  })
}

const sumOp = reduceOp(
  'sum',
  g => g,
  reduceSample((x, axes) => x.sum(axes)),
)
const maxOp = reduceOp(
  'max',
  (g, x, y, axes) => {
    // Ties share the cotangent: a convex combination of subgradients. The count is at least 1, unless there is a NaN.
    const hits = equal(x, y)
    return g.mul(hits).div(hits.sum(axes, true).expand(...x.shape))
  },
  reduceSample((x, axes) => x.max(axes)),
)

function reduceAxes(
  what: string,
  op: KernelOp<{ readonly axes: number }>,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  keep: boolean,
): Tensor {
  const reduced = normalAxes(what, axes, x.rank)
  const kept = x.shape.flatMap((_, d) => (reduced.includes(d) ? [] : [d]))
  const shape = kept.map(d => x.shape[d])
  const y = reduced.length
    ? new Tensor(op, [permute(x, [...kept, ...reduced])], { axes: reduced.length }, shape, x.dtype)
    : x
  return keep ? reshape(y, keepShape(x.shape, reduced)) : y
}

const keepShape = (shape: Shape, reduced: readonly number[]): number[] =>
  shape.map((n, d) => (reduced.includes(d) ? 1 : n))

Tensor.prototype.sum = function (axes, keep = false) {
  return reduceAxes('sum', sumOp, this, axes, keep)
}
Tensor.prototype.max = function (axes, keep = false) {
  return reduceAxes('max', maxOp, this, axes, keep)
}
Tensor.prototype.mean = function (axes, keep = false) {
  const total = this.sum(axes, keep)
  return total.div(this.size / Math.max(1, total.size))
}
Tensor.prototype.logsumexp = function (axes, keep = false) {
  // The maximum only guards against overflow: it cancels, so it is held constant. Infinite ones would give NaN.
  const limit = this.dtype === 'float64' ? 1e308 : 3e38
  const top = this.max(axes, true).detach().max2(-limit).min2(limit)
  const sums = this.sub(top).exp().sum(axes, true).log().add(top)
  return keep ? sums : reshape(sums, this.sum(axes).shape)
}
