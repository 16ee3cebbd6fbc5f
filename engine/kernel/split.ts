import { copyKernel } from './build.js'
import { bytesPerElement, type DType } from './dtype.js'
import type { Instr } from './expr.js'
import type { Kernel, LoopArg, LoopKernel, MapKernel, MatmulKernel, ReduceKernel } from './kernel.js'
import { bufferAt, iterations } from './loop.js'
import { writtenArguments } from './operands.js'
import { contiguousView, isContiguous, sizeOf } from './shape.js'

type Piece = { readonly kernel: Kernel; readonly args: readonly (number | { readonly scratch: number })[] }

/** What a kernel splits into, for a device that declined it: simpler kernels and scratch buffers between them. */
export type Pieces = {
  readonly scratch: readonly { readonly bytes: number; readonly contents?: ArrayBufferView }[]
  readonly launches: readonly Piece[]
}

/** Split a kernel into ones that every device takes; undefined when it is as simple as it can be. */
export function split(kernel: Kernel): Pieces | undefined {
  switch (kernel.kind) {
    case 'map':
      return splitMap(kernel)
    case 'reduce':
      return splitReduce(kernel)
    case 'matmul':
      return splitMatmul(kernel)
    case 'loop':
      return splitLoop(kernel)
    default:
      return undefined
  }
}

const isOperation = (instr: Instr): boolean => instr.op !== 'input' && instr.op !== 'const'

/** One kernel per operation; every intermediate value in scratch, from where it is copied to a strided output. */
function splitMap(kernel: MapKernel): Pieces | undefined {
  const { shape, inputs, body, outputs } = kernel
  const direct = outputs.map(o => isContiguous(shape, o.view))
  if (outputs.length === 1 && direct[0] && body.filter(isOperation).length <= 1) return undefined
  const whole = contiguousView(shape)
  const scratch: { bytes: number }[] = []
  const launches: Piece[] = []
  const home = new Map<number, number | { scratch: number }>()
  const emit = (line: number, to: number | { scratch: number }) => {
    const instr = body[line]
    const used: { dtype: DType; view: typeof whole }[] = []
    const args: (number | { scratch: number })[] = []
    const lines: Instr[] = []
    const operand = (at: number): number => {
      const source = body[at]
      if (source.op === 'const') return lines.push(source) - 1
      const fromInput = source.op === 'input' && !home.has(at)
      used.push(fromInput ? inputs[source.value] : { dtype: source.dtype, view: whole })
      args.push(fromInput ? source.value : home.get(at)!)
      return lines.push({ op: 'input', dtype: source.dtype, args: [], value: used.length - 1 }) - 1
    }
    const value =
      isOperation(instr) && !home.has(line)
        ? lines.push({ ...instr, args: instr.args.map(operand) }) - 1
        : operand(line)
    launches.push({
      kernel: {
        kind: 'map',
        shape,
        inputs: used,
        body: lines,
        outputs: [{ dtype: instr.dtype, view: whole, value }],
      },
      args: [...args, to],
    })
  }
  // An output buffer may also be an input: inputs that are handed on are read before the first output is written.
  const handedOn = (line: number) => outputs.length > 1 && outputs.some(o => o.value === line)
  body.forEach((instr, line) => {
    if (!isOperation(instr) && !(instr.op === 'input' && handedOn(line))) return
    const slot = { scratch: scratch.push({ bytes: sizeOf(shape) * bytesPerElement(instr.dtype) }) - 1 }
    emit(line, slot)
    home.set(line, slot)
  })
  outputs.forEach(({ dtype, view, value }, i) => {
    if (direct[i]) emit(value, inputs.length + i)
    else {
      const slot = { scratch: scratch.push({ bytes: sizeOf(shape) * bytesPerElement(dtype) }) - 1 }
      emit(value, slot)
      launches.push({ kernel: copyKernel(dtype, shape, whole, view), args: [slot, inputs.length + i] })
    }
  })
  return { scratch, launches }
}

/** The body as a map into scratch, then a plain reduction. */
function splitReduce(kernel: ReduceKernel): Pieces | undefined {
  const { shape, inputs, body, value, dtype } = kernel
  if (inputs.length === 1 && body.length === 1) return undefined
  const all: MapKernel = {
    kind: 'map',
    shape,
    inputs,
    body,
    outputs: [{ dtype, view: contiguousView(shape), value }],
  }
  const plain: ReduceKernel = {
    ...kernel,
    inputs: [{ dtype, view: contiguousView(shape) }],
    body: [{ op: 'input', dtype, args: [], value: 0 }],
    value: 0,
  }
  return {
    scratch: [{ bytes: sizeOf(shape) * bytesPerElement(dtype) }],
    launches: [
      { kernel: all, args: [...inputs.keys(), { scratch: 0 }] },
      { kernel: plain, args: [{ scratch: 0 }, inputs.length] },
    ],
  }
}

/** The product into scratch, then an addition. */
function splitMatmul(kernel: MatmulKernel): Pieces | undefined {
  if (!kernel.accumulate) return undefined
  const { dtype } = kernel
  const shape = [...kernel.batch, kernel.m, kernel.n]
  const whole = contiguousView(shape)
  return {
    scratch: [{ bytes: sizeOf(shape) * bytesPerElement(dtype) }],
    launches: [
      { kernel: { ...kernel, accumulate: false }, args: [0, 1, { scratch: 0 }] },
      { kernel: copyKernel(dtype, shape, whole, whole, true), args: [{ scratch: 0 }, 2] },
    ],
  }
}

/**
 * A loop iteration by iteration. What moves with the step is copied to and from scratch by row number with `gather` and
 * `scatterAdd`, the only kernels that address memory by data, so any device can do it.
 */
function splitLoop(kernel: LoopKernel): Pieces | undefined {
  const { steps, bytes, body } = kernel
  const scratch: { bytes: number; contents?: ArrayBufferView }[] = []
  const launches: Piece[] = []
  const rowNumbers = new Map<number, { scratch: number }>()
  const rowNumber = (row: number): { scratch: number } => {
    const known = rowNumbers.get(row)
    const made = known ?? { scratch: scratch.push({ bytes: 4, contents: new Int32Array([row]) }) - 1 }
    rowNumbers.set(row, made)
    return made
  }
  // What moves with the step: tables of rows, of which a step reads or writes one (a carry's history: two).
  const rows = new Map<string, StepRow>()
  const keyOf = ({ even, offset, stride }: LoopArg): string => `${even} ${offset} ${stride}`
  const tableOf = ({ even, offset, stride }: LoopArg) => {
    const width = stride / 4
    if (offset % stride === 0 && bytes[even] % stride === 0)
      return { buffer: even, first: offset / stride, count: bytes[even] / stride, width }
    // Part of something larger whose rows do not begin at multiples of their size: a table of its own.
    const buffer = { scratch: scratch.push({ bytes: steps * stride }) - 1 }
    const rows = { offset: offset / 4, strides: [1] }
    launches.push({ kernel: copyKernel('int32', [steps * width], rows), args: [even, buffer] })
    return { buffer, first: 0, count: steps, width }
  }
  for (const { kernel: inner, args } of body) {
    const outputs = writtenArguments(inner)
    args.forEach((arg, position) => {
      if (arg.stride === 0) return
      const known = rows.get(keyOf(arg))
      const written = (known?.written ?? false) || outputs.has(position)
      const row = known?.row ?? { scratch: scratch.push({ bytes: arg.stride }) - 1 }
      const table = known ?? tableOf(arg)
      if (written && table.buffer !== arg.even)
        throw new Error(
          'loop: it writes rows that do not begin at multiples of their size; it cannot be split',
        )
      rows.set(keyOf(arg), { ...table, row, written })
    })
  }
  // Rows travel as int32. What an iteration writes goes back as the difference to what was there: sums of integers wrap, so
  // every bit arrives, also of NaNs and of parts of the row that it does not touch.
  const changes = new Map(
    [...rows.values()].map(({ row, width }) => [row, { scratch: scratch.push({ bytes: width * 4 }) - 1 }]),
  )
  for (const iteration of iterations(kernel)) {
    const t = iteration.step
    for (const { buffer, first, count, width, row, written } of rows.values()) {
      const kernel: Kernel = { kind: 'gather', dtype: 'int32', rows: count, width, count: 1 }
      launches.push({ kernel, args: [buffer, rowNumber(t + first), row] })
      if (written) launches.push({ kernel, args: [buffer, rowNumber(t + first), changes.get(row)!] })
    }
    for (const { kernel: inner, args } of body)
      launches.push({
        kernel: inner,
        args: args.map(arg => rows.get(keyOf(arg))?.row ?? bufferAt(arg, iteration)),
      })
    for (const { buffer, first, count, width, row, written } of rows.values()) {
      if (!written) continue
      const change = changes.get(row)!
      launches.push(
        { kernel: differenceOf(width), args: [row, change, change] },
        {
          kernel: { kind: 'scatterAdd', dtype: 'int32', rows: count, width, count: 1, accumulate: true },
          args: [rowNumber(t + first), change, buffer],
        },
      )
    }
  }
  return { scratch, launches }
}

/** The difference of two int32 arrays. */
function differenceOf(width: number): MapKernel {
  const input = { dtype: 'int32', view: { offset: 0, strides: [1] } } as const
  const line = (op: 'input' | 'sub', args: number[], value: number): Instr => ({
    op,
    dtype: 'int32',
    args,
    value,
  })
  const body = [line('input', [], 0), line('input', [], 1), line('sub', [0, 1], 0)]
  return { kind: 'map', shape: [width], inputs: [input, input], body, outputs: [{ ...input, value: 2 }] }
}

/** Rows of a buffer, one of which belongs to each step: row t + `first` to step t. */
type StepRow = {
  readonly buffer: number | { readonly scratch: number }
  readonly first: number
  /** Rows of the whole buffer, and int32 elements of each. */
  readonly count: number
  readonly width: number
  /** The scratch that holds the row during a step. */
  readonly row: { readonly scratch: number }
  readonly written: boolean
}
