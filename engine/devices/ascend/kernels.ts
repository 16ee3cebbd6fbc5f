import { isFloat } from '../../kernel/dtype.js'
import type { Instr } from '../../kernel/expr.js'
import type {
  CopyKernel,
  GatherKernel,
  Input,
  Kernel,
  LoopKernel,
  MapKernel,
  MatmulKernel,
  RandomBitsKernel,
  ReduceKernel,
  ScatterAddKernel,
} from '../../kernel/kernel.js'
import { contiguousStrides, contiguousView, type Shape, sizeOf, type View } from '../../kernel/shape.js'
import type { Axes } from '../shared/axes.js'
import type { Chip } from './chip.js'
import { aclDtype } from './prototypes.js'
import { recipes, type Value } from './scalar.js'
import { constant, dtype32, merge, type Place, type Ref, RefusedError, Sequence, whole } from './sequence.js'

/** Kernels that become a sequence of operators. */
export type SequenceKernel = Exclude<Kernel, LoopKernel | RandomBitsKernel>

/** The operators of a kernel on a chip. @throws RefusedError for what no operators of the chip do. */
export function sequenceOf(kernel: SequenceKernel, chip: Chip): Sequence {
  const s = new Sequence()
  switch (kernel.kind) {
    case 'map':
      map(s, kernel, chip)
      break
    case 'reduce':
      reduce(s, kernel, chip)
      break
    case 'matmul':
      matmul(s, kernel, chip)
      break
    case 'gather':
      gather(s, kernel)
      break
    case 'scatterAdd':
      scatterAdd(s, kernel, chip)
      break
    case 'copy':
      copy(s, kernel)
      break
    default:
      kernel satisfies never
  }
  return s
}

const argument = (index: number): Place => ({ kind: 'argument', index })

function viewRef(index: number, { dtype, view }: Input, { shape, strides }: Axes, at: number): Ref {
  return { place: argument(index), dtype: dtype32(dtype), shape, strides: strides[at], offset: view.offset }
}

/** One operator a line of the body. */
function map(s: Sequence, kernel: MapKernel, chip: Chip): void {
  const { inputs, body, outputs } = kernel
  if (!sizeOf(kernel.shape)) return
  const views = [...inputs, ...outputs]
  const strided = merge(
    kernel.shape,
    views.map(v => v.view),
  )
  const refs = views.map((v, i) => viewRef(i, v, strided, i))
  const targets = refs.slice(inputs.length)
  // An output may take an input's memory, so an input that is handed on as it is goes through temporary memory, and a
  // line is written to its output at once only if no later line reads an input that may lie there.
  const handedOn = (line: number) =>
    outputs.length > 1 && body[line].op === 'input' && outputs.some(o => o.value === line)
  const isReadAfter = (index: number, line: number) =>
    body.some(
      (instr, at) =>
        at > line && instr.args.some(arg => body[arg].op === 'input' && body[arg].value === index),
    )
  const mayShare = (a: Ref, b: Ref) =>
    a.dtype === b.dtype && a.strides.every((stride, d) => stride === b.strides[d])
  const homes = new Map<number, Ref>()
  outputs.forEach(({ value }, i) => {
    const target = targets[i]
    const isComputed = body[value].op !== 'input' && body[value].op !== 'const' && !homes.has(value)
    const isSafe = inputs.every((_, j) => !mayShare(refs[j], target) || !isReadAfter(j, value))
    if (isComputed && isSafe && target.strides.every(stride => stride > 0)) homes.set(value, target)
    else if (handedOn(value)) homes.set(value, s.temporary(target.dtype, strided.shape))
  })
  const values = bodyValues(s, body, refs.slice(0, inputs.length), strided.shape, chip, line =>
    homes.get(line),
  )
  outputs.forEach(({ value }, i) => {
    const found = values[value]
    if (found === targets[i]) return
    if (typeof found === 'number') s.fill(found, targets[i])
    else s.copy(found, targets[i])
  })
}

/** The value of every line of a body: where it is, or the number that it is everywhere. */
function bodyValues(
  s: Sequence,
  body: readonly Instr[],
  inputs: readonly Ref[],
  shape: Shape,
  chip: Chip,
  homeOf: (line: number) => Ref | undefined,
): Value[] {
  const values: Value[] = []
  body.forEach((instr, line) => {
    if (instr.op === 'input') {
      const source = s.forward(inputs[instr.value])
      const home = homeOf(line)
      if (home) s.copy(source, home)
      values.push(home ?? source)
    } else if (instr.op === 'const') values.push(instr.value)
    else {
      const out = homeOf(line) ?? s.temporary(dtype32(instr.dtype), shape)
      const operands = instr.args.map(i => values[i])
      const from = dtype32(body[instr.args[0]].dtype)
      chip.emit(s, instr.op, recipes[instr.op], recipe => recipe(s, operands, out, from))
      values.push(out)
    }
  })
  return values
}

/** Sum or maximum over the last axes; a body is computed first. */
function reduce(s: Sequence, kernel: ReduceKernel, chip: Chip): void {
  const { shape, axes, inputs, body, value, op } = kernel
  const dtype = dtype32(kernel.dtype)
  const kept = shape.slice(0, shape.length - axes)
  const last = shape.slice(shape.length - axes)
  if (!sizeOf(kept)) return
  const out = whole(argument(inputs.length), dtype, [sizeOf(kept)])
  if (!sizeOf(last)) {
    s.fill(op === 'sum' ? 0 : dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY, out)
    return
  }
  // Kept and reduced axes are merged among themselves.
  const part = (axesOf: Shape, from: number) =>
    merge(
      axesOf,
      inputs.map(({ view }) => ({ strides: view.strides.slice(from, from + axesOf.length) })),
    )
  const [outer, inner] = [part(kept, 0), part(last, kept.length)]
  const strided = {
    shape: [...outer.shape, ...inner.shape],
    strides: inputs.map((_, i) => [...outer.strides[i], ...inner.strides[i]]),
  }
  const refs = inputs.map((input, i) => viewRef(i, input, strided, i))
  const found = bodyValues(s, body, refs, strided.shape, chip, () => undefined)[value]
  const source = typeof found === 'number' ? filled(s, found, dtype, strided.shape) : found
  const dims = inner.shape.map((_, d) => d + outer.shape.length)
  const target = { ...out, ...ranked([...outer.shape, ...inner.shape.map(() => 1)]) }
  if (op === 'sum') s.call('ReduceSum', source, { ints: dims }, true, aclDtype[dtype], target)
  else s.call('Amax', source, { ints: dims }, true, target)
}

const ranked = (shape: Shape) => ({ shape, strides: contiguousStrides(shape) })

function filled(s: Sequence, value: number, dtype: 'float32' | 'int32', shape: Shape): Ref {
  const ref = s.temporary(dtype, shape)
  s.fill(value, ref)
  return ref
}

/** Axes of a product, batch axes among them, that the operator takes. */
const mostMatmulAxes = 6

function matmul(s: Sequence, kernel: MatmulKernel, chip: Chip): void {
  const { batch, m, n, k, accumulate } = kernel
  dtype32(kernel.dtype)
  const size = sizeOf(batch) * m * n
  if (!size) return
  const all = whole(argument(2), 'float32', [size])
  if (!k) {
    if (!accumulate) s.fill(0, all)
    return
  }
  const split = (view: View) => view.strides.slice(0, batch.length)
  const outer = merge(batch, [
    { strides: split(kernel.a) },
    { strides: split(kernel.b) },
    contiguousView(batch),
  ])
  const isBatched = sizeOf(batch) > 1
  const batchShape = isBatched ? outer.shape : []
  if (batchShape.length + 2 > mostMatmulAxes)
    throw new RefusedError(`a matmul with ${batchShape.length} batch axes that do not merge`)
  const operand = (index: number, view: View, rows: number, columns: number): Ref => {
    const strides = [...(isBatched ? outer.strides[index] : []), ...view.strides.slice(batch.length)]
    const shape = [...batchShape, rows, columns]
    const ref = s.forward({ place: argument(index), dtype: 'float32', shape, strides, offset: view.offset })
    // A batch axis that only repeats gets size 1; the matrix itself is read with whatever strides it has.
    return {
      ...ref,
      shape: shape.map((count, d) => (d < batchShape.length && ref.strides[d] === 0 ? 1 : count)),
    }
  }
  const [a, b] = [operand(0, kernel.a, m, k), operand(1, kernel.b, k, n)]
  const outShape = [...batchShape, m, n]
  // Where both repeat, the product of one is repeated.
  const single = outShape.map((count, d) =>
    d < batchShape.length ? Math.max(a.shape[d], b.shape[d]) : count,
  )
  const out = { ...all, ...ranked(outShape) }
  const isSingle = sizeOf(single) < size
  const product = isSingle || accumulate ? s.temporary('float32', single) : out
  s.call('Matmul', a, b, product, chip.cubeMathType)
  if (product === out) return
  const repeated = {
    ...product,
    shape: outShape,
    strides: product.strides.map((x, d) => (single[d] < outShape[d] ? 0 : x)),
  }
  if (accumulate) s.add(repeated, out)
  else s.copy(repeated, out)
}

/** Row numbers brought into 0 … rows-1, and whether each was there before: operators take no others. */
function clampedRows(s: Sequence, index: Ref, rows: number): { clamped: Ref; isInside: Ref } {
  const clamped = s.temporary('int32', index.shape)
  s.call('Clamp', index, { scalar: 0, dtype: 'int32' }, { scalar: rows - 1, dtype: 'int32' }, clamped)
  const isInside = s.temporary('bool', index.shape)
  s.call('EqTensor', index, clamped, isInside)
  return { clamped, isInside }
}

/** A column that broadcasts over a row's elements. */
const asColumn = (ref: Ref): Ref => ({ ...ref, ...ranked([ref.shape[0], 1]) })

function gather(s: Sequence, kernel: GatherKernel): void {
  const { rows, width, count } = kernel
  const dtype = dtype32(kernel.dtype)
  const out = whole(argument(2), dtype, [count, width])
  if (!count || !width) return
  if (!rows) {
    s.fill(0, out)
    return
  }
  const { clamped, isInside } = clampedRows(s, whole(argument(1), 'int32', [count]), rows)
  const picked = s.temporary(dtype, [count, width])
  s.call('IndexSelect', whole(argument(0), dtype, [rows, width]), 0, clamped, picked)
  s.elementwise('SWhere', [asColumn(isInside), picked, constant(0, dtype)], out)
}

/** No padding row: as unsigned 64 bits, -1. Row 0 would be left out of the sum otherwise. */
const noPadding = 2n ** 64n - 1n

function scatterAdd(s: Sequence, kernel: ScatterAddKernel, chip: Chip): void {
  const { rows, width, count, accumulate } = kernel
  const dtype = dtype32(kernel.dtype)
  const out = whole(argument(2), dtype, [rows, width])
  if (!rows || !width) return
  if (!count) {
    if (!accumulate) s.fill(0, out)
    return
  }
  const index = whole(argument(0), 'int32', [count])
  const source = whole(argument(1), dtype, [count, width])
  chip.emit(
    s,
    'scatterAdd',
    [
      // The gradient of an embedding; what is outside goes to one row more, which is left out.
      () => {
        if (!isFloat(dtype)) throw new RefusedError('EmbeddingDenseBackward of int32')
        const { isInside } = clampedRows(s, index, rows)
        const places = s.temporary('int32', index.shape)
        s.elementwise('SWhere', [isInside, index, constant(rows, 'int32')], places)
        const sums = s.temporary(dtype, [rows + 1, width])
        s.call('EmbeddingDenseBackward', source, places, rows + 1, noPadding, false, sums)
        const wanted = { ...sums, shape: [rows, width] }
        if (accumulate) s.add(wanted, out)
        else s.copy(wanted, out)
      },
      // Row by row, the sum of what belongs there.
      () => {
        for (let row = 0; row < rows; row++) {
          const isHere = s.temporary('bool', [count])
          s.elementwise('EqTensor', [index, constant(row, 'int32')], isHere)
          const chosen = s.temporary(dtype, [count, width])
          s.elementwise('SWhere', [asColumn(isHere), source, constant(0, dtype)], chosen)
          const target = { ...out, ...ranked([1, width]), offset: row * width }
          const sum = accumulate ? s.temporary(dtype, [1, width]) : target
          s.call('ReduceSum', chosen, { ints: [0] }, true, aclDtype[dtype], sum)
          if (accumulate) s.add(sum, target)
        }
      },
    ],
    option => option(),
  )
}

function copy(s: Sequence, { shape, source, to, accumulate, ...kernel }: CopyKernel): void {
  const dtype = dtype32(kernel.dtype)
  if (!sizeOf(shape)) return
  const isFill = typeof source === 'number'
  const strided = merge(shape, isFill ? [to] : [to, source])
  const target: Ref = {
    place: argument(isFill ? 0 : 1),
    dtype,
    shape: strided.shape,
    strides: strided.strides[0],
    offset: to.offset,
  }
  if (isFill) {
    if (accumulate) s.add(repeat(constant(source, dtype), strided.shape), target)
    else s.fill(source, target)
    return
  }
  const from: Ref = { ...target, place: argument(0), strides: strided.strides[1], offset: source.offset }
  if (accumulate) s.add(from, target)
  else s.copy(from, target)
}

/** A single element as a view of any shape. */
const repeat = (ref: Ref, shape: Shape): Ref => ({ ...ref, shape, strides: shape.map(() => 0) })
