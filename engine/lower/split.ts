import { bytesPerElement, type DType } from '../dtype.js'
import type { Instr } from '../expr.js'
import type { Kernel, LoopArg, LoopKernel, MapKernel, MatmulKernel, ReduceKernel } from '../kernel.js'
import { contiguousView, isContiguous, sizeOf } from '../shape.js'

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
      const fromInput = source.op === 'input'
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
  body.forEach((instr, line) => {
    if (!isOperation(instr)) return
    const slot = { scratch: scratch.push({ bytes: sizeOf(shape) * bytesPerElement(instr.dtype) }) - 1 }
    emit(line, slot)
    home.set(line, slot)
  })
  // Outputs last: an output buffer may also be an input.
  outputs.forEach(({ dtype, view, value }, i) => {
    if (direct[i]) emit(value, inputs.length + i)
    else {
      const slot = { scratch: scratch.push({ bytes: sizeOf(shape) * bytesPerElement(dtype) }) - 1 }
      emit(value, slot)
      const copy: Kernel = { kind: 'copy', dtype, shape, source: whole, to: view, accumulate: false }
      launches.push({ kernel: copy, args: [slot, inputs.length + i] })
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
  const add: Kernel = {
    kind: 'copy',
    dtype,
    shape,
    source: contiguousView(shape),
    to: contiguousView(shape),
    accumulate: true,
  }
  return {
    scratch: [{ bytes: sizeOf(shape) * bytesPerElement(dtype) }],
    launches: [
      { kernel: { ...kernel, accumulate: false }, args: [0, 1, { scratch: 0 }] },
      { kernel: add, args: [{ scratch: 0 }, 2] },
    ],
  }
}

/**
 * A loop turn by turn. What moves with the step is copied to and from scratch by row number with `gather` and
 * `scatterAdd` (onto zeros), the only kernels that address memory by data, so any device can do it.
 */
function splitLoop(kernel: LoopKernel): Pieces | undefined {
  const { steps, reverse, bytes, body } = kernel
  const scratch: { bytes: number; contents?: ArrayBufferView }[] = []
  const launches: Piece[] = []
  const rowNumber = Array.from({ length: steps + 1 }, (_, t) => ({
    scratch: scratch.push({ bytes: 4, contents: new Int32Array([t]) }) - 1,
  }))
  // What moves with the step: tables of rows, of which a step reads or writes one (a carry's history: two).
  const rows = new Map<string, StepRow>()
  const keyOf = ({ even, offset, stride }: LoopArg): string => `${even} ${offset} ${stride}`
  for (const { kernel: inner, args } of body)
    args.forEach((arg, position) => {
      if (arg.stride === 0) return
      if (arg.stride < 0 || arg.offset % arg.stride || bytes[arg.even] % arg.stride)
        throw new Error(
          'loop: a buffer that is not rows of one step each cannot be split; the device must take whole loops',
        )
      const known = rows.get(keyOf(arg))
      rows.set(keyOf(arg), {
        buffer: arg.even,
        first: arg.offset / arg.stride,
        count: bytes[arg.even] / arg.stride,
        width: arg.stride / 4,
        row: known?.row ?? { scratch: scratch.push({ bytes: arg.stride }) - 1 },
        written: (known?.written ?? false) || isOutput(inner, position),
      })
    })
  // Rows travel as int32, added to zeros: every bit is kept, NaN payloads included.
  for (const { buffer, first, width, written } of rows.values()) {
    const to = { offset: first * width, strides: [1] }
    const zero: Kernel = {
      kind: 'copy',
      dtype: 'int32',
      shape: [steps * width],
      source: 0,
      to,
      accumulate: false,
    }
    if (written) launches.push({ kernel: zero, args: [buffer] })
  }
  for (let turn = 0; turn < steps; turn++) {
    const t = reverse ? steps - 1 - turn : turn
    for (const { buffer, first, count, width, row, written } of rows.values())
      if (!written)
        launches.push({
          kernel: { kind: 'gather', dtype: 'int32', rows: count, width, count: 1 },
          args: [buffer, rowNumber[t + first], row],
        })
    for (const { kernel: inner, args } of body)
      launches.push({
        kernel: inner,
        args: args.map(arg => rows.get(keyOf(arg))?.row ?? (turn % 2 === 0 ? arg.even : arg.odd)),
      })
    for (const { buffer, first, count, width, row, written } of rows.values())
      if (written)
        launches.push({
          kernel: { kind: 'scatterAdd', dtype: 'int32', rows: count, width, count: 1, accumulate: true },
          args: [rowNumber[t + first], row, buffer],
        })
  }
  return { scratch, launches }
}

/** Rows of a buffer, one of which belongs to each step: row t + `first` to step t. */
type StepRow = {
  readonly buffer: number
  readonly first: number
  /** Rows of the whole buffer, and int32 elements of each. */
  readonly count: number
  readonly width: number
  /** The scratch that holds the row during a step. */
  readonly row: { readonly scratch: number }
  readonly written: boolean
}

function isOutput(kernel: Kernel, position: number): boolean {
  if (kernel.kind === 'map') return position >= kernel.inputs.length
  if (kernel.kind === 'reduce') return position === kernel.inputs.length
  if (kernel.kind === 'copy') return position === (typeof kernel.source === 'number' ? 0 : 1)
  if (kernel.kind === 'loop')
    return kernel.body.some(({ kernel: inner, args }) =>
      args.some((arg, i) => (arg.even === position || arg.odd === position) && isOutput(inner, i)),
    )
  return position === 2
}
