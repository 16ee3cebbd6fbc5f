import type { DType, TypedArray } from '../kernel/dtype.js'
import { contiguousStrides, printShape, type Shape } from '../kernel/shape.js'

/** Tensors of more elements are printed with the middle of each axis left out, as in NumPy. */
export const mostPrinted = 1000
/** How many are printed then at each end of an axis. */
const edge = 3

/** Numbers with six digits, as short as they can be. */
const printNumber = (x: number): string =>
  String(Number.isInteger(x) && Math.abs(x) < 1e15 ? x : Number(x.toPrecision(6)))

/** A tensor's dtype, shape and values (in row-major order) for people: nested brackets, a row a line, columns aligned. */
export function printValues(dtype: DType, shape: Shape, values: TypedArray): string {
  const strides = contiguousStrides(shape)
  const isLong = values.length > mostPrinted
  /** The indices of an axis that are printed; undefined stands for those that are left out. */
  const indices = (size: number): (number | undefined)[] => {
    if (!isLong || size <= 2 * edge) return [...Array(size).keys()]
    const ends = [...Array(edge).keys()]
    return [...ends, undefined, ...ends.map(i => size - edge + i)]
  }
  const printed: string[] = []
  const collect = (axis: number, first: number): void => {
    if (axis === shape.length) printed.push(printNumber(values[first]))
    else
      for (const i of indices(shape[axis])) if (i !== undefined) collect(axis + 1, first + i * strides[axis])
  }
  collect(0, 0)
  const width = Math.max(0, ...printed.map(text => text.length))
  let next = 0
  const nested = (axis: number): string => {
    if (axis === shape.length) return printed[next++].padStart(shape.length > 1 ? width : 0)
    const items = indices(shape[axis]).map(i => (i === undefined ? '…' : nested(axis + 1)))
    return `[${items.join(axis === shape.length - 1 ? ', ' : `,\n${' '.repeat(axis + 1)}`)}]`
  }
  return `${dtype} ${printShape(shape)}${shape.length > 1 ? '\n' : ' '}${nested(0)}`
}
