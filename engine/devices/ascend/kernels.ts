import type { CopyKernel, MapKernel, ReduceKernel, SimpleKernel } from '../../kernel/kernel.js'
import { type Shape, sizeOf } from '../../kernel/shape.js'
import { reductionAxes } from '../shared/axes.js'
import { argumentRefs, contiguous, flat, merged } from './arguments.js'
import type { Chip } from './chip.js'
import { matmul } from './matmul.js'
import { combined, type Line } from './patterns.js'
import { aclDtype } from './prototypes.js'
import { randomBits } from './randomBits.js'
import { gather, scatterAdd } from './rows.js'
import { recipes, type Value } from './scalar.js'
import { constant, type DType32, dtype32, oneAxisAtLeast, type Ref, Sequence } from './sequence.js'

/**
 * The operators of a kernel on a chip.
 * @throws RefusedError for what no operators of the chip do; Float64Error for float64.
 */
export function sequenceOf(kernel: SimpleKernel, chip: Chip): Sequence {
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
    case 'randomBits':
      randomBits(s, kernel)
      break
    default:
      kernel satisfies never
  }
  return s
}

/** One operator a line of the body. */
function map(s: Sequence, kernel: MapKernel, chip: Chip): void {
  const { inputs, outputs } = kernel
  const body = combined(
    kernel.body,
    outputs.map(({ value }) => value),
  )
  if (!sizeOf(kernel.shape)) return
  const refs = merged(kernel.shape, argumentRefs(kernel))
  const [{ shape }] = refs
  const targets = refs.slice(inputs.length)
  // An output may lie in an input's memory. So an input that is an output as it is goes through temporary memory, and a
  // line is computed straight into its output only if no later line reads an input that may lie there.
  const handedOn = (line: number) =>
    outputs.length > 1 && body[line].op === 'input' && outputs.some(o => o.value === line)
  const isReadAfter = (index: number, line: number) =>
    body.some(
      (instr, later) =>
        later > line && instr.args.some(arg => body[arg].op === 'input' && body[arg].value === index),
    )
  const mayShare = (a: Ref, b: Ref) =>
    a.dtype === b.dtype && a.strides.every((stride, d) => stride === b.strides[d])
  const destinations = new Map<number, Ref>()
  outputs.forEach(({ value }, i) => {
    const target = targets[i]
    const isComputed = body[value].op !== 'input' && body[value].op !== 'const' && !destinations.has(value)
    const isSafe = inputs.every((_, j) => !mayShare(refs[j], target) || !isReadAfter(j, value))
    if (isComputed && isSafe && target.strides.every(stride => stride > 0)) destinations.set(value, target)
    else if (handedOn(value)) destinations.set(value, s.temporary(target.dtype, shape))
  })
  const values = bodyValues(s, body, refs, shape, chip, line => destinations.get(line))
  outputs.forEach((output, i) => {
    const value = values[output.value]
    if (value === targets[i]) return
    if (typeof value === 'number') s.fill(value, targets[i])
    else s.copy(value, targets[i])
  })
}

/**
 * Computes every line of a body. Returns each line's value: where it lies, or the number that it is everywhere; 0 for one
 * that is not used.
 * `destinationOf`: where a line's value is to be put, if that matters.
 */
function bodyValues(
  s: Sequence,
  body: readonly Line[],
  inputs: readonly Ref[],
  shape: Shape,
  chip: Chip,
  destinationOf: (line: number) => Ref | undefined,
): Value[] {
  const values: Value[] = []
  body.forEach((instr, line) => {
    if (instr.op === 'input') {
      const source = s.forward(inputs[instr.value])
      const destination = destinationOf(line)
      if (destination) s.copy(source, destination)
      values.push(destination ?? source)
    } else if (instr.op === 'const') values.push(instr.value)
    else if (instr.op === 'unused') values.push(0)
    else {
      const out = destinationOf(line) ?? s.temporary(dtype32(instr.dtype), shape)
      const operands = instr.args.map(arg => values[arg])
      const operandDtype = dtype32(body[instr.args[0]].dtype)
      chip.emit(
        s,
        instr.op,
        recipes[instr.op].map(recipe => () => recipe(s, operands, out, operandDtype)),
      )
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
  const args = argumentRefs(kernel)
  const out = args[inputs.length]
  if (!sizeOf(last)) {
    s.fill(op === 'sum' ? 0 : dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY, flat(out))
    return
  }
  const collapsed = reductionAxes(
    kernel,
    inputs.map(({ view }) => view.strides),
  )
  const [outer, inner] = [oneAxisAtLeast(collapsed.kept), oneAxisAtLeast(collapsed.reduced)]
  const axesShape = [...outer.shape, ...inner.shape]
  const refs = inputs.map((_, i) => ({
    ...args[i],
    shape: axesShape,
    strides: [...outer.strides[i], ...inner.strides[i]],
  }))
  const terms = bodyValues(s, combined(body, [value]), refs, axesShape, chip, () => undefined)[value]
  const source = typeof terms === 'number' ? filled(s, terms, dtype, axesShape) : terms
  const dims = inner.shape.map((_, d) => d + outer.shape.length)
  const target = { ...out, ...contiguous([...outer.shape, ...inner.shape.map(() => 1)]) }
  if (op === 'sum') s.call('ReduceSum', source, { ints: dims }, true, aclDtype[dtype], target)
  else s.call('Amax', source, { ints: dims }, true, target)
}

/** Temporary memory that holds one number everywhere. */
function filled(s: Sequence, value: number, dtype: DType32, shape: Shape): Ref {
  const ref = s.temporary(dtype, shape)
  s.fill(value, ref)
  return ref
}

/** A strided copy, sum or fill. */
function copy(s: Sequence, kernel: CopyKernel): void {
  const { shape, source, accumulate } = kernel
  const args = argumentRefs(kernel)
  if (!sizeOf(shape)) return
  const [target, from] = merged(shape, [...args].reverse())
  if (typeof source === 'number') {
    if (accumulate) s.add(repeat(constant(source, kernel.dtype), target.shape), target)
    else s.fill(source, target)
  } else if (accumulate) s.add(from, target)
  else s.copy(from, target)
}

/** A single element as a view of any shape. */
const repeat = (ref: Ref, shape: Shape): Ref => ({ ...ref, shape, strides: shape.map(() => 0) })
