import type { Axes, Implementation, TensorOperations } from '../graph/methods.js'
import { node, sameOperation } from '../graph/node.js'
import { register } from '../graph/registry.js'
import { type Draw, type KernelOp, type Sample, Tensor } from '../graph/tensor.js'
import { reduceKernel } from '../kernel/build.js'
import { normalAxes, type Shape } from '../kernel/shape.js'
import { equal } from './math.js'
import { permute, reshape } from './view.js'

const reduceSample =
  (apply: (x: Tensor, axes: number[]) => Tensor) =>
  (draw: Draw): Sample => {
    const shape = Array.from({ length: draw.int(1, 3) }, () => draw.int(1, 4))
    const axes = shape.flatMap((_, d) => (draw.int(0, 1) ? [d] : []))
    return { inputs: [{ shape }], apply: x => apply(x, axes) }
  }

/** How many of the last axes are reduced. */
type Reduce = { readonly axes: number }

/** A reduction over the last axes. */
function reduceOp(
  op: 'sum' | 'max',
  vjp: (g: Tensor, x: Tensor, y: Tensor, axes: number[]) => Tensor,
  sample: (draw: Draw) => Sample,
  loopRules: Pick<KernelOp<Reduce>, 'sumOverSteps'> = {},
): KernelOp<Reduce> {
  return register({
    kind: 'kernel',
    name: op,
    contiguous: false,
    reduces: op,
    overSteps: (t, [x], steps) => sameOperation(t, [x.stacked()], [steps, ...t.shape]),
    ...loopRules,
    launches: ({ inputs: [{ shape, dtype }], attrs }, [view]) => [
      {
        kernel: reduceKernel(op, dtype, shape, attrs.axes, [{ dtype, view }], x => x),
        args: [0, 'out'],
      },
    ],
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
  {
    // One reduction of the steps, too: cheaper than summing over them first.
    sumOverSteps: (t, [x]) => x.sum(x.shape.flatMap((_, d) => (d > 0 && d <= t.rank ? [] : [d]))),
  },
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

function reduceAxes(what: string, op: KernelOp<Reduce>, x: Tensor, axes: Axes, keep: boolean): Tensor {
  const reduced = normalAxes(what, axes, x.rank)
  const kept = x.shape.flatMap((_, d) => (reduced.includes(d) ? [] : [d]))
  const shape = kept.map(d => x.shape[d])
  const y = reduced.length
    ? node(op, [permute(x, [...kept, ...reduced])], { axes: reduced.length } satisfies Reduce, shape, x.dtype)
    : x
  return keep ? reshape(y, keepShape(x.shape, reduced)) : y
}

const keepShape = (shape: Shape, reduced: readonly number[]): number[] =>
  shape.map((n, d) => (reduced.includes(d) ? 1 : n))

/** Which axes to reduce. @throws TypeError for a tensor, which would be an elementwise operation's other operand. */
function checkAxes(what: string, axes: Axes, elementwise: string): void {
  if (axes instanceof Tensor)
    throw new TypeError(`${what}: got a tensor, give axes (or none for all); ${elementwise}`)
}

/** Sum over axes. */
function sum(x: Tensor, axes: Axes, keep = false): Tensor {
  checkAxes('sum', axes, 'the sum of two tensors is x.add(y)')
  return reduceAxes('sum', sumOp, x, axes, keep)
}

/** Largest element over axes. */
function max(x: Tensor, axes: Axes, keep = false): Tensor {
  checkAxes('max', axes, 'the larger of two tensors is x.maximum(y)')
  return reduceAxes('max', maxOp, x, axes, keep)
}

/** Mean over axes. */
function mean(x: Tensor, axes: Axes, keep = false): Tensor {
  const total = x.sum(axes, keep)
  return total.div(x.size / Math.max(1, total.size))
}

/** log(sum(exp(x))) over axes, without overflow. */
function logsumexp(x: Tensor, axes: Axes, keep = false): Tensor {
  // The maximum only guards against overflow: it cancels, so it is held constant. Infinite ones would give NaN.
  const limit = x.dtype === 'float64' ? 1e308 : 3e38
  const top = x.max(axes, true).detach().maximum(-limit).minimum(limit)
  const sums = x.sub(top).exp().sum(axes, true).log().add(top)
  return keep ? sums : reshape(sums, x.sum(axes).shape)
}

/** The methods of this file. */
export const reduceMethods = { sum, max, mean, logsumexp } satisfies Partial<
  Implementation<Tensor, TensorOperations<Tensor>>
>
