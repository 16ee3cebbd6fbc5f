import type { Draw, Shape } from '../../index.js'
import { contiguousView, sizeOf, type View } from '../../kernel/shape.js'

/** A view of a shape, and the elements of a buffer that holds it. */
export type Strided = { readonly view: View; readonly length: number }

/** Draw a view of a shape: axes in any order in memory, with gaps, flipped, and (unless `distinct`) broadcast. */
export function drawView(draw: Draw, shape: Shape, { distinct = false } = {}): Strided {
  const offset = draw.int(0, 5)
  if (draw.int(0, 3) === 0) {
    const { strides } = contiguousView(shape)
    return { view: { offset, strides }, length: offset + sizeOf(shape) }
  }
  const rest = [...shape.keys()]
  const strides = shape.map(() => 0)
  let stride = 1
  let start = offset
  while (rest.length) {
    const [axis] = rest.splice(draw.int(0, rest.length - 1), 1)
    const kind = draw.pick(['plain', 'flip', distinct ? 'plain' : 'repeat'])
    if (kind === 'repeat') continue
    strides[axis] = kind === 'plain' ? stride : -stride
    if (kind === 'flip') start += Math.max(0, shape[axis] - 1) * stride
    stride *= Math.max(1, shape[axis]) + draw.pick([0, 0, 1, 2])
  }
  return { view: { offset: start, strides }, length: offset + stride }
}

/** Draw a shape of rank 0 to `rank`, of at most 2000 elements; some have an axis of size 0, some a long one. */
export function drawShape(draw: Draw, rank: number): number[] {
  const shape: number[] = []
  for (let d = draw.int(0, rank); d > 0; d--) {
    const kind = draw.int(0, 30)
    const size = kind === 30 ? 0 : kind === 29 ? 70 : kind === 28 ? 17 : draw.int(1, 9)
    shape.push(sizeOf(shape) * size > 2000 ? 1 : size)
  }
  return shape
}
