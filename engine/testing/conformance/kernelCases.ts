import type { Draw } from '../../graph/tensor.js'
import type { DType, TypedArray } from '../../kernel/dtype.js'
import type { Instr, ScalarOp } from '../../kernel/expr.js'
import type { Kernel, MapKernel } from '../../kernel/kernel.js'
import { contiguousView, type Shape, sizeOf } from '../../kernel/shape.js'
import { drawShape, drawView, oddValues, unusual, values, wholeValues } from './strided.js'

/** A kernel with values for its buffers, which may be longer than it needs. */
export type KernelCase = {
  readonly kernel: Kernel
  readonly buffers: readonly TypedArray[]
  /** Which buffer each argument is; in order, one each, if not given. */
  readonly args?: readonly number[]
}

/** How a kernel is drawn, for a device that takes these dtypes. */
export type DrawKernel = (draw: Draw, dtypes: readonly DType[]) => KernelCase

type Arities = Partial<Record<ScalarOp, number>>

const comparing: Arities = { min: 2, max: 2, neg: 1, abs: 1, eq: 2, lt: 2, le: 2, select: 3, cast: 1 }
const intOps: Arities = { add: 2, sub: 2, mul: 2, ...comparing, and: 2, shr: 2 }
const functions: Arities = { floor: 1, sqrt: 1, exp: 1, log: 1, tanh: 1, sigmoid: 1 }
const floatOps: Arities = { add: 2, sub: 2, mul: 2, div: 2, ...comparing, ...functions }

const inputLine = (dtype: DType, value: number): Instr => ({ op: 'input', dtype, args: [], value })
const seedOf = (draw: Draw) => draw.int(0, 2 ** 30)
const kinds = [values, wholeValues, oddValues]
const drawValues = (draw: Draw, dtype: DType, length: number) => draw.pick(kinds)(dtype, length, seedOf(draw))

/** Add a random operation to a body; returns its line. Operands are earlier lines, or constants. */
function drawOperation(draw: Draw, dtypes: readonly DType[], body: Instr[]): number {
  const dtype = draw.pick(dtypes)
  const ops = dtype === 'int32' ? intOps : floatOps
  const op = draw.pick(Object.keys(ops) as ScalarOp[])
  const constant = (of: DType, value: number) => body.push({ op: 'const', dtype: of, args: [], value }) - 1
  const operand = (of: DType): number => {
    const lines = [...body.keys()].filter(i => body[i].dtype === of)
    if (lines.length && draw.int(0, 4) < 4) return draw.pick(lines)
    return constant(of, of === 'int32' ? draw.int(-9, 9) : draw.pick([1.5, -0.75, 2, ...unusual]))
  }
  const others = dtypes.filter(d => d !== dtype)
  const args = Array.from({ length: ops[op]! }, (_, k) => {
    if (op === 'cast') return operand(draw.pick(others))
    if (op === 'select' && k === 0) return operand(draw.pick(dtypes))
    if ((op === 'and' || op === 'shr') && k === 1) return constant('int32', draw.int(0, 31))
    return operand(dtype)
  })
  return body.push({ op, dtype, args, value: 0 }) - 1
}

/** Several inputs and operations, up to three outputs, each through a view of its own. */
export const drawMap: DrawKernel = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  const buffers: TypedArray[] = []
  const inputs = Array.from({ length: draw.int(1, 4) }, () => {
    const { view, length } = drawView(draw, shape)
    const dtype = draw.pick(dtypes)
    buffers.push(drawValues(draw, dtype, length))
    return { dtype, view }
  })
  const body = inputs.map(({ dtype }, i) => inputLine(dtype, i))
  for (let count = draw.int(0, 10); count > 0; count--) drawOperation(draw, dtypes, body)
  const outputs = Array.from({ length: draw.int(1, 3) }, (_, i) => {
    // The newest first: small choices mean the simplest things.
    const value = body.length - 1 - draw.int(0, body.length - 1)
    const { dtype } = body[value]
    const whole = { view: contiguousView(shape), length: sizeOf(shape) + 1 }
    const { view, length } = draw.int(0, 1) ? drawView(draw, shape, { distinct: true }) : whole
    buffers.push(values(dtype, length, i))
    return { dtype, view, value }
  })
  return { kernel: { kind: 'map', shape, inputs, body, outputs }, buffers }
}

/** One operation, written over its first input: the smallest map, in place. */
export const drawMapInPlace: DrawKernel = (draw, dtypes) => {
  const shape = drawShape(draw, 3)
  const dtype = draw.pick(dtypes)
  const whole = { view: contiguousView(shape), length: sizeOf(shape) }
  const own = draw.int(0, 1) ? drawView(draw, shape, { distinct: true }) : whole
  const other = drawView(draw, shape)
  const inputs = [
    { dtype, view: own.view },
    { dtype, view: other.view },
  ]
  const body: Instr[] = [
    inputLine(dtype, 0),
    inputLine(dtype, 1),
    { op: draw.pick(['add', 'mul', 'max', 'lt']), dtype, args: [0, 1], value: 0 },
  ]
  const kernel: MapKernel = {
    kind: 'map',
    shape,
    inputs,
    body,
    outputs: [{ dtype, view: own.view, value: 2 }],
  }
  const buffers = [drawValues(draw, dtype, own.length), drawValues(draw, dtype, other.length)]
  return { kernel, buffers, args: [0, 1, 0] }
}

/** A sum or a maximum of an input, or of what a few operations make of several. */
export const drawReduce: DrawKernel = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  if (!shape.length) shape.push(draw.int(0, 9))
  const dtype = draw.pick(dtypes)
  const buffers: TypedArray[] = []
  const inputs = Array.from({ length: draw.int(1, 2) }, () => {
    const { view, length } = drawView(draw, shape)
    buffers.push(drawValues(draw, dtype, length))
    return { dtype, view }
  })
  const body = inputs.map((_, i) => inputLine(dtype, i))
  for (let count = inputs.length - 1 + draw.int(0, 2); count > 0; count--) drawOperation(draw, dtypes, body)
  const value = body.findLastIndex(line => line.dtype === dtype)
  const axes = draw.int(1, shape.length)
  const op = draw.pick(['sum', 'max'] as const)
  buffers.push(values(dtype, sizeOf(shape.slice(0, shape.length - axes)) + 2, 3))
  return {
    kernel: { kind: 'reduce', op, dtype, shape, axes, inputs, body, value },
    buffers,
  }
}

/** Batches, any strides, empty sides, accumulated or not. */
export const drawMatmul: DrawKernel = (draw, dtypes) => {
  const dtype = draw.pick(dtypes.filter(d => d !== 'int32'))
  const side = () => (draw.int(0, 9) === 0 ? draw.pick([0, 33, 40]) : draw.int(1, 17))
  const batch = Array.from({ length: draw.int(0, 2) }, () => draw.int(draw.int(0, 9) ? 1 : 0, 3))
  const [m, n, k] = [side(), side(), draw.int(0, 5) ? side() : draw.pick([70, 255])]
  const [a, b] = [drawView(draw, [...batch, m, k]), drawView(draw, [...batch, k, n])]
  const accumulate = draw.int(0, 1) === 1
  const kind = draw.pick([values, wholeValues])
  return {
    kernel: { kind: 'matmul', dtype: dtype as 'float32', batch, m, n, k, a: a.view, b: b.view, accumulate },
    buffers: [
      kind(dtype, a.length, seedOf(draw)),
      kind(dtype, b.length, seedOf(draw)),
      kind(dtype, sizeOf(batch) * m * n + 2, seedOf(draw)),
    ],
  }
}

const drawIndex = (draw: Draw, count: number, rows: number): Int32Array =>
  // Rows that are there, and such that are not, also far away.
  Int32Array.from({ length: count }, () =>
    draw.int(0, 9) ? draw.int(-2, rows + 1) : draw.pick([2 ** 31 - 1, -(2 ** 31)]),
  )

const drawTable = (draw: Draw, dtypes: readonly DType[]) => {
  const [rows, width, count] = [draw.int(0, 6), draw.int(0, 11), draw.int(0, 12)]
  const dtype = draw.pick(dtypes)
  return {
    common: { dtype, rows, width, count },
    index: drawIndex(draw, count, rows),
    table: drawValues(draw, dtype, rows * width + 1),
    picked: drawValues(draw, dtype, count * width + 1),
  }
}

/** Rows of a table, those that it has not among them. */
export const drawGather: DrawKernel = (draw, dtypes) => {
  const { common, index, table, picked } = drawTable(draw, dtypes)
  return { kernel: { kind: 'gather', ...common }, buffers: [table, index, picked] }
}

/** Rows added to rows of a table, several to one, and to those that it has not. */
export const drawScatterAdd: DrawKernel = (draw, dtypes) => {
  const { common, index, table, picked } = drawTable(draw, dtypes)
  const accumulate = draw.int(0, 1) === 1
  return { kernel: { kind: 'scatterAdd', ...common, accumulate }, buffers: [index, picked, table] }
}

/** From view to view, fills, accumulated or not; what is between the target's elements stays. */
export const drawCopy: DrawKernel = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  const dtype = draw.pick(dtypes)
  const [from, to] = [drawView(draw, shape), drawView(draw, shape, { distinct: true })]
  const fill = draw.int(0, 3) === 0
  const number = dtype === 'int32' ? draw.int(-9, 9) : draw.pick([0.5, -3, ...unusual])
  const accumulate = draw.int(0, 1) === 1
  return {
    kernel: { kind: 'copy', dtype, shape, source: fill ? number : from.view, to: to.view, accumulate },
    buffers: [...(fill ? [] : [drawValues(draw, dtype, from.length)]), drawValues(draw, dtype, to.length)],
  }
}

/** Every length modulo what a block of the generator makes. */
export const drawRandomBits: DrawKernel = draw => {
  const [streams, count] = [draw.int(0, 4), draw.int(0, 70)]
  const word = () => draw.int(-(2 ** 31), 2 ** 31 - 1)
  return {
    kernel: { kind: 'randomBits', streams, count },
    buffers: [
      Int32Array.of(word(), word()),
      Int32Array.from({ length: streams }, word),
      new Int32Array(streams * count + 2).fill(77),
    ],
  }
}

/** A kernel of the drawn shape that keeps whole numbers small: clamped to -4 … 4. */
function clampedSum(shape: Shape, dtype: DType, inputs: number): MapKernel {
  const view = contiguousView(shape)
  const body: Instr[] = Array.from({ length: inputs }, (_, i) => inputLine(dtype, i))
  for (let i = 1; i < inputs; i++)
    body.push({ op: 'add', dtype, args: [i === 1 ? 0 : body.length - 1, i], value: 0 })
  for (const [op, value] of [
    ['max', -4],
    ['min', 4],
  ] as const) {
    const last = body.length - 1
    body.push({ op: 'const', dtype, args: [], value })
    body.push({ op, dtype, args: [last, last + 1], value: 0 })
  }
  const value = body.length - 1
  const input = { dtype, view }
  return {
    kind: 'map',
    shape,
    inputs: Array.from({ length: inputs }, () => input),
    body,
    outputs: [
      { ...input, value },
      { ...input, value },
    ],
  }
}

/**
 * A recurrence of whole numbers, exact in any arithmetic: the carry alternates between two buffers, a row of the input is
 * read and a row of the history written in each turn, the output of one kernel is an input of the next; with `decay` a
 * matrix that the product reads is changed in every turn, too.
 */
export const drawLoop: DrawKernel = (draw, dtypes) => {
  const dtype = draw.pick(dtypes.filter(d => d !== 'int32')) as 'float32'
  const [steps, rows, width] = [draw.int(0, 7), draw.pick([1, 2, 3, 5, 20]), draw.int(1, 6)]
  const shape = [rows, width]
  const bytes = dtype === 'float32' ? 4 : 8
  const row = bytes * rows * width
  const arg = (even: number, odd = even, offset = 0, stride = 0) => ({ even, odd, offset, stride })
  const [even, odd, w, x, product, kept, sums] = [0, 1, 2, 3, 4, 5, 6]
  // The input begins with a row that no turn reads.
  const lengths = [1, 1, 0, steps + 1, 1, steps, 0].map(n => n * rows * width)
  lengths[w] = width * width
  lengths[sums] = steps * rows
  const buffers = lengths.map((length, i) => wholeValues(dtype, length, seedOf(draw) + i))
  buffers[w] = buffers[w].map(v => Math.sign(v))
  const plain = contiguousView(shape)
  const flipped = { offset: width * width - 1, strides: [-width, -1] }
  const matrix = contiguousView([width, width])
  const negate: MapKernel = {
    kind: 'map',
    shape: [width, width],
    inputs: [{ dtype, view: matrix }],
    body: [inputLine(dtype, 0), { op: 'neg', dtype, args: [0], value: 0 }],
    outputs: [{ dtype, view: matrix, value: 1 }],
  }
  const multiply = {
    kind: 'matmul',
    dtype,
    batch: [],
    m: rows,
    n: width,
    k: width,
    a: plain,
    b: draw.int(0, 1) ? flipped : matrix,
    accumulate: false,
  } as const
  const sum = {
    kind: 'reduce',
    op: draw.pick(['sum', 'max'] as const),
    dtype,
    shape,
    axes: 1,
    inputs: [{ dtype, view: plain }],
    body: [inputLine(dtype, 0)],
    value: 0,
  } as const
  const body = [
    { kernel: multiply, args: [arg(even, odd), arg(w), arg(product)] },
    {
      kernel: clampedSum(shape, dtype, 2),
      args: [arg(product), arg(x, x, row, row), arg(odd, even), arg(kept, kept, 0, row)],
    },
    ...(draw.int(0, 1) ? [{ kernel: sum, args: [arg(odd, even), arg(sums, sums, 0, bytes * rows)] }] : []),
    ...(draw.int(0, 2) ? [] : [{ kernel: negate, args: [arg(w), arg(w)] }]),
  ]
  return {
    kernel: {
      kind: 'loop',
      steps,
      reverse: draw.int(0, 1) === 1,
      bytes: buffers.map(b => b.byteLength),
      body,
    },
    buffers,
  }
}
