import type { Axes, Implementation, TensorOperations } from '../graph/methods.js'
import { node, sameOperation } from '../graph/node.js'
import { register } from '../graph/registry.js'
import { type Draw, type KernelOp, type Sample, Tensor } from '../graph/tensor.js'
import { reduceKernel } from '../kernel/build.js'
import { normalAxes, type Shape } from '../kernel/shape.js'
import { equal, less, where } from './math.js'
import { permute, reshape, shapeSample } from './view.js'

const reduceSample =
  (apply: (x: Tensor, axes: number[]) => Tensor) =>
  (draw: Draw): Sample => {
    const shape = shapeSample(draw, 1)
    const axes = shape.flatMap((_, d) => (draw.int(0, 1) ? [d] : []))
    return { inputs: [{ shape }], apply: x => apply(x, axes) }
  }

/** How many of the last axes are reduced. */
type Reduce = { readonly axes: number }

const lastAxes = ({ axes }: Reduce): number[] => Array.from({ length: axes }, (_, i) => i - axes)

/** The record of a reduction over the last axes. `vjp`: of the input `x`, with `g` and the result `y` repeated to its shape. */
function reduceOp(
  op: 'sum' | 'max',
  vjp: (g: Tensor, x: Tensor, y: Tensor, axes: number[]) => Tensor,
  sample: (draw: Draw) => Sample,
  rules: Pick<KernelOp<Reduce>, 'onnx' | 'sumOverSteps'>,
): KernelOp<Reduce> {
  return register({
    kind: 'kernel',
    name: op,
    contiguous: false,
    reduces: op,
    overSteps: (t, [x], steps) => sameOperation(t, [x.stacked()], [steps, ...t.shape]),
    ...rules,
    launches: ({ inputs: [{ shape, dtype }], attrs }, [view]) => [
      {
        kernel: reduceKernel(op, dtype, shape, attrs.axes, [{ dtype, view }], x => x),
        args: [0, 'out'],
      },
    ],
    vjp: (g, y) => {
      const [x] = y.inputs
      const axes = [...x.shape.keys()].slice(y.rank)
      const repeat = (t: Tensor) => reshape(t, keepShape(x.shape, axes)).expand(...x.shape)
      return [vjp(repeat(g), x, repeat(y), axes)]
    },
    sample,
  })
}

const sumOp = reduceOp(
  'sum',
  g => g,
  reduceSample((x, axes) => x.sum(axes)),
  {
    onnx: ({ attrs }, [x], writer) =>
      writer.add('ReduceSum', [x, writer.integers(lastAxes(attrs))], { keepdims: 0 }),
    // One reduction of the steps, too: cheaper than summing over them first.
    sumOverSteps: (t, [x]) => x.sum(x.shape.flatMap((_, d) => (d > 0 && d <= t.rank ? [] : [d]))),
  },
)
const maxOp = reduceOp(
  'max',
  (g, x, y, axes) => {
    // Ties share the cotangent: a convex combination of subgradients. None is less than a NaN, so there all share it.
    const isLess = less(x, y)
    const ties = equal(isLess, 0).sum(axes, true)
    return where(isLess, 0, g.div(ties.expand(...x.shape)))
  },
  reduceSample((x, axes) => x.max(axes)),
  { onnx: ({ attrs }, [x], writer) => writer.add('ReduceMax', [x], { axes: lastAxes(attrs), keepdims: 0 }) },
)

/** Bring the axes to the end, reduce them, and put them back as axes of size 1 if they are kept. */
function reduceAxes(op: KernelOp<Reduce>, x: Tensor, axes: Axes, keep: boolean): Tensor {
  const reduced = normalAxes(op.name, axes, x.rank)
  const kept = x.shape.flatMap((_, d) => (reduced.includes(d) ? [] : [d]))
  const shape = kept.map(d => x.shape[d])
  const y = reduced.length
    ? node(op, [permute(x, [...kept, ...reduced])], { axes: reduced.length } satisfies Reduce, shape, x.dtype)
    : x
  return keep ? reshape(y, keepShape(x.shape, reduced)) : y
}

/** The shape with the reduced axes kept at size 1. */
const keepShape = (shape: Shape, reduced: readonly number[]): number[] =>
  shape.map((n, d) => (reduced.includes(d) ? 1 : n))

/** @throws TypeError for a tensor, the other operand of what in other libraries has this name: `elementwise` says which. */
function checkAxes(caller: string, axes: Axes, elementwise: string): void {
  if (axes instanceof Tensor)
    throw new TypeError(`${caller}: got a tensor, give axes (or none for all); ${elementwise}`)
}

function sum(x: Tensor, axes: Axes, keep = false): Tensor {
  checkAxes('sum', axes, 'the sum of two tensors is x.add(y)')
  return reduceAxes(sumOp, x, axes, keep)
}

function max(x: Tensor, axes: Axes, keep = false): Tensor {
  checkAxes('max', axes, 'the larger of two tensors is x.maximum(y)')
  return reduceAxes(maxOp, x, axes, keep)
}

function mean(x: Tensor, axes: Axes, keep = false): Tensor {
  const total = x.sum(axes, keep)
  return total.div(x.size / Math.max(1, total.size))
}

function logsumexp(x: Tensor, axes: Axes, keep = false): Tensor {
  // The maximum only guards against overflow: it cancels, so it is held constant. Infinite ones would give NaN.
  const limit = x.dtype === 'float64' ? 1e308 : 3e38
  const top = x.max(axes, true).detach().maximum(-limit).minimum(limit)
  const sums = x.sub(top).exp().sum(axes, true).log().add(top)
  return keep ? sums : sums.squeeze(axes)
}

/** The methods of this file. */
export const reduceMethods = { sum, max, mean, logsumexp } satisfies Partial<
  Implementation<Tensor, TensorOperations<Tensor>>
>
