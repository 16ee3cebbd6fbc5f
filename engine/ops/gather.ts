import { node } from '../graph/node.js'
import type { OnnxWriter } from '../graph/onnx.js'
import { register } from '../graph/registry.js'
import { checkTensor, isForeignTensor, type KernelOp, type Sample, Tensor } from '../graph/tensor.js'
import { printShape, sizeOf } from '../kernel/shape.js'
import { arange } from './source.js'
import { reshape, sizeSample } from './view.js'

const gatherOp: KernelOp<undefined> = register({
  kind: 'kernel',
  name: 'gather',
  contiguous: true,
  launches: ({ inputs: [table, index], dtype }) => {
    const rows = table.shape[0]
    const width = sizeOf(table.shape.slice(1))
    return [{ kernel: { kind: 'gather', dtype, rows, width, count: index.size }, args: [0, 1, 'out'] }]
  },
  vjp: (g, { inputs: [table, index] }) => [scatterAdd(index, g, table.shape[0]), undefined],
  overSteps: (_, [table, index]) => (table.fixed ? gather(table.tensor, index.stacked()) : undefined),
  onnx: ({ inputs: [{ shape, rank }] }, [table, index], writer) => {
    const widths = [1, ...new Array<number>(rank - 1).fill(0)]
    const framed = writer.add('Pad', [table, writer.integers([...widths, ...widths])])
    return writer.add('Gather', [framed, rowInFrame(index, shape[0], writer)], { axis: 0 })
  },
  sample: (draw): Sample => {
    const rows = sizeSample(draw)
    const index = {
      shape: [sizeSample(draw, 3), sizeSample(draw, 3)],
      dtype: 'int32' as const,
      min: -1,
      max: rows,
    }
    return { inputs: [{ shape: [rows, sizeSample(draw, 3)] }, index], apply: (t, i) => gather(t, i) }
  },
})

const scatterAddOp: KernelOp<{ readonly rows: number }> = register({
  kind: 'kernel',
  name: 'scatterAdd',
  contiguous: true,
  launches: ({ inputs: [index], attrs: { rows }, shape, dtype }) => {
    const width = sizeOf(shape.slice(1))
    return [
      {
        kernel: { kind: 'scatterAdd', dtype, rows, width, count: index.size, accumulate: false },
        args: [0, 1, 'out'],
      },
    ]
  },
  vjp: (g, { inputs: [index] }) => [undefined, gather(g, index)],
  sumOverSteps: ({ attrs }, [index, source]) => scatterAdd(index, source, attrs.rows),
  onnx: ({ shape: [rows, ...row], inputs: [{ size }], dtype }, [index, source], writer) => {
    const framed = writer.add('Expand', [writer.scalar(0, dtype), writer.sizes([rows + 2, ...row])])
    const indices = writer.cast(writer.reshape(rowInFrame(index, rows, writer), [size, 1]), 'int64')
    const sums = writer.add('ScatterND', [framed, indices, source], { reduction: 'add' })
    return writer.add('Slice', [sums, writer.integers([1]), writer.integers([-1]), writer.integers([0])])
  },
  sample: (draw): Sample => {
    const rows = sizeSample(draw)
    const count = sizeSample(draw, 6)
    const index = { shape: [count], dtype: 'int32' as const, min: -1, max: rows }
    return {
      inputs: [index, { shape: [count, sizeSample(draw, 3)] }],
      apply: (i, x) => scatterAdd(i, x, rows),
    }
  },
})

/** Of a table with a further row before and after it: the row of an index of the table itself, one of these for others. */
function rowInFrame(index: string, rows: number, writer: OnnxWriter): string {
  const above = writer.add('Max', [index, writer.scalar(-1, 'int32')])
  const inside = writer.add('Min', [above, writer.scalar(rows, 'int32')])
  return writer.add('Add', [inside, writer.scalar(1, 'int32')])
}

/**
 * Rows of a table [rows, ...row] by int32 index [...]: [..., ...row]. A row outside the table is zeros.
 * @throws TypeError unless `index` is an int32 tensor; RangeError for a table without axes.
 */
export function gather(table: Tensor, index: Tensor): Tensor {
  if (isForeignTensor(index)) checkTensor('gather', index)
  if (!(index instanceof Tensor))
    throw new TypeError(
      'gather: the index is no tensor; give an int32 tensor of rows (another axis is brought to the front with permute)',
    )
  if (index.dtype !== 'int32') throw new TypeError(`gather: the index is ${index.dtype}; cast it to int32`)
  if (table.rank < 1) throw new RangeError('gather: the table is a scalar; it needs an axis of rows')
  return node(gatherOp, [table, index], undefined, [...index.shape, ...table.shape.slice(1)], table.dtype)
}

/**
 * A table of `rows` rows of zeros to which row i of `source` is added at row `index[i]` (the adjoint of gather);
 * indices outside the table are dropped. `source` has the index's shape, then a row's.
 * @throws TypeError unless `index` is an int32 tensor and `source` a tensor; RangeError when their shapes do not fit.
 */
export function scatterAdd(index: Tensor, source: Tensor, rows: number): Tensor {
  for (const x of [index, source]) if (isForeignTensor(x)) checkTensor('scatterAdd', x)
  if (!(index instanceof Tensor && source instanceof Tensor))
    throw new TypeError(
      'scatterAdd: give index and source as tensors, then the number of rows: scatterAdd(index, source, rows)',
    )
  if (index.dtype !== 'int32')
    throw new TypeError(`scatterAdd: the index is ${index.dtype}; cast it to int32`)
  if (!index.shape.every((n, d) => source.shape[d] === n))
    throw new RangeError(
      `scatterAdd: index ${printShape(index.shape)} and source ${printShape(source.shape)}: the source's shape must begin with the index's`,
    )
  const row = source.shape.slice(index.rank)
  const flat = reshape(index, [index.size])
  return node(
    scatterAddOp,
    [flat, reshape(source, [index.size, ...row])],
    { rows },
    [rows, ...row],
    source.dtype,
  )
}

/**
 * One-hot rows: 1 at the index, 0 elsewhere. Shape of `index`, then `depth`. An index outside gives zeros.
 * @throws TypeError unless `index` is int32.
 */
export function oneHot(index: Tensor, depth: number, dtype: 'float32' | 'float64' = 'float32'): Tensor {
  if (index.dtype !== 'int32') throw new TypeError(`oneHot: the index is ${index.dtype}; cast it to int32`)
  return index.unsqueeze(-1).equal(arange(depth)).cast(dtype)
}
