/** The size of each axis, outermost first; a scalar has none. */
export type Shape = readonly number[]

/**
 * Strided access to a buffer: element `i` of a shape is at `offset + Σ i[d] * strides[d]`, counted in elements. A stride
 * may be 0 (broadcast) or negative (flip).
 */
export type View = { readonly offset: number; readonly strides: readonly number[] }

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

/** Row-major strides: the last axis has stride 1. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d]
  }
  return strides
}

/** The view of an array in row-major order from the start of its buffer. */
export const contiguousView = (shape: Shape): View => ({ offset: 0, strides: contiguousStrides(shape) })

/** Whether the view visits `shape` in row-major order without gaps from the start of the buffer. */
export function isContiguous(shape: Shape, view: View): boolean {
  if (view.offset !== 0) return false
  const strides = contiguousStrides(shape)
  return sizeOf(shape) === 0 || shape.every((n, d) => n === 1 || view.strides[d] === strides[d])
}

/** Whether two views of one shape visit the same elements in the same order. */
export const sameView = (a: View, b: View): boolean =>
  a.offset === b.offset && a.strides.every((stride, d) => stride === b.strides[d])

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, d) => n === b[d])

export const printShape = (shape: Shape): string => `[${shape.join(',')}]`

/**
 * The shape that all given ones broadcast to: aligned at the last axis, axes of size 1 repeat (NumPy's rule). `caller`,
 * here and below, begins the error message.
 * @throws RangeError with all shapes in the message when they do not fit.
 */
export function broadcastShapes(caller: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map(s => s.length))
  return Array.from({ length: rank }, (_, d) => {
    let size = 1
    for (const shape of shapes) {
      const n = shape[d - rank + shape.length] ?? 1
      if (n === 1 || n === size) continue
      if (size !== 1)
        throw new RangeError(
          `${caller}: ${shapes.map(printShape).join(' and ')}: sizes ${size} and ${n} of axis ${d - rank} do not broadcast; make them equal, or one of them 1`,
        )
      size = n
    }
    return size
  })
}

/** Axis number from the front; negative ones count from the back. @throws RangeError when there is no such axis. */
export function normalAxis(caller: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new RangeError(
      `${caller}: axis ${axis} of a tensor with ${rank} axes; give ${-rank} to ${rank - 1}`,
    )
  return normal
}

/**
 * Axis numbers from the front in increasing order; undefined means all axes.
 * @throws RangeError for axes that are not there, or named twice.
 */
export function normalAxes(
  caller: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, d) => d)
  const given = typeof axes === 'number' ? [axes] : axes
  const normal = given.map(axis => normalAxis(caller, axis, rank)).sort((a, b) => a - b)
  if (new Set(normal).size < normal.length)
    throw new RangeError(`${caller}: axes [${given}] name one axis twice`)
  return normal
}

/** @throws RangeError unless each size is an integer, 0 or more; TypeError for a shape that is no array. */
export function checkShape(caller: string, shape: Shape): void {
  if (!Array.isArray(shape))
    throw new TypeError(`${caller}: shape ${shape}; give the sizes of all axes in one array, such as [2, 3]`)
  if (!shape.every(n => Number.isInteger(n) && n >= 0))
    throw new RangeError(`${caller}: shape ${printShape(shape)}; sizes are integers, 0 or more`)
}
