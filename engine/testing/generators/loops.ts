import type { Shape } from '../../index.js'
import { mapKernel, reduceKernel } from '../../kernel/build.js'
import { bytesPerElement, type DType } from '../../kernel/dtype.js'
import * as s from '../../kernel/expr.js'
import type { LoopKernel, MapKernel, MatmulKernel } from '../../kernel/kernel.js'
import { alternatingArg, fixedArg, rowArg } from '../../kernel/loop.js'
import { contiguousView, type View } from '../../kernel/shape.js'
import type { DrawKernel } from './kernelCase.js'
import { drawSeed, wholeValues } from './values.js'

/** The sum of two arrays, clamped to -4 … 4 so that whole numbers stay small, written to two outputs. */
function clampedSum(shape: Shape, dtype: DType): MapKernel {
  const operand = { dtype, view: contiguousView(shape) }
  const kernel = mapKernel(shape, [operand, operand], (a, b) => s.min(s.max(s.add(a, b), -4), 4))
  const [output] = kernel.outputs
  return { ...kernel, outputs: [output, output] }
}

function product(rows: number, width: number, dtype: MatmulKernel['dtype'], b: View): MatmulKernel {
  const a = contiguousView([rows, width])
  return { kind: 'matmul', dtype, batch: [], m: rows, n: width, k: width, a, b, accumulate: false }
}

/**
 * A recurrence of whole numbers, exact in any arithmetic: the carry alternates between two buffers, a row of the input is
 * read and a row of the history written in each iteration, the output of one kernel is an input of the next; in some, the
 * rows of the carry are reduced, too, and the matrix that the product reads is changed in every iteration.
 */
export const drawLoop: DrawKernel<LoopKernel> = (draw, dtypes) => {
  const dtype = draw.pick(dtypes.filter(d => d !== 'int32'))
  const [steps, rows, width] = [
    draw.int(0, 7),
    draw.pick([1, 2, 3, 5, 20, 2, 3, 5, 0]),
    draw.pick([1, 2, 3, 4, 5, 6, 3, 4, 5, 0]),
  ]
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
    args: [alternatingArg(carry, nextCarry), fixedArg(weights), fixedArg(gates)],
  }
  const advance = {
    kernel: clampedSum(shape, dtype),
    args: [
      fixedArg(gates),
      rowArg(xs, rowBytes, rowBytes),
      alternatingArg(nextCarry, carry),
      rowArg(history, 0, rowBytes),
    ],
  }
  const whole = { dtype, view: contiguousView(shape) }
  const reduce = {
    kernel: reduceKernel(draw.pick(['sum', 'max']), dtype, shape, 1, [whole], x => x),
    args: [alternatingArg(nextCarry, carry), rowArg(reduced, 0, bytesPerElement(dtype) * rows)],
  }
  const negateWeights = {
    kernel: mapKernel([width, width], [{ dtype, view: matrix }], s.neg),
    args: [fixedArg(weights), fixedArg(weights)],
  }
  const body = [
    multiply,
    advance,
    ...(draw.int(0, 1) ? [reduce] : []),
    ...(draw.int(0, 2) ? [] : [negateWeights]),
  ]
  const reverse = draw.int(0, 1) === 1
  return { kernel: { kind: 'loop', steps, reverse, bytes: buffers.map(b => b.byteLength), body }, buffers }
}
