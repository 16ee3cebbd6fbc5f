import { Tensor } from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import * as s from '../kernel/expr.js'
import { asTensor, elementwise } from './elementwise.js'
import { constantValue, zeros } from './source.js'

// biome-ignore format: a table reads best as one
declare module '../graph/tensor.js' {
  interface Tensor {
    /** Elementwise sum; broadcasts. */
    add(other: Tensor | number): Tensor
    /** Elementwise difference; broadcasts. */
    sub(other: Tensor | number): Tensor
    /** Elementwise product; broadcasts. */
    mul(other: Tensor | number): Tensor
    /** Elementwise quotient; broadcasts. Floats only. */
    div(other: Tensor | number): Tensor
    /** Elementwise maximum; broadcasts; NaN if either is. At ties the derivative goes to `other`. */
    max2(other: Tensor | number): Tensor
    /** Elementwise minimum; broadcasts; NaN if either is. At ties the derivative goes to `other`. */
    min2(other: Tensor | number): Tensor
    /** 1 where equal, else 0, in the dtype of the operands. No derivative. */
    equal(other: Tensor | number): Tensor
    /** 1 where less, else 0. No derivative. */
    less(other: Tensor | number): Tensor
    /** 1 where less or equal, else 0. No derivative. */
    lessEqual(other: Tensor | number): Tensor
    neg(): Tensor
    /** Absolute value; derivative 0 at 0. */
    abs(): Tensor
    square(): Tensor
    sqrt(): Tensor
    /** Natural exponential. */
    exp(): Tensor
    /** Natural logarithm. */
    log(): Tensor
    tanh(): Tensor
    /** 1 / (1 + exp(-x)). */
    sigmoid(): Tensor
    /** max(x, 0); derivative 0 at 0. */
    relu(): Tensor
    /** -1, 0 or 1. No derivative. */
    sign(): Tensor
    /** Round down. No derivative. */
    floor(): Tensor
    /** To another dtype; float to int32 truncates. Derivatives pass between floats. */
    cast(dtype: DType): Tensor
    /** The same value, held constant by differentiation. */
    detach(): Tensor
  }
}

const away = (...xs: number[]) => xs.every(x => Math.abs(x) > 1e-2)
const apart = (a: number, b: number) => Math.abs(a - b) > 1e-2

const addOp = elementwise('add', { expr: (a, b) => s.add(a, b), vjp: g => [g, g] })
const subOp = elementwise('sub', { expr: (a, b) => s.sub(a, b), vjp: g => [g, g.neg()] })
const mulOp = elementwise('mul', { expr: (a, b) => s.mul(a, b), vjp: (g, [a, b]) => [g.mul(b), g.mul(a)] })
const divOp = elementwise('div', {
  expr: (a, b) => s.div(a, b),
  vjp: (g, [, b], y) => [g.div(b), g.mul(y).div(b).neg()],
  sample: [{}, { min: 0.5, max: 2 }],
})

/** The constant value of an operand, number or tensor. */
const known = (x: Tensor | number): number | undefined => (typeof x === 'number' ? x : constantValue(x))

// x + 0, x * 1 and the like are left out where they are written: gradients are full of them.
const keeps = (x: Tensor, other: Tensor | number): boolean =>
  typeof other === 'number' ||
  (other.dtype === x.dtype && other.rank <= x.rank && other.size === 1) ||
  (other.dtype === x.dtype &&
    other.shape.length === x.shape.length &&
    other.shape.every((n, d) => n === x.shape[d]))

/** Elementwise sum. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  if (a instanceof Tensor && known(b) === 0 && keeps(a, b)) return a
  if (b instanceof Tensor && known(a) === 0 && keeps(b, a)) return b
  return addOp(a, b)
}
/** Elementwise difference. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  return a instanceof Tensor && known(b) === 0 && keeps(a, b) ? a : subOp(a, b)
}
/** Elementwise product. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  if (a instanceof Tensor && known(b) === 1 && keeps(a, b)) return a
  if (b instanceof Tensor && known(a) === 1 && keeps(b, a)) return b
  return mulOp(a, b)
}
/** Elementwise quotient. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return a instanceof Tensor && known(b) === 1 && keeps(a, b) ? a : divOp(a, b)
}

/** Elementwise maximum. */
export const maximum = elementwise('maximum', {
  expr: (a, b) => s.max(a, b),
  vjp: (g, [a, b]) => [g.mul(less(b, a)), g.mul(lessEqual(a, b))],
  smooth: apart,
})
/** Elementwise minimum. */
export const minimum = elementwise('minimum', {
  expr: (a, b) => s.min(a, b),
  vjp: (g, [a, b]) => [g.mul(less(a, b)), g.mul(lessEqual(b, a))],
  smooth: apart,
})
/** 1 where equal, else 0. */
export const equal = elementwise('equal', { expr: (a, b) => s.eq(a, b) })
/** 1 where a < b, else 0. */
export const less = elementwise('less', { expr: (a, b) => s.lt(a, b) })
/** 1 where a <= b, else 0. */
export const lessEqual = elementwise('lessEqual', { expr: (a, b) => s.le(a, b) })
const whereOp = elementwise('where', {
  expr: (c, a, b) => s.select(c, a, b),
  vjp: (g, [c]) => [undefined, where(c, g, 0), where(c, 0, g)],
  smooth: c => away(c),
})
/** `yes` where the condition (of any dtype) is not 0, else `no`. What is not chosen does not count, even if NaN. */
export function where(condition: Tensor, yes: Tensor | number, no: Tensor | number): Tensor {
  const { dtype } = [yes, no].find(x => x instanceof Tensor) ?? condition
  return whereOp(condition, asTensor(yes, dtype), asTensor(no, dtype))
}

const neg = elementwise('neg', { expr: x => s.neg(x), vjp: g => [g.neg()] })
const abs = elementwise('abs', { expr: x => s.abs(x), vjp: (g, [x]) => [g.mul(x.sign())], smooth: away })
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
  vjp: (g, [x]) => [g.mul(less(0, x))],
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

Object.assign(Tensor.prototype, {
  add(this: Tensor, other: Tensor | number) {
    return add(this, other)
  },
  sub(this: Tensor, other: Tensor | number) {
    return sub(this, other)
  },
  mul(this: Tensor, other: Tensor | number) {
    return mul(this, other)
  },
  div(this: Tensor, other: Tensor | number) {
    return div(this, other)
  },
  max2(this: Tensor, other: Tensor | number) {
    return maximum(this, other)
  },
  min2(this: Tensor, other: Tensor | number) {
    return minimum(this, other)
  },
  equal(this: Tensor, other: Tensor | number) {
    return equal(this, other)
  },
  less(this: Tensor, other: Tensor | number) {
    return less(this, other)
  },
  lessEqual(this: Tensor, other: Tensor | number) {
    return lessEqual(this, other)
  },
  neg(this: Tensor) {
    return neg(this)
  },
  abs(this: Tensor) {
    return abs(this)
  },
  square(this: Tensor) {
    return square(this)
  },
  sqrt(this: Tensor) {
    return sqrt(this)
  },
  exp(this: Tensor) {
    return exp(this)
  },
  log(this: Tensor) {
    return log(this)
  },
  tanh(this: Tensor) {
    return tanh(this)
  },
  sigmoid(this: Tensor) {
    return sigmoid(this)
  },
  relu(this: Tensor) {
    return relu(this)
  },
  sign(this: Tensor) {
    return sign(this)
  },
  floor(this: Tensor) {
    return floor(this)
  },
  detach(this: Tensor) {
    return detach(this)
  },
  cast(this: Tensor, dtype: DType) {
    return this.dtype === dtype ? this : casts[dtype](this)
  },
})

/** A zero cotangent for a tensor. @internal */
export const zerosLike = (t: Tensor): Tensor => zeros(t.shape, t.dtype)
