import type { Implementation, TensorOperations } from '../graph/methods.js'
import { Tensor } from '../graph/tensor.js'
import { checkDType, type DType } from '../kernel/dtype.js'
import * as s from '../kernel/expr.js'
import { sameShape } from '../kernel/shape.js'
import { asTensor, elementwise } from './elementwise.js'
import { constantValue } from './source.js'

/** Where functions with a kink at 0, or where their inputs are equal, are smooth enough for finite differences. */
const away = (...xs: number[]) => xs.every(x => Math.abs(x) > 1e-2)
const apart = (a: number, b: number) => Math.abs(a - b) > 1e-2

const addOp = elementwise('add', { expr: (a, b) => s.add(a, b), vjp: g => [g, g], linearIn: [[0, 1]] })
const subOp = elementwise('sub', { expr: (a, b) => s.sub(a, b), vjp: g => [g, g.neg()], linearIn: [[0, 1]] })
const mulOp = elementwise('mul', {
  expr: (a, b) => s.mul(a, b),
  vjp: (g, [a, b]) => [g.mul(b), g.mul(a)],
  linearIn: [[0], [1]],
})
const divOp = elementwise('div', {
  expr: (a, b) => s.div(a, b),
  vjp: (g, [, b], y) => [g.div(b), g.mul(y).div(b).neg()],
  linearIn: [[0]],
  sample: [{}, { min: 0.5, max: 2 }],
})

/**
 * Whether an operand is `value` everywhere, and has neither another dtype nor axes that would change x's shape: x + 0,
 * x * 1 and the like are x, and are not even added to the graph. Gradients are full of them.
 */
const isNeutral = (value: number, other: Tensor | number, x: Tensor | number): x is Tensor =>
  x instanceof Tensor &&
  (typeof other === 'number'
    ? other === value
    : other instanceof Tensor &&
      constantValue(other) === value &&
      other.dtype === x.dtype &&
      ((other.size === 1 && other.rank <= x.rank) || sameShape(other.shape, x.shape)))

/** Elementwise sum; broadcasts. Numbers take the other operand's dtype. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  if (isNeutral(0, b, a)) return a
  if (isNeutral(0, a, b)) return b
  return addOp(a, b)
}
/** Elementwise difference; broadcasts. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  return isNeutral(0, b, a) ? a : subOp(a, b)
}
/** Elementwise product; broadcasts. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  if (isNeutral(1, b, a)) return a
  if (isNeutral(1, a, b)) return b
  return mulOp(a, b)
}
/** Elementwise quotient; broadcasts. @throws TypeError for int32. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return isNeutral(1, b, a) ? a : divOp(a, b)
}

// Where an operation chooses, its derivative chooses too, by `where`: a product of the cotangent and a mask would make NaN
// of 0 times an infinite cotangent (`chosenZeros` in testing/operations looks for that in every record).

/** Elementwise maximum; broadcasts; NaN if either is. At ties the derivative goes to the second, at NaN to both. */
export const maximum = elementwise('maximum', {
  expr: (a, b) => s.max(a, b),
  vjp: (g, [a, b]) => [where(lessEqual(a, b), 0, g), where(less(b, a), 0, g)],
  smooth: apart,
})
/** Elementwise minimum; broadcasts; NaN if either is. At ties the derivative goes to the second, at NaN to both. */
export const minimum = elementwise('minimum', {
  expr: (a, b) => s.min(a, b),
  vjp: (g, [a, b]) => [where(lessEqual(b, a), 0, g), where(less(a, b), 0, g)],
  smooth: apart,
})
/** 1 where equal, else 0, in the operands' dtype. No derivative. */
export const equal = elementwise('equal', { expr: (a, b) => s.eq(a, b) })
/** 1 where a < b, else 0, in the operands' dtype. No derivative. */
export const less = elementwise('less', { expr: (a, b) => s.lt(a, b) })
/** 1 where a <= b, else 0, in the operands' dtype. No derivative. */
export const lessEqual = elementwise('lessEqual', { expr: (a, b) => s.le(a, b) })
const whereOp = elementwise('where', {
  expr: (c, a, b) => s.select(c, a, b),
  vjp: (g, [c]) => [undefined, where(c, g, 0), where(c, 0, g)],
  linearIn: [[1, 2]],
  smooth: c => away(c),
})
/** `yes` where the condition (of any dtype) is not 0, else `no`. What is not chosen does not count, even if NaN. */
export function where(condition: Tensor, yes: Tensor | number, no: Tensor | number): Tensor {
  const { dtype } = [yes, no].find(x => x instanceof Tensor) ?? condition
  return whereOp(condition, asTensor(yes, dtype), asTensor(no, dtype))
}

const neg = elementwise('neg', { expr: x => s.neg(x), vjp: g => [g.neg()], linearIn: [[0]] })
const abs = elementwise('abs', {
  expr: x => s.abs(x),
  vjp: (g, [x]) => [where(less(0, x), g, where(less(x, 0), g.neg(), 0))],
  smooth: away,
})
const square = elementwise('square', { expr: x => s.mul(x, x), vjp: (g, [x]) => [g.mul(x.mul(2))] })
const sqrt = elementwise('sqrt', {
  expr: x => s.sqrt(x),
  vjp: (g, _, y) => [g.div(y.mul(2))],
  sample: { min: 0.1, max: 3 },
})
const exp = elementwise('exp', { expr: x => s.exp(x), vjp: (g, _, y) => [g.mul(y)] })
const log = elementwise('log', {
  expr: x => s.log(x),
  vjp: (g, [x]) => [g.div(x)],
  sample: { min: 0.1, max: 3 },
})
const tanh = elementwise('tanh', {
  expr: x => s.tanh(x),
  vjp: (g, _, y) => [g.mul(y.square().neg().add(1))],
  sample: { min: -3, max: 3 },
})
const sigmoid = elementwise('sigmoid', {
  expr: x => s.sigmoid(x),
  vjp: (g, _, y) => [g.mul(y.mul(y.neg().add(1)))],
  sample: { min: -6, max: 6 },
})
const relu = elementwise('relu', {
  expr: x => s.max(x, 0),
  vjp: (g, [x]) => [where(lessEqual(x, 0), 0, g)],
  smooth: away,
})
const sign = elementwise('sign', {
  expr: x => s.sub(s.lt(s.constant(0, x.dtype), x), s.lt(x, 0)),
  smooth: away,
})
const floor = elementwise('floor', { expr: x => s.floor(x), smooth: x => away(x - Math.round(x)) })
const detach = elementwise('detach', { expr: x => x })

const casts = {
  float32: elementwise('toFloat32', { expr: x => s.cast(x, 'float32'), vjp: castBack }),
  float64: elementwise('toFloat64', { expr: x => s.cast(x, 'float64'), vjp: castBack }),
  int32: elementwise('toInt32', { expr: x => s.cast(x, 'int32'), smooth: x => away(x - Math.round(x)) }),
}

function castBack(g: Tensor, [x]: Tensor[]): (Tensor | undefined)[] {
  return [x.dtype === 'int32' ? undefined : g.cast(x.dtype)]
}

/** Uniform in [0, 1) from int32 random bits: the top 24 bits. */
export const bitsToUniform = elementwise('bitsToUniform', {
  expr: x => s.mul(s.cast(s.shr(x, 8), 'float32'), 2 ** -24),
  sample: { min: -(2 ** 31), max: 2 ** 31 - 1, dtype: 'int32' },
})

function cast(x: Tensor, dtype: DType): Tensor {
  checkDType('cast', dtype)
  return x.dtype === dtype ? x : casts[dtype](x)
}

/** The methods of this file. */
export const mathMethods = {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  max2: maximum,
  min2: minimum,
  equal,
  less,
  lessEqual,
  neg,
  abs,
  square,
  sqrt,
  exp,
  log,
  tanh,
  sigmoid,
  relu,
  sign,
  floor,
  cast,
  detach,
} satisfies Partial<Implementation<Tensor, TensorOperations<Tensor>>>
