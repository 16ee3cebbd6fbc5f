import type { Axes, Implementation, Sizes, TensorOperations } from '../graph/methods.js'
import { node } from '../graph/node.js'
import { viewRecord } from '../graph/record.js'
import { register } from '../graph/registry.js'
import type { Draw, Tensor, ViewOp } from '../graph/tensor.js'
import {
  broadcastShapes,
  checkShape,
  normalAxes,
  normalAxis,
  printShape,
  type Shape,
  sameShape,
  sizeOf,
  type View,
} from '../kernel/shape.js'

/** A random size for a sample: 1 to `most`, or, now and then, 0. */
export const sizeSample = (draw: Draw, most = 4): number => (draw.int(0, 9) === 9 ? 0 : draw.int(1, most))

/** A random shape for a sample: `leastRank` to three axes, some of them empty. */
export const shapeSample = (draw: Draw, leastRank = 0): number[] =>
  Array.from({ length: draw.int(leastRank, 3) }, () => sizeSample(draw))

/** The view `view` of shape `from` as one of shape `to`; undefined when the elements are not evenly spaced. */
function reshapeView(from: Shape, view: View, to: Shape): View | undefined {
  // Merge the source's axes into runs that behave like one axis, then cut the runs into the target's axes.
  const runs: { size: number; stride: number }[] = []
  from.forEach((size, d) => {
    if (size === 1) return
    const last = runs.at(-1)
    if (last && last.stride === size * view.strides[d]) {
      last.size *= size
      last.stride = view.strides[d]
    } else runs.push({ size, stride: view.strides[d] })
  })
  const strides = new Array<number>(to.length).fill(0)
  let run = runs.length - 1
  let done = 1
  for (let d = to.length - 1; d >= 0; d--) {
    if (to[d] === 1) continue
    if (run < 0 || runs[run].size % (done * to[d]) !== 0) return undefined
    strides[d] = runs[run].stride * done
    done *= to[d]
    if (done === runs[run].size) {
      run--
      done = 1
    }
  }
  return { offset: view.offset, strides }
}

const reshapeOp: ViewOp<undefined> = register({
  kind: 'view',
  name: 'reshape',
  view: (t, input) =>
    t.size === 0
      ? { offset: 0, strides: t.shape.map(() => 0) }
      : reshapeView(t.inputs[0].shape, input, t.shape),
  vjp: (g, t) => [reshape(g, t.inputs[0].shape)],
  overSteps: (t, [x], steps) => reshape(x.stacked(), [steps, ...t.shape]),
  onnx: ({ shape }, [x], writer) => writer.reshape(x, shape),
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const to = draw.pick([[-1], [...shape, 1], [shape[0] || 1, -1], [...shape].reverse()])
    return { inputs: [{ shape }], apply: x => reshape(x, to) }
  },
})

/** See the method of the same name. @throws RangeError when the elements do not fill the shape. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1)
  const known = sizeOf(shape.filter(n => n !== -1))
  const full = unknown < 0 ? shape : shape.map((n, d) => (d === unknown ? x.size / known : n))
  if (full.some(n => !Number.isInteger(n) || n < 0) || sizeOf(full) !== x.size)
    throw new RangeError(
      `reshape: ${x.size} elements of ${printShape(x.shape)} do not fill ${printShape(shape)}`,
    )
  return sameShape(full, x.shape) ? x : node(reshapeOp, [x], undefined, full, x.dtype)
}

type Permute = { readonly axes: readonly number[] }

const permuteOp: ViewOp<Permute> = register({
  kind: 'view',
  name: 'permute',
  view: ({ attrs }, input) => ({ offset: input.offset, strides: attrs.axes.map(d => input.strides[d]) }),
  permutesAxes: true,
  vjp: (g, { attrs }) => [
    permute(
      g,
      attrs.axes.map((_, d) => attrs.axes.indexOf(d)),
    ),
  ],
  overSteps: ({ attrs }, [x]) => permute(x.stacked(), [0, ...attrs.axes.map(d => d + 1)]),
  onnx: ({ attrs }, [x], writer) => writer.add('Transpose', [x], { perm: attrs.axes }),
  sample: draw => {
    const shape = shapeSample(draw)
    const rest = shape.map((_, d) => d)
    const axes = shape.map(() => rest.splice(draw.int(0, rest.length - 1), 1)[0])
    return { inputs: [{ shape }], apply: x => permute(x, axes) }
  },
})

/** See the method of the same name. @throws RangeError unless each axis is named once. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const normal = axes.map(axis => normalAxis('permute', axis, x.rank))
  if (normal.length !== x.rank || new Set(normal).size !== x.rank)
    throw new RangeError(`permute: axes [${axes}] of a tensor ${printShape(x.shape)}; name each axis once`)
  if (normal.every((axis, d) => axis === d)) return x
  return node(
    permuteOp,
    [x],
    { axes: normal } satisfies Permute,
    normal.map(d => x.shape[d]),
    x.dtype,
  )
}

/** Whether an `expand` node repeats its input along axis `d`. */
function isRepeated({ shape, rank, inputs: [x] }: Tensor, d: number): boolean {
  const lead = rank - x.rank
  return d < lead || x.shape[d - lead] !== shape[d]
}

const expandOp: ViewOp<undefined> = register({
  kind: 'view',
  name: 'expand',
  view: (t, input) => {
    const lead = t.rank - t.inputs[0].rank
    const strides = t.shape.map((_, d) => (isRepeated(t, d) ? 0 : input.strides[d - lead]))
    return { offset: input.offset, strides }
  },
  vjp: (g, t) => [reshape(g.sum([...t.shape.keys()].filter(d => isRepeated(t, d))), t.inputs[0].shape)],
  overSteps: (t, [x], steps) => {
    const { shape, rank } = t.inputs[0]
    const newAxes = new Array<number>(t.rank - rank).fill(1)
    return expand(reshape(x.stacked(), [steps, ...newAxes, ...shape]), [steps, ...t.shape])
  },
  onnx: ({ shape }, [x], writer) => writer.add('Expand', [x, writer.sizes(shape)]),
  sample: draw => {
    const to = shapeSample(draw)
    const shape = to.map(n => (draw.int(0, 1) ? n : 1)).slice(draw.int(0, to.length))
    return { inputs: [{ shape }], apply: x => expand(x, to) }
  },
})

/** What `expand` repeats to get a tensor; other tensors are that themselves. */
export const repeatedBy = (t: Tensor): Tensor => (t.op === expandOp ? repeatedBy(t.inputs[0]) : t)

/** See the method of the same name. @throws RangeError when axes of other sizes than 1 would repeat. */
export function expand(x: Tensor, sizes: Shape): Tensor {
  const shape = sizes.map((n, d) => (n === -1 ? (x.shape[d - sizes.length + x.rank] ?? n) : n))
  if (sameShape(x.shape, shape)) return x
  checkShape('expand', shape)
  if (!sameShape(broadcastShapes('expand', [x.shape, shape]), shape))
    throw new RangeError(`expand: ${printShape(x.shape)} does not repeat to ${printShape(shape)}`)
  return node(expandOp, [x], undefined, shape, x.dtype)
}

/** Sizes or axes as methods take them: one argument each, or an array. */
const listed = (args: Sizes): readonly number[] => (Array.isArray(args[0]) ? args[0] : (args as number[]))

function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const [first, second] = [a, b].map(axis => normalAxis('swapAxes', axis, x.rank))
  const swapped = (d: number) => (d === first ? second : d === second ? first : d)
  return permute(
    x,
    x.shape.map((_, d) => swapped(d)),
  )
}

function transpose(x: Tensor, ...axes: readonly unknown[]): Tensor {
  if (axes.length)
    throw new TypeError(
      'transpose: it takes no axes, and swaps the last two; use swapAxes(a, b), or permute(...axes) for all of them',
    )
  if (x.rank < 2) throw new RangeError(`transpose: ${printShape(x.shape)} has fewer than two axes`)
  return swapAxes(x, -2, -1)
}

function unsqueeze(x: Tensor, axis: number): Tensor {
  const d = normalAxis('unsqueeze', axis, x.rank + 1)
  return reshape(x, [...x.shape.slice(0, d), 1, ...x.shape.slice(d)])
}

function squeeze(x: Tensor, axes: Axes): Tensor {
  const dropped =
    axes === undefined ? x.shape.flatMap((n, d) => (n === 1 ? [d] : [])) : normalAxes('squeeze', axes, x.rank)
  for (const d of dropped)
    if (x.shape[d] !== 1)
      throw new RangeError(`squeeze: axis ${d} of ${printShape(x.shape)} has size ${x.shape[d]}, not 1`)
  return reshape(
    x,
    x.shape.filter((_, d) => !dropped.includes(d)),
  )
}

/** The methods of this file. */
export const viewMethods = {
  reshape: (x, ...shape) => reshape(x, listed(shape)),
  permute: (x, ...axes) =>
    permute(x, axes.length || x.rank === 0 ? listed(axes) : x.shape.map((_, d) => x.rank - 1 - d)),
  transpose,
  swapAxes,
  expand: (x, ...shape) => expand(x, listed(shape)),
  unsqueeze,
  squeeze,
} satisfies Partial<Implementation<Tensor, TensorOperations<Tensor>>>

/** The view of a view node, given that of its input: undefined when strides cannot express it. */
export function viewOf(t: Tensor, input: View): View | undefined {
  const view = viewRecord(t)
  return view?.op.view(view.node, input)
}
