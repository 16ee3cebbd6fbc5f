import type { DType } from '../../kernel/dtype.js'
import type { Line } from './patterns.js'
import { aclDtype } from './prototypes.js'
import { constant, type DType32, type Operand, type Ref, RefusedError, type Sequence } from './sequence.js'

/** An operand of a scalar primitive: memory, or a number that is the same everywhere. */
export type Value = Ref | number

/** Emits one primitive: `out` = op(values), elementwise. `dtype`: that of the values. */
type Recipe = (s: Sequence, values: readonly Value[], out: Ref, dtype: DType32) => void

const tensor = (value: Value, dtype: DType): Ref =>
  typeof value === 'number' ? constant(value, dtype) : value
const scalar = (value: number, dtype: DType32) => ({ scalar: value, dtype })

const unary =
  (operator: 'Neg' | 'Abs' | 'Floor' | 'Sqrt' | 'Exp' | 'Log' | 'Tanh' | 'Sigmoid'): Recipe =>
  (s, [x], out, dtype) =>
    s.elementwise(operator, [tensor(x, dtype)], out)

const binary =
  (operator: 'Mul' | 'Div' | 'Maximum' | 'Minimum'): Recipe =>
  (s, [a, b], out, dtype) =>
    s.elementwise(operator, [tensor(a, dtype), tensor(b, dtype)], out)

/** A comparison gives booleans, which become 0 and 1. */
const comparison =
  (operator: 'EqTensor' | 'GtTensor' | 'GeTensor', swap: boolean): Recipe =>
  (s, values, out, dtype) => {
    const operands = values.map(v => tensor(v, dtype))
    const truth = s.temporary('bool', out.shape)
    s.elementwise(operator, swap ? operands.reverse() : operands, truth)
    cast(s, truth, out)
  }

const cast = (s: Sequence, x: Ref, out: Ref): void => s.elementwise('Cast', [x, aclDtype[out.dtype]], out)

/** Temporary memory of the result's shape, and of its dtype unless another is given. */
const like = (s: Sequence, out: Ref, dtype: DType32 = out.dtype as DType32): Ref =>
  s.temporary(dtype, out.shape)

/** The gradient of a function by its result: an operator that repeats no elements. */
const backward =
  (operator: 'TanhBackward' | 'SigmoidBackward'): Recipe =>
  (s, [g, y], out) => {
    const repeats = (value: Value): boolean =>
      typeof value === 'number' || value.strides.some((stride, d) => stride === 0 && value.shape[d] > 1)
    if (repeats(g) || repeats(y)) throw new RefusedError(`${operator} of repeated elements`)
    s.elementwise(operator, [g as Ref, y as Ref], out)
  }

/** 1 - x. */
const complement = (s: Sequence, x: Ref, out: Ref): void =>
  s.elementwise('Sub', [constant(1, 'float32'), x, scalar(1, 'float32')], out)

const log2e = Math.LOG2E

/**
 * How each primitive is made of operators, best first: the first recipe of which the chip takes all operators is used.
 * The later ones make do with operators that the first generation has, too, by the tables of supported products in the
 * operators' documentation (see prototypes.ts for where that is). Phase one has the last word: of Exp and Log the pages say
 * that the first generation lacks them, while their code has a path for it.
 */
export const recipes: Readonly<Record<Exclude<Line['op'], 'input' | 'const' | 'unused'>, readonly Recipe[]>> =
  {
    add: [
      (s, [a, b], out, dtype) => {
        const [x, y] = typeof a === 'number' ? [b, a] : [a, b]
        const operands: Operand[] = [
          tensor(x, dtype),
          typeof y === 'number' ? scalar(y, dtype) : y,
          scalar(1, dtype),
        ]
        s.elementwise(typeof y === 'number' ? 'Adds' : 'Add', operands, out)
      },
    ],
    sub: [
      (s, [a, b], out, dtype) =>
        s.elementwise('Sub', [tensor(a, dtype), tensor(b, dtype), scalar(1, dtype)], out),
    ],
    mul: [
      (s, [a, b], out, dtype) => {
        const [x, y] = typeof a === 'number' ? [b, a] : [a, b]
        if (typeof y === 'number') s.elementwise('Muls', [tensor(x, dtype), scalar(y, dtype)], out)
        else binary('Mul')(s, [x, y], out, dtype)
      },
    ],
    div: [binary('Div')],
    max: [binary('Maximum')],
    min: [
      binary('Minimum'),
      // min(a, b) = ~max(~a, ~b), where ~x is -x for floats and -1-x for integers, which has no overflow.
      (s, values, out, dtype) => {
        const flip = (x: Ref, to: Ref) => {
          s.elementwise('Muls', [x, scalar(-1, dtype)], to)
          if (dtype === 'int32') s.elementwise('Adds', [to, scalar(-1, dtype), scalar(1, dtype)], to)
        }
        const [a, b] = values.map(v => {
          const flipped = like(s, out)
          flip(tensor(v, dtype), flipped)
          return flipped
        })
        s.elementwise('Maximum', [a, b], a)
        flip(a, out)
      },
    ],
    neg: [
      unary('Neg'),
      (s, [x], out, dtype) => s.elementwise('Muls', [tensor(x, dtype), scalar(-1, dtype)], out),
    ],
    abs: [unary('Abs')],
    floor: [unary('Floor')],
    sqrt: [unary('Sqrt')],
    exp: [
      unary('Exp'),
      // 2^(x log2 e): the product's rounding costs up to |x| units in the last place.
      (s, [x], out) => {
        const scaled = like(s, out)
        s.elementwise('Muls', [tensor(x, 'float32'), scalar(log2e, 'float32')], scaled)
        s.elementwise('Exp2', [scaled], out)
      },
      (s, [x], out) =>
        s.elementwise('PowScalarTensor', [scalar(Math.E, 'float32'), tensor(x, 'float32')], out),
    ],
    log: [
      unary('Log'),
      // log1p(x - 1), exact enough from 1/2 on; below, -log1p(1/x - 1). The first sum makes +0 of -0, and the maximum
      // keeps the inverse of -Infinity from being 0.
      (s, [x], out) => {
        const positive = like(s, out)
        s.elementwise('Adds', [tensor(x, 'float32'), scalar(0, 'float32'), scalar(1, 'float32')], positive)
        const logOf = (value: Ref): Ref => {
          const shifted = like(s, out)
          s.elementwise('Adds', [value, scalar(-1, 'float32'), scalar(1, 'float32')], shifted)
          s.elementwise('Log1p', [shifted], shifted)
          return shifted
        }
        const large = logOf(positive)
        const inverse = like(s, out)
        s.elementwise('Maximum', [positive, constant(-1, 'float32')], inverse)
        s.elementwise('Div', [constant(1, 'float32'), inverse], inverse)
        const small = logOf(inverse)
        s.elementwise('Muls', [small, scalar(-1, 'float32')], small)
        const isSmall = s.temporary('bool', out.shape)
        s.elementwise('GtTensor', [constant(0.5, 'float32'), positive], isSmall)
        s.elementwise('SWhere', [isSmall, small, large], out)
      },
    ],
    tanh: [unary('Tanh')],
    sigmoid: [unary('Sigmoid')],
    tanhBackward: [
      backward('TanhBackward'),
      (s, [g, y], out, dtype) => {
        const factor = like(s, out)
        binary('Mul')(s, [y, y], factor, dtype)
        complement(s, factor, factor)
        binary('Mul')(s, [g, factor], out, dtype)
      },
    ],
    sigmoidBackward: [
      backward('SigmoidBackward'),
      (s, [g, y], out, dtype) => {
        const factor = like(s, out)
        complement(s, tensor(y, dtype), factor)
        binary('Mul')(s, [y, factor], factor, dtype)
        binary('Mul')(s, [g, factor], out, dtype)
      },
    ],
    eq: [comparison('EqTensor', false)],
    lt: [comparison('GtTensor', true)],
    le: [
      comparison('GeTensor', true),
      // Less, or equal: one of two masks, which no pair sets both.
      (s, values, out, dtype) => {
        const less = like(s, out)
        const equal = like(s, out)
        comparison('GtTensor', true)(s, values, less, dtype)
        comparison('EqTensor', false)(s, values, equal, dtype)
        s.elementwise('Add', [less, equal, scalar(1, dtype)], out)
      },
    ],
    select: [
      (s, [condition, yes, no], out, dtype) => {
        const isZero = s.temporary('bool', out.shape)
        const tested = tensor(condition, dtype)
        s.elementwise('EqTensor', [tested, constant(0, tested.dtype as DType)], isZero)
        s.elementwise(
          'SWhere',
          [isZero, tensor(no, out.dtype as DType), tensor(yes, out.dtype as DType)],
          out,
        )
      },
    ],
    cast: [(s, [x], out, dtype) => cast(s, tensor(x, dtype), out)],
    and: [
      (s, [x, mask], out) =>
        s.elementwise('BitwiseAndScalar', [tensor(x, 'int32'), scalar(mask as number, 'int32')], out),
    ],
    shr: [
      // The operators shift by nothing, so each half is masked, multiplied by 2^-bits as a float, which is exact for 16
      // bits, and put together; the last mask fills with zeros from the left what a negative number filled with ones.
      (s, [x, count], out) => {
        const bits = count as number
        const half = (mask: number): Ref => {
          const part = like(s, out, 'int32')
          const float = like(s, out, 'float32')
          s.elementwise('BitwiseAndScalar', [tensor(x, 'int32'), scalar(mask & -(2 ** bits), 'int32')], part)
          cast(s, part, float)
          s.elementwise('Muls', [float, scalar(2 ** -bits, 'float32')], float)
          cast(s, float, part)
          return part
        }
        const low = half(0xffff)
        s.elementwise('Add', [half(~0xffff), low, scalar(1, 'int32')], low)
        const kept = bits ? 2 ** (32 - bits) - 1 : -1
        s.elementwise('BitwiseAndScalar', [low, scalar(kept, 'int32')], out)
      },
    ],
  }
