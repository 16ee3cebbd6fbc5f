import type { Instr } from '../../kernel/expr.js'
import type {
  CopyKernel,
  MapKernel,
  RandomBitsKernel,
  ReduceKernel,
  SimpleKernel,
} from '../../kernel/kernel.js'
import { type Shape, sizeOf } from '../../kernel/shape.js'
import { argumentRefs, contiguous, flat, merged } from './arguments.js'
import type { Chip } from './chip.js'
import { matmul } from './matmul.js'
import { aclDtype } from './prototypes.js'
import { gather, scatterAdd } from './rows.js'
import { recipes, type Value } from './scalar.js'
import { constant, dtype32, merge, type Ref, Sequence } from './sequence.js'

/** Kernels that become a sequence of operators. */
export type SequenceKernel = Exclude<SimpleKernel, RandomBitsKernel>

/**
 * The operators of a kernel on a chip.
 * @throws RefusedError for what no operators of the chip do; Float64Error for float64.
 */
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

/** One operator a line of the body. */
function map(s: Sequence, kernel: MapKernel, chip: Chip): void {
  const { inputs, body, outputs } = kernel
  if (!sizeOf(kernel.shape)) return
  const refs = merged(kernel.shape, argumentRefs(kernel))
  const [{ shape }] = refs
  const targets = refs.slice(inputs.length)
  // An output may take an input's memory, so an input that is handed on as it is goes through temporary memory, and a
  // line is written to its output at once only if no later line reads an input that may lie there.
  const handedOn = (line: number) =>
    outputs.length > 1 && body[line].op === 'input' && outputs.some(o => o.value === line)
  const isReadAfter = (index: number, line: number) =>
    body.some(
      (instr, later) =>
        later > line && instr.args.some(arg => body[arg].op === 'input' && body[arg].value === index),
    )
  const mayShare = (a: Ref, b: Ref) =>
    a.dtype === b.dtype && a.strides.every((stride, d) => stride === b.strides[d])
  const homes = new Map<number, Ref>()
  outputs.forEach(({ value }, i) => {
    const target = targets[i]
    const isComputed = body[value].op !== 'input' && body[value].op !== 'const' && !homes.has(value)
    const isSafe = inputs.every((_, j) => !mayShare(refs[j], target) || !isReadAfter(j, value))
    if (isComputed && isSafe && target.strides.every(stride => stride > 0)) homes.set(value, target)
    else if (handedOn(value)) homes.set(value, s.temporary(target.dtype, shape))
  })
  const values = bodyValues(s, body, refs, shape, chip, line => homes.get(line))
  outputs.forEach((output, i) => {
    const value = values[output.value]
    if (value === targets[i]) return
    if (typeof value === 'number') s.fill(value, targets[i])
    else s.copy(value, targets[i])
  })
}

/**
 * Computes every line of a body. Returns its value: where it is, or the number that it is everywhere. `homeOf`: where a
 * line's value is to be put, if that matters.
 */
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
  const args = argumentRefs(kernel)
  const out = args[inputs.length]
  if (!sizeOf(last)) {
    s.fill(op === 'sum' ? 0 : dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY, flat(out))
    return
  }
  // Kept and reduced axes are merged among themselves.
  const mergeAxes = (sizes: Shape, from: number) =>
    merge(
      sizes,
      inputs.map(({ view }) => ({ strides: view.strides.slice(from, from + sizes.length) })),
    )
  const [outer, inner] = [mergeAxes(kept, 0), mergeAxes(last, kept.length)]
  const all = [...outer.shape, ...inner.shape]
  const refs = inputs.map((_, i) => ({
    ...args[i],
    shape: all,
    strides: [...outer.strides[i], ...inner.strides[i]],
  }))
  const terms = bodyValues(s, body, refs, all, chip, () => undefined)[value]
  const source = typeof terms === 'number' ? filled(s, terms, dtype, all) : terms
  const dims = inner.shape.map((_, d) => d + outer.shape.length)
  const target = { ...out, ...contiguous([...outer.shape, ...inner.shape.map(() => 1)]) }
  if (op === 'sum') s.call('ReduceSum', source, { ints: dims }, true, aclDtype[dtype], target)
  else s.call('Amax', source, { ints: dims }, true, target)
}

function filled(s: Sequence, value: number, dtype: 'float32' | 'int32', shape: Shape): Ref {
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
