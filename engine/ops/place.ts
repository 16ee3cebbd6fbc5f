import { register } from '../graph/registry.js'
import { type KernelOp, type Node, type OpLaunch, Tensor } from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import {
  contiguousStrides,
  contiguousView,
  normalAxis,
  printShape,
  type Shape,
  type View,
} from '../kernel/shape.js'
import { strided } from './view.js'

type Part = { readonly starts: readonly number[]; readonly steps: readonly number[] }
type Place = { readonly parts: readonly Part[]; readonly disjoint: boolean }

/** Where a part lies in the whole. */
function viewOfPart({ starts, steps }: Part, whole: Shape): View {
  const strides = contiguousStrides(whole)
  return {
    offset: starts.reduce((sum, start, d) => sum + start * strides[d], 0),
    strides: steps.map((step, d) => step * strides[d]),
  }
}

const placeOp: KernelOp<Place> = register({
  kind: 'kernel',
  name: 'place',
  contiguous: false,
  launches: (node, views) => {
    const { parts, disjoint } = node.attrs
    const { dtype, shape } = node
    const fill = {
      kind: 'copy',
      dtype,
      shape,
      source: 0,
      to: contiguousView(shape),
      accumulate: false,
    } as const
    const copies = parts.map((part, i): OpLaunch => {
      const to = viewOfPart(part, shape)
      const own = node.inputs[i].shape
      return {
        kernel: { kind: 'copy', dtype, shape: own, source: views[i], to, accumulate: !disjoint },
        args: [i, 'out'],
      }
    })
    return isCovered(node) ? copies : [{ kernel: fill, args: ['out'] }, ...copies]
  },
  places: node => (isCovered(node) ? node.attrs.parts.map(part => viewOfPart(part, node.shape)) : undefined),
  vjp: (g, { attrs, inputs }) =>
    attrs.parts.map(({ starts, steps }, i) => strided(g, starts, inputs[i].shape, steps)),
  sample: draw => {
    const shape = Array.from({ length: draw.int(1, 3) }, () => draw.int(1, 3))
    const axis = draw.int(0, shape.length - 1)
    const other = shape.map((n, d) => (d === axis ? draw.int(1, 3) : n))
    return { inputs: [{ shape }, { shape: other }], apply: (a, b) => concat([a, b], axis) }
  },
})

/** Whether the parts fill the whole, each element once. */
const isCovered = ({ attrs, inputs, size }: Node<Place>): boolean =>
  attrs.disjoint && inputs.reduce((n, x) => n + x.size, 0) === size

/**
 * Zeros of a shape with tensors added at strided places: the adjoint of `slice` and `windows`.
 * Places may overlap unless `disjoint` is promised. @internal
 */
export function place(
  shape: Shape,
  pieces: readonly ({ x: Tensor } & Part)[],
  disjoint = pieces.length < 2,
): Tensor {
  const attrs: Place = { parts: pieces.map(({ starts, steps }) => ({ starts, steps })), disjoint }
  const dtype: DType = pieces[0].x.dtype
  return new Tensor(
    placeOp,
    pieces.map(p => p.x),
    attrs,
    shape,
    dtype,
  )
}

/** The part of one axis that a piece covers, as first and last element. */
const extent = ({ starts, steps }: Part, shape: Shape, d: number): [number, number] => {
  const last = starts[d] + steps[d] * (shape[d] - 1)
  return [Math.min(starts[d], last), Math.max(starts[d], last)]
}

/** Whether two boxes have no element in common. */
const apart = (a: Part, shapeA: Shape, b: Part, shapeB: Shape): boolean =>
  shapeA.some((_, d) => {
    const [firstA, lastA] = extent(a, shapeA, d)
    const [firstB, lastB] = extent(b, shapeB, d)
    return lastA < firstB || lastB < firstA
  })

/**
 * The sum of two cotangents. Pieces placed in zeros (the cotangents of slices) join into one tensor that is written
 * piece by piece, instead of being added up as wholes. @internal
 */
export function sumOfPlaces(a: Tensor, b: Tensor): Tensor {
  if (a.op !== placeOp || b.op !== placeOp) return a.add(b)
  const pieces = [a, b].flatMap(t => {
    const { parts } = t.attrs as Place
    return parts.map((part, i) => ({ x: t.inputs[i], ...part }))
  })
  const disjoint = pieces.every((p, i) => pieces.slice(0, i).every(q => apart(p, p.x.shape, q, q.x.shape)))
  return place(a.shape, pieces, disjoint)
}

/**
 * Tensors one after the other along an axis; their other sizes are equal.
 * @throws RangeError when other sizes differ, TypeError when dtypes do.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (!tensors.length) throw new RangeError('concat: no tensors; give at least one')
  const [first] = tensors
  const d = normalAxis('concat', axis, first.rank)
  for (const t of tensors) {
    if (t.dtype !== first.dtype)
      throw new TypeError(`concat: ${first.dtype} and ${t.dtype}; cast one of them first`)
    if (t.rank !== first.rank || t.shape.some((n, e) => e !== d && n !== first.shape[e]))
      throw new RangeError(
        `concat: ${tensors.map(t => printShape(t.shape)).join(', ')} along axis ${axis}: the other sizes differ`,
      )
  }
  if (tensors.length === 1) return first
  let at = 0
  const pieces = tensors.map(x => {
    const starts = x.shape.map((_, e) => (e === d ? at : 0))
    at += x.shape[d]
    return { x, starts, steps: x.shape.map(() => 1) }
  })
  const shape = first.shape.map((n, e) => (e === d ? at : n))
  return place(shape, pieces, true)
}

/** Tensors of one shape along a new axis. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor =>
  concat(
    tensors.map(t => t.unsqueeze(axis)),
    axis,
  )

/** Zeros (or nothing) around a tensor: `before` and `after` elements on one axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const d = normalAxis('pad', axis, x.rank)
  if (![before, after].every(n => Number.isInteger(n) && n >= 0))
    throw new RangeError(`pad: ${before} before and ${after} after; give integers, 0 or more`)
  const shape = x.shape.map((n, e) => (e === d ? n + before + after : n))
  if (before + after === 0) return x
  const starts = x.shape.map((_, e) => (e === d ? before : 0))
  return place(shape, [{ x, starts, steps: x.shape.map(() => 1) }])
}
