import type { Shape } from '../../kernel/shape.js'
import { type AclDtype, aclDtype, type OperatorName } from './prototypes.js'
import { noPadding } from './rows.js'
import type { Attribute } from './sequence.js'

/** Device memory that a sample has: with values, or to be written. */
export type SampleMemory = {
  readonly dtype: AclDtype
  readonly shape: Shape
  /** Without, it is the result. */
  readonly values?: ArrayLike<number>
}

/** A use of an operator, and what the host computes for it. */
export type OperatorSample = {
  readonly operands: readonly (SampleMemory | Attribute)[]
  /** In float64. */
  readonly expected: ArrayLike<number>
  /** Where an element is a sum: what the absolute values of its terms add up to, which is what rounding is relative to. */
  readonly magnitude?: ArrayLike<number>
}

const [rows, columns] = [64, 128]
const count = rows * columns

const values = (of: (i: number) => number, size = count): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => of(i))
/** As float32 has them, so that host and card compute with the same. */
const floats = (of: (i: number) => number, size?: number) => values(i => Math.fround(of(i)), size)

// Between -4 and 4; above 1/8; 0 to 1023; 0 and 1; 0 to 3.
const x = floats(i => 4 * Math.sin(1.7 * i))
const y = floats(i => 4 * Math.cos(0.9 * i + 1))
const positive = floats(i => 0.125 + Math.abs(y[i]))
const whole = values(i => (i * 37) % 1024)
const truth = values(i => i % 3 && 1)
const bases = values(i => (i * i) % 4, rows)

const float32 = (values?: ArrayLike<number>, shape: Shape = [rows, columns]): SampleMemory => ({
  dtype: 'float32',
  shape,
  ...(values && { values }),
})
const int32 = (values?: ArrayLike<number>, shape: Shape = [rows, columns]): SampleMemory => ({
  ...float32(values, shape),
  dtype: 'int32',
})
const bool = (values?: ArrayLike<number>): SampleMemory => ({ ...float32(values), dtype: 'bool' })
const scalar = (scalar: number, dtype: 'float32' | 'int32' = 'float32') => ({
  scalar: dtype === 'int32' ? scalar : Math.fround(scalar),
  dtype,
})

const unary = (from: Float64Array, of: (x: number) => number): OperatorSample => ({
  operands: [float32(from), float32()],
  expected: from.map(of),
})
const binary = (of: (x: number, y: number) => number, ...alpha: Attribute[]): OperatorSample => ({
  operands: [float32(x), float32(positive), ...alpha, float32()],
  expected: values(i => of(x[i], positive[i])),
})
/** Some operands are equal. */
const comparison = (of: (x: number, y: number) => boolean): OperatorSample => {
  const other = values(i => (i % 3 ? whole[i] : 512))
  return {
    operands: [int32(whole), int32(other), bool()],
    expected: values(i => Number(of(whole[i], other[i]))),
  }
}

/** Σ of terms, and of their absolute values, for each element of a result. */
function sums(size: number, terms: number, term: (element: number, i: number) => number) {
  const sum = (of: (x: number) => number) =>
    values(element => {
      let total = 0
      for (let i = 0; i < terms; i++) total += of(term(element, i))
      return total
    }, size)
  return { expected: sum(x => x), magnitude: sum(Math.abs) }
}

const rowOf = (row: number, column: number) => x[row * columns + column]

/** A product of matrices, [64, 128] by [128, 64]. `cubeMathType`: how the operator is to round. */
const matmulSample = (cubeMathType: number): OperatorSample => ({
  operands: [float32(x), float32(y, [columns, rows]), float32(undefined, [rows, rows]), cubeMathType],
  ...sums(rows * rows, columns, (e, k) => rowOf(Math.floor(e / rows), k) * y[k * rows + (e % rows)]),
})

/** The same, added to a matrix. */
const addmmSample = (cubeMathType: number): OperatorSample => {
  const { operands, expected, magnitude } = matmulSample(cubeMathType)
  const added = floats(i => i % 7, rows * rows)
  const sum = (values: ArrayLike<number>) => added.map((a, i) => a + values[i])
  return {
    operands: [
      float32(added, [rows, rows]),
      ...operands.slice(0, 2),
      scalar(1),
      scalar(1),
      ...operands.slice(2),
    ],
    expected: sum(expected),
    magnitude: sum(magnitude ?? expected),
  }
}

/** Products: of each there is a use for each precision. */
export const productSamples = { Matmul: matmulSample, Addmm: addmmSample } as const

/** A use of each other operator. */
export const operatorSamples: Readonly<
  Record<Exclude<OperatorName, keyof typeof productSamples>, OperatorSample>
> = {
  Add: binary((a, b) => a + b, scalar(1)),
  Adds: { operands: [float32(x), scalar(1.5), scalar(1), float32()], expected: x.map(a => a + 1.5) },
  Sub: binary((a, b) => a - b, scalar(1)),
  Mul: binary((a, b) => a * b),
  Muls: { operands: [float32(x), scalar(1.5), float32()], expected: x.map(a => a * 1.5) },
  Div: binary((a, b) => a / b),
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Neg: unary(x, a => -a),
  Abs: unary(x, Math.abs),
  Floor: unary(x, Math.floor),
  Sqrt: unary(positive, Math.sqrt),
  Exp: unary(x, Math.exp),
  Exp2: unary(x, a => 2 ** a),
  Log: unary(positive, Math.log),
  Log1p: unary(positive, Math.log1p),
  Tanh: unary(x, Math.tanh),
  Sigmoid: unary(x, a => 1 / (1 + Math.exp(-a))),
  TanhBackward: {
    operands: [float32(x), float32(y), float32()],
    expected: values(i => x[i] * (1 - y[i] ** 2)),
  },
  SigmoidBackward: {
    operands: [float32(x), float32(y), float32()],
    expected: values(i => x[i] * y[i] * (1 - y[i])),
  },
  PowScalarTensor: {
    operands: [scalar(Math.E), float32(x), float32()],
    expected: x.map(a => Math.fround(Math.E) ** a),
  },
  EqTensor: comparison((a, b) => a === b),
  GtTensor: comparison((a, b) => a > b),
  GeTensor: comparison((a, b) => a >= b),
  SWhere: {
    operands: [bool(truth), float32(x), float32(y), float32()],
    expected: values(i => (truth[i] ? x[i] : y[i])),
  },
  Clamp: {
    operands: [int32(whole), scalar(100, 'int32'), scalar(900, 'int32'), int32()],
    expected: whole.map(n => Math.min(900, Math.max(100, n))),
  },
  Cast: { operands: [int32(whole), aclDtype.float32, float32()], expected: whole },
  BitwiseAndScalar: {
    operands: [int32(whole), scalar(0xf0, 'int32'), int32()],
    expected: whole.map(n => n & 0xf0),
  },
  BitwiseXorTensor: {
    operands: [int32(whole), int32(whole.map(n => n * 31)), int32()],
    expected: whole.map(n => n ^ (n * 31)),
  },
  InplaceCopy: { operands: [float32(), float32(x)], expected: x },
  InplaceFillScalar: { operands: [float32(), scalar(2.5)], expected: x.map(() => 2.5) },
  ReduceSum: {
    operands: [float32(x), { ints: [1] }, true, aclDtype.float32, float32(undefined, [rows, 1])],
    ...sums(rows, columns, rowOf),
  },
  Amax: {
    operands: [float32(x), { ints: [1] }, true, float32(undefined, [rows, 1])],
    expected: values(row => Math.max(...x.subarray(row * columns, (row + 1) * columns)), rows),
  },
  IndexSelect: {
    operands: [float32(x), 0, int32(bases, [rows]), float32()],
    expected: values(i => rowOf(bases[Math.floor(i / columns)], i % columns)),
  },
  EmbeddingDenseBackward: {
    operands: [float32(x), int32(bases, [rows]), 4, noPadding, false, float32(undefined, [4, columns])],
    ...sums(4 * columns, rows, (e, row) =>
      bases[row] === Math.floor(e / columns) ? rowOf(row, e % columns) : 0,
    ),
  },
}
