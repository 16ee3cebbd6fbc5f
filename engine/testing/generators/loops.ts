import type { Shape } from '../../index.js'
import { bytesPerElement, type DType } from '../../kernel/dtype.js'
import type { Instr } from '../../kernel/expr.js'
import type { LoopArg, LoopKernel, MapKernel, MatmulKernel, ReduceKernel } from '../../kernel/kernel.js'
import { contiguousView, type View } from '../../kernel/shape.js'
import { inputLine } from './bodies.js'
import type { DrawKernel } from './kernelCase.js'
import { drawSeed, wholeValues } from './values.js'

/** The sum of two arrays, clamped to -4 … 4 so that whole numbers stay small, written to two outputs. */
function clampedSum(shape: Shape, dtype: DType): MapKernel {
  const operand = { dtype, view: contiguousView(shape) }
  const constant = (value: number): Instr => ({ op: 'const', dtype, args: [], value })
  const body: Instr[] = [
    inputLine(dtype, 0),
    inputLine(dtype, 1),
    { op: 'add', dtype, args: [0, 1], value: 0 },
    constant(-4),
    { op: 'max', dtype, args: [2, 3], value: 0 },
    constant(4),
    { op: 'min', dtype, args: [4, 5], value: 0 },
  ]
  const output = { ...operand, value: body.length - 1 }
  return { kind: 'map', shape, inputs: [operand, operand], body, outputs: [output, output] }
}

function negation(shape: Shape, dtype: DType): MapKernel {
  const operand = { dtype, view: contiguousView(shape) }
  const body: Instr[] = [inputLine(dtype, 0), { op: 'neg', dtype, args: [0], value: 0 }]
  return { kind: 'map', shape, inputs: [operand], body, outputs: [{ ...operand, value: 1 }] }
}

function product(rows: number, width: number, dtype: MatmulKernel['dtype'], b: View): MatmulKernel {
  const a = contiguousView([rows, width])
  return { kind: 'matmul', dtype, batch: [], m: rows, n: width, k: width, a, b, accumulate: false }
}

function rowReduction(shape: Shape, dtype: DType, op: ReduceKernel['op']): ReduceKernel {
  const inputs = [{ dtype, view: contiguousView(shape) }]
  return { kind: 'reduce', op, dtype, shape, axes: 1, inputs, body: [inputLine(dtype, 0)], value: 0 }
}

/** A buffer that stays, one that alternates with another, and one that moves with the step. */
const fixed = (buffer: number): LoopArg => ({ even: buffer, odd: buffer, offset: 0, stride: 0 })
const alternating = (even: number, odd: number): LoopArg => ({ even, odd, offset: 0, stride: 0 })
const moving = (buffer: number, offset: number, stride: number): LoopArg => ({
  even: buffer,
  odd: buffer,
  offset,
  stride,
})

/**
 * A recurrence of whole numbers, exact in any arithmetic: the carry alternates between two buffers, a row of the input is
 * read and a row of the history written in each iteration, the output of one kernel is an input of the next; in some, the
 * rows of the carry are reduced, too, and the matrix that the product reads is changed in every iteration.
 */
export const drawLoop: DrawKernel<LoopKernel> = (draw, dtypes) => {
  const dtype = draw.pick(dtypes.filter(d => d !== 'int32'))
  const [steps, rows, width] = [draw.int(0, 7), draw.pick([1, 2, 3, 5, 20]), draw.int(1, 6)]
  const shape = [rows, width]
  const size = rows * width
  const rowBytes = bytesPerElement(dtype) * size
  // The buffers by number. The input begins with a row that no iteration reads.
  const [carry, nextCarry, weights, xs, gates, history, reduced] = [0, 1, 2, 3, 4, 5, 6]
  const lengths = [size, size, width * width, (steps + 1) * size, size, steps * size, steps * rows]
  const buffers = lengths.map((length, i) => wholeValues(dtype, length, drawSeed(draw) + i))
  buffers[weights] = buffers[weights].map(v => Math.sign(v))

  const matrix = contiguousView([width, width])
  const flipped = { offset: width * width - 1, strides: [-width, -1] }
  const multiply = {
    kernel: product(rows, width, dtype, draw.int(0, 1) ? flipped : matrix),
    args: [alternating(carry, nextCarry), fixed(weights), fixed(gates)],
  }
  const advance = {
    kernel: clampedSum(shape, dtype),
    args: [
      fixed(gates),
      moving(xs, rowBytes, rowBytes),
      alternating(nextCarry, carry),
      moving(history, 0, rowBytes),
    ],
  }
  const reduce = {
    kernel: rowReduction(shape, dtype, draw.pick(['sum', 'max'])),
    args: [alternating(nextCarry, carry), moving(reduced, 0, bytesPerElement(dtype) * rows)],
  }
  const negateWeights = { kernel: negation([width, width], dtype), args: [fixed(weights), fixed(weights)] }
  const body = [
    multiply,
    advance,
    ...(draw.int(0, 1) ? [reduce] : []),
    ...(draw.int(0, 2) ? [] : [negateWeights]),
  ]
  const reverse = draw.int(0, 1) === 1
  return { kernel: { kind: 'loop', steps, reverse, bytes: buffers.map(b => b.byteLength), body }, buffers }
}
