import type { Axes, Implementation, SplitArguments, TensorOperations } from '../graph/methods.js'
import { node } from '../graph/node.js'
import { register } from '../graph/registry.js'
import {
  type Box,
  checkTensor,
  type KernelOp,
  type Node,
  type OpLaunch,
  Tensor,
  type ViewOp,
} from '../graph/tensor.js'
import { copyKernel } from '../kernel/build.js'
import {
  contiguousStrides,
  normalAxes,
  normalAxis,
  printShape,
  type Shape,
  sameShape,
  type View,
} from '../kernel/shape.js'
import { shapeSample, sizeSample } from './view.js'

/**
 * Boxes in tensors. `slice`, `flip`, `split` and `windows` take one out; its adjoint, `place`, puts tensors into zeros,
 * which is also how `concat`, `stack` and `pad` are made. The two directions need each other, so they are one file.
 */

/** The same box at all steps of a loop, which are a new leading axis. */
const boxOverSteps = ({ starts, steps }: Box): Box => ({ starts: [0, ...starts], steps: [1, ...steps] })

const sliceOp: ViewOp<Box> = register({
  kind: 'view',
  name: 'slice',
  view: ({ attrs: { starts, steps } }, input) => ({
    offset: starts.reduce((sum, start, d) => sum + start * input.strides[d], input.offset),
    strides: steps.map((step, d) => step * input.strides[d]),
  }),
  box: ({ attrs }) => attrs,
  vjp: (g, { attrs, inputs: [x] }) => [place(x.shape, [{ x: g, ...attrs }])],
  overSteps: (t, [x], steps) =>
    node(sliceOp, [x.stacked()], boxOverSteps(t.attrs), [steps, ...t.shape], t.dtype),
  onnx: ({ attrs: { starts, steps }, inputs: [x], shape }, [name], writer) => {
    const ends = shape.map((size, d) => positionInAxis(starts[d] + size * steps[d], x.shape[d]))
    const firsts = starts.map((start, d) => (start < x.shape[d] ? positionInAxis(start, x.shape[d]) : start))
    const axes = [...shape.keys()]
    return writer.add('Slice', [name, ...[firsts, ends, axes, steps].map(n => writer.integers(n))])
  },
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const axis = draw.int(0, shape.length - 1)
    const start = draw.int(0, Math.max(0, shape[axis] - 1))
    const end = draw.int(start, shape[axis])
    const step = draw.pick([1, 1, 2, 3])
    return { inputs: [{ shape }], apply: x => x.slice(axis, start, end, step) }
  },
})

/** More than any axis has: ONNX takes it for the end of the axis, the negative for what is before its beginning. */
const beyond = 2 ** 53 - 1

/**
 * A position on an axis as ONNX counts it: from the nearer end, so that it holds whatever the size of an axis that is not
 * fixed.
 */
function positionInAxis(i: number, size: number): number {
  if (i < 0) return -beyond
  if (i >= size) return beyond
  return i > size / 2 ? i - size : i
}

/** The box of `x` that begins at `starts` and has `shape` elements, `steps` apart (which may be negative). */
export function takeBox(x: Tensor, { starts, steps }: Box, shape: Shape): Tensor {
  const whole = sameShape(shape, x.shape) && starts.every(s => s === 0) && steps.every(s => s === 1)
  return whole ? x : node(sliceOp, [x], { starts, steps } satisfies Box, shape, x.dtype)
}

/** `size` elements of one axis from `first` on, `step` apart. */
const takeOfAxis = (x: Tensor, axis: number, first: number, size: number, step: number): Tensor =>
  takeBox(
    x,
    {
      starts: x.shape.map((_, d) => (d === axis ? first : 0)),
      steps: x.shape.map((_, d) => (d === axis ? step : 1)),
    },
    x.shape.map((n, d) => (d === axis ? size : n)),
  )

function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const d = normalAxis('slice', axis, x.rank)
  const size = x.shape[d]
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`slice: step ${step}; give 1 or more (flip turns an axis)`)
  for (const i of [start, end ?? size])
    if (!Number.isInteger(i))
      throw new RangeError(`slice: ${start} to ${end ?? 'the end'} of axis ${axis}; give integers`)
  const fromFront = (i: number) => Math.min(size, Math.max(0, i < 0 ? i + size : i))
  const first = fromFront(start)
  const last = fromFront(end ?? size)
  return takeOfAxis(x, d, first, Math.max(0, Math.ceil((last - first) / step)), step)
}

function flip(x: Tensor, axes: Axes): Tensor {
  const flipped = normalAxes('flip', axes, x.rank).filter(d => x.shape[d] > 1)
  const starts = x.shape.map((n, d) => (flipped.includes(d) ? n - 1 : 0))
  return takeBox(x, { starts, steps: x.shape.map((_, d) => (flipped.includes(d) ? -1 : 1)) }, x.shape)
}

/** Both orders of arguments as one; they are told apart because sizes in an array are never an axis. */
function axisFirst(args: SplitArguments): [axis: number, parts: number | readonly number[]] {
  const [first, second] = args
  return typeof first === 'number'
    ? [first, second as number | readonly number[]]
    : [(second as number) ?? 0, first]
}

function split(x: Tensor, ...args: SplitArguments): Tensor[] {
  const [axis, parts] = axisFirst(args)
  if (parts === undefined) throw new TypeError('split: give an axis and the number of parts, or their sizes')
  if (axis >= x.rank && typeof parts === 'number' && parts < x.rank)
    throw new RangeError(
      `split: axis ${axis} of a tensor with ${x.rank} axes; the axis comes first: split(${parts}, ${axis}) makes ${axis} parts of axis ${parts}`,
    )
  const d = normalAxis('split', axis, x.rank)
  const sizes =
    typeof parts === 'number' ? new Array<number>(parts).fill(Math.floor(x.shape[d] / parts)) : parts
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[d])
    throw new RangeError(
      `split: sizes ${sizes.join(' + ')} do not add up to axis ${axis} of ${printShape(x.shape)}`,
    )
  let first = 0
  return sizes.map(size => {
    const piece = takeOfAxis(x, d, first, size, 1)
    first += size
    return piece
  })
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
    const pieces = Array.from({ length: g.shape.at(-1)! }, (_, j) => ({
      x: g.slice(-1, j, j + 1).squeeze(-1),
      starts: x.shape.map((_, d) => (d === axis ? j : 0)),
      steps: x.shape.map((_, d) => (d === axis ? step : 1)),
    }))
    return [place(x.shape, pieces)]
  },
  overSteps: ({ attrs: { axis, step }, shape, dtype }, [x], steps) =>
    node(windowsOp, [x.stacked()], { axis: axis + 1, step } satisfies Windows, [steps, ...shape], dtype),
  onnx: ({ attrs: { axis, step }, shape, rank }, [x], writer) => {
    const [count, size] = [shape[axis], shape[rank - 1]]
    const elements = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size))
    const index = writer.reshape(writer.integers(elements), [count, size])
    const taken = writer.add('Gather', [x, index], { axis })
    // The elements of a window are the axis after that of the windows; they are to be the last one.
    const axes = [...shape.keys()].filter(d => d !== axis + 1)
    return writer.add('Transpose', [taken], { perm: [...axes, axis + 1] })
  },
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const axis = draw.int(0, shape.length - 1)
    shape[axis] ||= 1
    const size = draw.int(1, shape[axis])
    const step = draw.int(1, 2)
    return { inputs: [{ shape }], apply: x => x.windows(axis, size, step) }
  },
})

function windows(x: Tensor, axis: number, size: number, step = 1): Tensor {
  const d = normalAxis('windows', axis, x.rank)
  if (!Number.isInteger(size) || size < 1 || size > x.shape[d])
    throw new RangeError(
      `windows: size ${size} on axis ${axis} of ${printShape(x.shape)}; give 1 to ${x.shape[d]}`,
    )
  if (!Number.isInteger(step) || step < 1) throw new RangeError(`windows: step ${step}; give 1 or more`)
  const count = Math.floor((x.shape[d] - size) / step) + 1
  const shape = [...x.shape.map((n, e) => (e === d ? count : n)), size]
  return node(windowsOp, [x], { axis: d, step } satisfies Windows, shape, x.dtype)
}

/** Where each input lies in the output, and whether no two have an element in common. */
type Place = { readonly boxes: readonly Box[]; readonly disjoint: boolean }

/** Where a box lies in a contiguous tensor. */
function viewOfBox({ starts, steps }: Box, whole: Shape): View {
  const strides = contiguousStrides(whole)
  return {
    offset: starts.reduce((sum, start, d) => sum + start * strides[d], 0),
    strides: steps.map((step, d) => step * strides[d]),
  }
}

/** Whether the boxes fill the output, each element once. */
const isCovered = ({ attrs, inputs, size }: Node<Place>): boolean =>
  attrs.disjoint && inputs.reduce((n, x) => n + x.size, 0) === size

/** The axis along which all inputs follow each other, from the first to the last, and fill the output; undefined for others. */
function joinedAxis({ attrs: { boxes }, inputs, shape }: Node<Place>): number | undefined {
  const axis = shape.findIndex((_, axis) => {
    let end = 0
    const follow = boxes.every(({ starts, steps }, i) => {
      const begin = end
      end += inputs[i].shape[axis]
      return shape.every(
        (n, d) => steps[d] === 1 && (d === axis ? starts[d] === begin : inputs[i].shape[d] === n),
      )
    })
    return follow && end === shape[axis]
  })
  return axis < 0 ? undefined : axis
}

const placeOp: KernelOp<Place> = register({
  kind: 'kernel',
  name: 'place',
  contiguous: false,
  launches: (t, views) => {
    const { dtype, shape, attrs, inputs } = t
    const copies = attrs.boxes.map((box, i): OpLaunch => {
      const to = viewOfBox(box, shape)
      return { kernel: copyKernel(dtype, inputs[i].shape, views[i], to, !attrs.disjoint), args: [i, 'out'] }
    })
    return isCovered(t) ? copies : [{ kernel: copyKernel(dtype, shape, 0), args: ['out'] }, ...copies]
  },
  places: t => (isCovered(t) ? t.attrs.boxes.map(box => viewOfBox(box, t.shape)) : undefined),
  vjp: (g, { attrs, inputs }) => attrs.boxes.map((box, i) => takeBox(g, box, inputs[i].shape)),
  overSteps: ({ attrs: { boxes, disjoint }, shape, dtype }, inputs, steps) =>
    node(
      placeOp,
      inputs.map(x => x.stacked()),
      { boxes: boxes.map(boxOverSteps), disjoint } satisfies Place,
      [steps, ...shape],
      dtype,
    ),
  linearIn: ({ inputs }) => [[...inputs.keys()]],
  onnx: (t, names, writer) => {
    const axis = joinedAxis(t)
    if (axis !== undefined) return writer.add('Concat', names, { axis })
    const padded = t.attrs.boxes.map(({ starts, steps }, i) => {
      if (steps.some(step => step !== 1)) throw new RangeError('elements are put apart, or backwards')
      const { shape } = t.inputs[i]
      const after = t.shape.map((n, d) => n - starts[d] - shape[d])
      return writer.add('Pad', [names[i], writer.integers([...starts, ...after])])
    })
    return padded.reduce((sum, x) => writer.add('Add', [sum, x]))
  },
  sample: draw => {
    const shape = shapeSample(draw, 1)
    const axis = draw.int(0, shape.length - 1)
    const other = shape.map((n, d) => (d === axis ? sizeSample(draw, 3) : n))
    return { inputs: [{ shape }, { shape: other }], apply: (a, b) => concat([a, b], axis) }
  },
})

/** A tensor, and the box of the output that it goes to. */
type Piece = Box & { readonly x: Tensor }

/**
 * Zeros of a shape with tensors added in boxes: the adjoint of `slice` and `windows`. Boxes may overlap unless
 * `disjoint` is promised.
 */
function place(shape: Shape, pieces: readonly Piece[], disjoint = pieces.length < 2): Tensor {
  const boxes = pieces.map(({ starts, steps }) => ({ starts, steps }))
  return node(
    placeOp,
    pieces.map(p => p.x),
    { boxes, disjoint } satisfies Place,
    shape,
    pieces[0].x.dtype,
  )
}

/** The first and the last element of one axis that a piece covers. */
const extent = ({ x, starts, steps }: Piece, d: number): [number, number] => {
  const last = starts[d] + steps[d] * (x.shape[d] - 1)
  return [Math.min(starts[d], last), Math.max(starts[d], last)]
}

/** Whether two pieces have no element in common. */
const apart = (a: Piece, b: Piece): boolean =>
  a.x.shape.some((_, d) => {
    const [firstA, lastA] = extent(a, d)
    const [firstB, lastB] = extent(b, d)
    return lastA < firstB || lastB < firstA
  })

/**
 * The sum of two cotangents. Pieces placed in zeros (the cotangents of slices) join into one tensor that is written
 * piece by piece, instead of being added up as wholes.
 */
export function sumOfCotangents(a: Tensor, b: Tensor): Tensor {
  if (a.op !== placeOp || b.op !== placeOp) return a.add(b)
  const pieces = [a, b].flatMap(({ inputs, attrs }) =>
    (attrs as Place).boxes.map((box, i) => ({ x: inputs[i], ...box })),
  )
  const disjoint = pieces.every((p, i) => pieces.slice(0, i).every(q => apart(p, q)))
  return place(a.shape, pieces, disjoint)
}

/**
 * Tensors one after the other along an axis; their other sizes are equal.
 * @throws RangeError when other sizes differ, TypeError when dtypes do, or for tensors that are not in an array.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors instanceof Tensor)
    throw new TypeError('concat: give the tensors in an array, then the axis: concat([x, h], 1)')
  if (!tensors.length) throw new RangeError('concat: no tensors; give at least one')
  const [first] = tensors
  checkTensor('concat', first)
  const d = normalAxis('concat', axis, first.rank)
  for (const t of tensors) {
    checkTensor('concat', t)
    if (t.dtype !== first.dtype)
      throw new TypeError(`concat: ${first.dtype} and ${t.dtype}; cast one of them first`)
    if (t.rank !== first.rank || t.shape.some((n, e) => e !== d && n !== first.shape[e]))
      throw new RangeError(
        `concat: ${tensors.map(t => printShape(t.shape)).join(', ')} along axis ${axis}: the other sizes differ`,
      )
  }
  if (tensors.length === 1) return first
  let end = 0
  const pieces = tensors.map(x => {
    const starts = x.shape.map((_, e) => (e === d ? end : 0))
    end += x.shape[d]
    return { x, starts, steps: x.shape.map(() => 1) }
  })
  const shape = first.shape.map((n, e) => (e === d ? end : n))
  return place(shape, pieces, true)
}

/** Tensors of one shape along a new axis. @throws as `concat`. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor =>
  concat(
    tensors.map(t => t.unsqueeze(axis)),
    axis,
  )

/** How many zeros before and after each axis, as jax.numpy.pad takes them, or before and after one axis. */
type Padding =
  | [widths: readonly (readonly [before: number, after: number])[]]
  | [axis: number, before: number, after: number]

/**
 * A tensor with zeros around it: `before` and `after` many on one axis, or an array of such pairs, one for each axis, as
 * in jax.numpy.
 * @throws RangeError for widths that are no integers of 0 or more, or not one pair for each axis.
 */
export function pad(x: Tensor, ...padding: Padding): Tensor {
  const widths = padding.length === 1 ? padding[0] : widthsOf(x, ...padding)
  if (widths.length !== x.rank || !widths.every(pair => Array.isArray(pair)))
    throw new RangeError(
      `pad: ${widths.length} pairs for a tensor with ${x.rank} axes; give [before, after] for each, or pad(x, axis, before, after)`,
    )
  const wrong = widths.find(pair => !(pair.length === 2 && pair.every(n => Number.isInteger(n) && n >= 0)))
  if (wrong) throw new RangeError(`pad: ${wrong[0]} before and ${wrong[1]} after; give integers, 0 or more`)
  const shape = x.shape.map((n, d) => n + widths[d][0] + widths[d][1])
  if (sameShape(shape, x.shape)) return x
  return place(shape, [{ x, starts: widths.map(([before]) => before), steps: x.shape.map(() => 1) }])
}

function widthsOf(x: Tensor, axis: number, before: number, after: number): (readonly [number, number])[] {
  const d = normalAxis('pad', axis, x.rank)
  return x.shape.map((_, e) => (e === d ? [before, after] : [0, 0]))
}

/** The methods of this file. */
export const sliceMethods = { slice, flip, split, windows } satisfies Partial<
  Implementation<Tensor, TensorOperations<Tensor>>
>
