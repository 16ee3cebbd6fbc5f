import type { Draw } from '../../index.js'
import type { DType } from '../../kernel/dtype.js'
import type { Instr, ScalarOp } from '../../kernel/expr.js'
import type {
  CopyKernel,
  GatherKernel,
  MapKernel,
  MatmulKernel,
  RandomBitsKernel,
  ReduceKernel,
  ScatterAddKernel,
} from '../../kernel/kernel.js'
import { contiguousView } from '../../kernel/shape.js'
import { drawOperation, inputLine } from './bodies.js'
import { type DrawKernel, withBuffers } from './kernelCase.js'
import { unusual, values, wholeValues } from './values.js'
import { drawShape, drawView } from './views.js'

/** Several inputs and operations, up to three outputs, each through a view of its own. */
export const drawMap: DrawKernel<MapKernel> = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  const inputs = Array.from({ length: draw.int(1, 4) }, () => ({
    dtype: draw.pick(dtypes),
    view: drawView(draw, shape).view,
  }))
  const body = inputs.map(({ dtype }, i) => inputLine(dtype, i))
  for (let count = draw.int(0, 10); count > 0; count--) drawOperation(draw, dtypes, body)
  const outputs = Array.from({ length: draw.int(1, 3) }, () => {
    // The newest first: small choices mean the simplest things.
    const value = body.length - 1 - draw.int(0, body.length - 1)
    const view = draw.int(0, 1) ? drawView(draw, shape, { distinct: true }).view : contiguousView(shape)
    return { dtype: body[value].dtype, view, value }
  })
  return withBuffers(draw, { kind: 'map', shape, inputs, body, outputs })
}

/** One operation, written over its first input: the smallest map, in place. */
export const drawMapInPlace: DrawKernel<MapKernel> = (draw, dtypes) => {
  const shape = drawShape(draw, 3)
  const dtype = draw.pick(dtypes)
  const op: ScalarOp = draw.pick(['add', 'mul', 'max', 'lt'])
  const target = draw.int(0, 1) ? drawView(draw, shape, { distinct: true }).view : contiguousView(shape)
  const body: Instr[] = [inputLine(dtype, 0), inputLine(dtype, 1), { op, dtype, args: [0, 1], value: 0 }]
  const { kernel, buffers } = withBuffers(draw, {
    kind: 'map',
    shape,
    inputs: [
      { dtype, view: target },
      { dtype, view: drawView(draw, shape).view },
    ],
    body,
    outputs: [{ dtype, view: target, value: 2 }],
  } satisfies MapKernel)
  return { kernel, buffers: buffers.slice(0, 2), args: [0, 1, 0] }
}

/** A sum or a maximum of an input, or of what a few operations make of several. */
export const drawReduce: DrawKernel<ReduceKernel> = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  if (!shape.length) shape.push(draw.int(0, 9))
  const dtype = draw.pick(dtypes)
  const inputs = Array.from({ length: draw.int(1, 2) }, () => ({ dtype, view: drawView(draw, shape).view }))
  const body = inputs.map((_, i) => inputLine(dtype, i))
  for (let count = inputs.length - 1 + draw.int(0, 2); count > 0; count--) drawOperation(draw, dtypes, body)
  const value = body.findLastIndex(line => line.dtype === dtype)
  const axes = draw.int(1, shape.length)
  const op = draw.pick(['sum', 'max'] as const)
  return withBuffers(draw, { kind: 'reduce', op, dtype, shape, axes, inputs, body, value })
}

/** Batches, any strides, empty factors, accumulated or not. */
export const drawMatmul: DrawKernel<MatmulKernel> = (draw, dtypes) => {
  const dtype = draw.pick(dtypes.filter(d => d !== 'int32'))
  const size = () => (draw.int(0, 9) === 0 ? draw.pick([0, 33, 40]) : draw.int(1, 17))
  const batch = Array.from({ length: draw.int(0, 2) }, () => draw.int(draw.int(0, 9) ? 1 : 0, 3))
  const [m, n, k] = [size(), size(), draw.int(0, 5) ? size() : draw.pick([70, 255])]
  const [a, b] = [drawView(draw, [...batch, m, k]).view, drawView(draw, [...batch, k, n]).view]
  const accumulate = draw.int(0, 1) === 1
  const kinds = [draw.pick([values, wholeValues])]
  return withBuffers(draw, { kind: 'matmul', dtype, batch, m, n, k, a, b, accumulate }, kinds)
}

/** A table's sizes, and indices of rows that it has and of such that it has not, also far away. */
function drawTable(draw: Draw, dtypes: readonly DType[]) {
  const [rows, width, count] = [draw.int(0, 6), draw.int(0, 11), draw.int(0, 12)]
  const index = Int32Array.from({ length: count }, () =>
    draw.int(0, 9) ? draw.int(-2, rows + 1) : draw.pick([2 ** 31 - 1, -(2 ** 31)]),
  )
  return { table: { dtype: draw.pick(dtypes), rows, width, count }, index }
}

/** Rows of a table, those that it has not among them. */
export const drawGather: DrawKernel<GatherKernel> = (draw, dtypes) => {
  const { table, index } = drawTable(draw, dtypes)
  return withBuffers(draw, { kind: 'gather', ...table }, undefined, { 1: index })
}

/** Rows added to rows of a table, several to one, and to those that it has not. */
export const drawScatterAdd: DrawKernel<ScatterAddKernel> = (draw, dtypes) => {
  const { table, index } = drawTable(draw, dtypes)
  const accumulate = draw.int(0, 1) === 1
  return withBuffers(draw, { kind: 'scatterAdd', ...table, accumulate }, undefined, { 0: index })
}

/** From view to view, fills, accumulated or not; what is between the target's elements stays. */
export const drawCopy: DrawKernel<CopyKernel> = (draw, dtypes) => {
  const shape = drawShape(draw, 4)
  const dtype = draw.pick(dtypes)
  const [from, to] = [drawView(draw, shape).view, drawView(draw, shape, { distinct: true }).view]
  const number = dtype === 'int32' ? draw.int(-9, 9) : draw.pick([0.5, -3, ...unusual])
  const source = draw.int(0, 3) === 0 ? number : from
  return withBuffers(draw, { kind: 'copy', dtype, shape, source, to, accumulate: draw.int(0, 1) === 1 })
}

/** Every length modulo what a block of the generator makes. */
export const drawRandomBits: DrawKernel<RandomBitsKernel> = draw => {
  const [streams, count] = [draw.int(0, 4), draw.int(0, 70)]
  const words = (length: number) => Int32Array.from({ length }, () => draw.int(-(2 ** 31), 2 ** 31 - 1))
  const kernel = { kind: 'randomBits', streams, count } as const
  return withBuffers(draw, kernel, [values], { 0: words(2), 1: words(streams) })
}
