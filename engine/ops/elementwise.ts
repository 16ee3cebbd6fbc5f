import { node } from '../graph/node.js'
import { register } from '../graph/registry.js'
import {
  type Cotangents,
  checkTensor,
  type Draw,
  type ElementwiseOp,
  type Sample,
  type Tensor,
} from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import { type Expr, input } from '../kernel/expr.js'
import { broadcastShapes, sameShape } from '../kernel/shape.js'
import { constant } from './source.js'
import { expand, shapeSample } from './view.js'

type Range = { min?: number; max?: number; dtype?: DType }

/** What defines an elementwise operation: see `elementwise`. */
export type ElementwiseRecord<Inputs extends Expr[]> = {
  /** The scalar expression; its arguments carry their dtypes. */
  expr: (...inputs: Inputs) => Expr
  /** The inputs' cotangents, given the result's and the inputs and result; leave it out where there is no derivative. */
  vjp?: (g: Tensor, inputs: Tensor[], y: Tensor) => Cotangents
  /** Sets of inputs in which it is jointly linear while the others are held: see `LoopRules.linearIn`. */
  linearIn?: readonly (readonly number[])[]
  /** Where the generated tests draw from: one range for all inputs, or one for each. */
  sample?: Range | Range[]
  /** False at kinks, where finite differences mean nothing. */
  smooth?: (...elements: number[]) => boolean
}

/** `count` shapes that broadcast: some axes of size 1, some missing. */
function broadcastSample(draw: Draw, count: number): number[][] {
  const full = shapeSample(draw)
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return full
    const shape = full.map(n => (draw.int(0, 3) === 0 ? 1 : n))
    return shape.slice(draw.int(0, 3) === 0 ? Math.min(1, shape.length) : 0)
  })
}

/** A tensor of the other operand's dtype for a plain number. */
export const asTensor = (x: Tensor | number, dtype: DType): Tensor =>
  typeof x === 'number' ? constant(x, dtype) : x

/**
 * Define an elementwise operation: a scalar expression and its vjp. The result is a function of tensors and numbers
 * (numbers take the dtype of the first tensor) that broadcasts its arguments; it runs on every device, can be
 * differentiated, and takes part in the generated tests.
 *
 * ```ts
 * const softsign = elementwise('softsign', {
 *   expr: x => expr.div(x, expr.add(expr.abs(x), 1)),
 *   vjp: (g, [x]) => [g.div(x.abs().add(1).square())],
 *   sample: { min: -3, max: 3 },
 * })
 * ```
 * @throws RangeError when shapes do not broadcast; TypeError when dtypes do not mix.
 */
export function elementwise<Inputs extends Expr[]>(
  name: string,
  record: ElementwiseRecord<Inputs>,
): (...inputs: { [K in keyof Inputs]: Tensor | number }) => Tensor {
  const count = record.expr.length
  const expr = record.expr as (...inputs: Expr[]) => Expr
  const { vjp, linearIn, sample = {}, smooth } = record
  const op: ElementwiseOp = register({
    kind: 'elementwise',
    name,
    expr,
    vjp: vjp && ((g, inputs, y) => vjp(g, [...inputs], y)),
    ...(linearIn && { linearIn }),
    sample: (draw): Sample => ({
      inputs: broadcastSample(draw, count).map((shape, i) => ({
        shape,
        ...(Array.isArray(sample) ? sample[i] : sample),
      })),
      apply: (...xs) => apply(xs),
      ...(smooth && { smooth }),
    }),
  })

  function apply(xs: readonly (Tensor | number)[]): Tensor {
    if (xs.length !== count) throw new TypeError(`${name}: ${xs.length} arguments; it takes ${count}`)
    const first = xs.find(x => typeof x !== 'number')
    if (first === undefined) throw new TypeError(`${name}: plain numbers only; give at least one tensor`)
    checkTensor(name, first)
    const tensors = xs.map(x => asTensor(x, first.dtype))
    for (const t of tensors) checkTensor(name, t)
    const shapes = tensors.map(t => t.shape)
    const shape = shapes.every(s => sameShape(s, shapes[0])) ? shapes[0] : broadcastShapes(name, shapes)
    const { dtype } = expr(...tensors.map((t, i) => input(i, t.dtype)))
    return node(
      op,
      tensors.map(t => expand(t, shape)),
      undefined,
      shape,
      dtype,
    )
  }
  return (...xs) => apply(xs)
}
