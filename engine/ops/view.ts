import { register } from '../graph/registry.js'
import { type Draw, type Node, Tensor, type ViewOp } from '../graph/tensor.js'
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
import { place } from './place.js'

declare module '../graph/tensor.js' {
  interface Tensor {
    /** The same elements in row-major order in another shape; one size may be -1 and is worked out. */
    reshape(...shape: number[]): Tensor
    /** Axes in another order: axis d of the result is axis `axes[d]` of this. Without axes: reversed. */
    permute(...axes: number[]): Tensor
    /** The matrix transpose: the last two axes swapped. */
    transpose(): Tensor
    /** Repeat along axes of size 1, and along new leading axes, without copying (NumPy's broadcast_to). */
    expand(...shape: number[]): Tensor
    /** Elements start, start+step, … before end of one axis (default: to the end). Negative numbers count from the end. */
    slice(axis: number, start: number, end?: number, step?: number): Tensor
    /** One axis backwards. */
    flip(axis: number): Tensor
    /** Sliding windows: axis `axis` counts windows, a new last axis of `size` runs inside one. */
    windows(axis: number, size: number, step?: number): Tensor
    /** Pieces of the given sizes along an axis, or that many equal ones. */
    split(axis: number, sizes: number | readonly number[]): Tensor[]
    /** A new axis of size 1 before axis `axis`. */
    unsqueeze(axis: number): Tensor
    /** Without axis `axis`, which has size 1. */
    squeeze(axis: number): Tensor
  }
}

const shapeSample = (draw: Draw, least = 0): number[] =>
  Array.from({ length: draw.int(least, 3) }, () => draw.int(1, 4))

/** Strides of a reshaped view, or undefined when the elements are not evenly spaced. */
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
  view: (node, input) =>
    node.size === 0
      ? { offset: 0, strides: node.shape.map(() => 0) }
      : reshapeView(node.inputs[0].shape, input, node.shape),
  vjp: (g, node) => [reshape(g, node.inputs[0].shape)],
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const to = draw.pick([[-1], [...shape, 1], [shape[0], -1], [...shape].reverse()])
    return { inputs: [{ shape }], apply: x => reshape(x, to) }
  },
})

/** See the method of the same name. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1)
  const known = sizeOf(shape.filter(n => n !== -1))
  const full = unknown < 0 ? shape : shape.map((n, d) => (d === unknown ? x.size / known : n))
  if (full.some(n => !Number.isInteger(n) || n < 0) || sizeOf(full) !== x.size)
    throw new RangeError(
      `reshape: ${x.size} elements of ${printShape(x.shape)} do not fill ${printShape(shape)}`,
    )
  return sameShape(full, x.shape) ? x : new Tensor(reshapeOp, [x], undefined, full, x.dtype)
}

type Permute = { readonly axes: readonly number[] }

const permuteOp: ViewOp<Permute> = register({
  kind: 'view',
  name: 'permute',
  view: ({ attrs }, input) => ({ offset: input.offset, strides: attrs.axes.map(d => input.strides[d]) }),
  vjp: (g, { attrs }) => [
    permute(
      g,
      attrs.axes.map((_, d) => attrs.axes.indexOf(d)),
    ),
  ],
  sample: draw => {
    const shape = shapeSample(draw)
    const rest = shape.map((_, d) => d)
    const axes = shape.map(() => rest.splice(draw.int(0, rest.length - 1), 1)[0])
    return { inputs: [{ shape }], apply: x => permute(x, axes) }
  },
})

/** See the method of the same name. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const normal = axes.map(axis => normalAxis('permute', axis, x.rank))
  if (normal.length !== x.rank || new Set(normal).size !== x.rank)
    throw new RangeError(`permute: axes [${axes}] of a tensor ${printShape(x.shape)}; name each axis once`)
  if (normal.every((axis, d) => axis === d)) return x
  return new Tensor(
    permuteOp,
    [x],
    { axes: normal } satisfies Permute,
    normal.map(d => x.shape[d]),
    x.dtype,
  )
}

const expandOp: ViewOp<undefined> = register({
  kind: 'view',
  name: 'expand',
  view: (node, input) => {
    const { shape } = node.inputs[0]
    const lead = node.rank - shape.length
    const strides = node.shape.map((n, d) =>
      d < lead || shape[d - lead] !== n ? 0 : input.strides[d - lead],
    )
    return { offset: input.offset, strides }
  },
  vjp: (g, node) => {
    const { shape } = node.inputs[0]
    const lead = node.rank - shape.length
    const axes = node.shape.flatMap((n, d) => (d < lead || shape[d - lead] !== n ? [d] : []))
    return [reshape(g.sum(axes), shape)]
  },
  sample: draw => {
    const to = shapeSample(draw)
    const shape = to.map(n => (draw.int(0, 1) ? n : 1)).slice(draw.int(0, to.length))
    return { inputs: [{ shape }], apply: x => expand(x, to) }
  },
})

/** See the method of the same name. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  checkShape('expand', shape)
  if (!sameShape(broadcastShapes('expand', [x.shape, shape]), shape))
    throw new RangeError(`expand: ${printShape(x.shape)} does not repeat to ${printShape(shape)}`)
  return new Tensor(expandOp, [x], undefined, shape, x.dtype)
}

type Slice = { readonly starts: readonly number[]; readonly steps: readonly number[] }

const sliceOp: ViewOp<Slice> = register({
  kind: 'view',
  name: 'slice',
  view: ({ attrs: { starts, steps } }, input) => ({
    offset: starts.reduce((sum, start, d) => sum + start * input.strides[d], input.offset),
    strides: steps.map((step, d) => step * input.strides[d]),
  }),
  vjp: (g, { attrs, inputs: [x] }) => [place(x.shape, [{ x: g, ...attrs }])],
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const axis = draw.int(0, shape.length - 1)
    const start = draw.int(0, shape[axis] - 1)
    const end = draw.int(start, shape[axis])
    const step = draw.pick([1, 1, 2, 3])
    return { inputs: [{ shape }], apply: x => x.slice(axis, start, end, step) }
  },
})

/** The part of x that begins at `starts` and takes `sizes` elements, `steps` apart (which may be negative). */
export function strided(x: Tensor, starts: Shape, sizes: Shape, steps: readonly number[]): Tensor {
  const whole = sameShape(sizes, x.shape) && starts.every(s => s === 0) && steps.every(s => s === 1)
  return whole ? x : new Tensor(sliceOp, [x], { starts, steps } satisfies Slice, sizes, x.dtype)
}

function sliceAxis(x: Tensor, axis: number, first: number, size: number, step: number): Tensor {
  const starts = x.shape.map((_, d) => (d === axis ? first : 0))
  const sizes = x.shape.map((n, d) => (d === axis ? size : n))
  const steps = x.shape.map((_, d) => (d === axis ? step : 1))
  return strided(x, starts, sizes, steps)
}

type Windows = { readonly axis: number; readonly step: number }

const windowsOp: ViewOp<Windows> = register({
  kind: 'view',
  name: 'windows',
  view: ({ attrs: { axis, step } }, input) => ({
    offset: input.offset,
    strides: [...input.strides.map((s, d) => (d === axis ? s * step : s)), input.strides[axis]],
  }),
  vjp: (g, { attrs: { axis, step }, inputs: [x] }) => {
    const parts = Array.from({ length: g.shape.at(-1)! }, (_, j) => ({
      x: g.slice(-1, j, j + 1).squeeze(-1),
      starts: x.shape.map((_, d) => (d === axis ? j : 0)),
      steps: x.shape.map((_, d) => (d === axis ? step : 1)),
    }))
    return [place(x.shape, parts)]
  },
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const axis = draw.int(0, shape.length - 1)
    const size = draw.int(1, shape[axis])
    const step = draw.int(1, 2)
    return { inputs: [{ shape }], apply: x => x.windows(axis, size, step) }
  },
})

Tensor.prototype.reshape = function (...shape) {
  return reshape(this, shape)
}
Tensor.prototype.permute = function (...axes) {
  return permute(this, axes.length || this.rank === 0 ? axes : this.shape.map((_, d) => this.rank - 1 - d))
}
Tensor.prototype.transpose = function () {
  if (this.rank < 2) throw new RangeError(`transpose: ${printShape(this.shape)} has fewer than two axes`)
  const axes = this.shape.map((_, d) => d)
  return permute(this, [...axes.slice(0, -2), this.rank - 1, this.rank - 2])
}
Tensor.prototype.expand = function (...shape) {
  return expand(this, shape)
}
Tensor.prototype.slice = function (axis, start, end, step = 1) {
  const d = normalAxis('slice', axis, this.rank)
  const size = this.shape[d]
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`slice: step ${step}; give 1 or more (flip turns an axis)`)
  for (const i of [start, end ?? size])
    if (!Number.isInteger(i))
      throw new RangeError(`slice: ${start} to ${end ?? 'the end'} of axis ${axis}; give integers`)
  const at = (i: number) => Math.min(size, Math.max(0, i < 0 ? i + size : i))
  const first = at(start)
  const last = at(end ?? size)
  return sliceAxis(this, d, first, Math.max(0, Math.ceil((last - first) / step)), step)
}
Tensor.prototype.flip = function (axis) {
  const d = normalAxis('flip', axis, this.rank)
  return this.shape[d] < 2 ? this : sliceAxis(this, d, this.shape[d] - 1, this.shape[d], -1)
}
Tensor.prototype.windows = function (axis, size, step = 1) {
  const d = normalAxis('windows', axis, this.rank)
  if (!Number.isInteger(size) || size < 1 || size > this.shape[d])
    throw new RangeError(
      `windows: size ${size} on axis ${axis} of ${printShape(this.shape)}; give 1 to ${this.shape[d]}`,
    )
  if (!Number.isInteger(step) || step < 1) throw new RangeError(`windows: step ${step}; give 1 or more`)
  const count = Math.floor((this.shape[d] - size) / step) + 1
  const shape = [...this.shape.map((n, e) => (e === d ? count : n)), size]
  return new Tensor(windowsOp, [this], { axis: d, step } satisfies Windows, shape, this.dtype)
}
Tensor.prototype.split = function (axis, pieces) {
  const d = normalAxis('split', axis, this.rank)
  const sizes =
    typeof pieces === 'number' ? new Array<number>(pieces).fill(Math.floor(this.shape[d] / pieces)) : pieces
  if (sizes.reduce((a, b) => a + b, 0) !== this.shape[d])
    throw new RangeError(
      `split: sizes ${sizes.join(' + ')} do not add up to axis ${axis} of ${printShape(this.shape)}`,
    )
  let first = 0
  return sizes.map(size => {
    const piece = sliceAxis(this, d, first, size, 1)
    first += size
    return piece
  })
}
Tensor.prototype.unsqueeze = function (axis) {
  const d = normalAxis('unsqueeze', axis, this.rank + 1)
  return reshape(this, [...this.shape.slice(0, d), 1, ...this.shape.slice(d)])
}
Tensor.prototype.squeeze = function (axis) {
  const d = normalAxes('squeeze', axis, this.rank)[0]
  if (this.shape[d] !== 1)
    throw new RangeError(
      `squeeze: axis ${axis} of ${printShape(this.shape)} has size ${this.shape[d]}, not 1`,
    )
  return reshape(
    this,
    this.shape.filter((_, e) => e !== d),
  )
}

/** A node's view of its input, typed by the node's own record. @internal */
export const viewOf = (node: Tensor, input: View): View | undefined =>
  (node.op as ViewOp<unknown>).view(node as Node<unknown>, input)
