import { copyKernel, mapKernel, reduceKernel } from './build.js'
import { bytesPerElement } from './dtype.js'
import { type Instr, sub } from './expr.js'
import type { Input, Kernel, LoopArg, LoopKernel, MapKernel, MatmulKernel, ReduceKernel } from './kernel.js'
import { bufferAt, iterations } from './loop.js'
import { writtenArguments } from './operands.js'
import { contiguousView, isContiguous, sizeOf } from './shape.js'

/** A scratch buffer, by its position in `Pieces.scratch`. */
type Scratch = { readonly scratch: number }

/** Arguments: numbers are those of the kernel that was split. */
type Piece = { readonly kernel: Kernel; readonly args: readonly (number | Scratch)[] }

/** What a kernel splits into, for a device that declined it: simpler kernels and scratch buffers between them. */
export type Pieces = {
  readonly scratch: readonly { readonly bytes: number; readonly contents?: ArrayBufferView }[]
  readonly launches: readonly Piece[]
}

/** Pieces while they are put together. */
class PieceList implements Pieces {
  readonly scratch: { bytes: number; contents?: ArrayBufferView }[] = []
  readonly launches: Piece[] = []

  allocate(bytes: number, contents?: ArrayBufferView): Scratch {
    return { scratch: this.scratch.push(contents ? { bytes, contents } : { bytes }) - 1 }
  }

  launch(kernel: Kernel, args: Piece['args']): void {
    this.launches.push({ kernel, args })
  }
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
  const isDirect = outputs.map(o => isContiguous(shape, o.view))
  if (outputs.length === 1 && isDirect[0] && body.filter(isOperation).length <= 1) return undefined
  const contiguous = contiguousView(shape)
  const pieces = new PieceList()
  const scratchFor = ({ dtype }: Instr): Scratch => pieces.allocate(sizeOf(shape) * bytesPerElement(dtype))
  /** Lines of the body whose value lies in scratch. */
  const stored = new Map<number, Scratch>()
  /** Launch a map that writes the value of a line: its operation, or a copy of what is stored or given. */
  const write = (line: number, to: number | Scratch) => {
    const mapInputs: Input[] = []
    const args: (number | Scratch)[] = []
    const mapBody: Instr[] = []
    const operand = (index: number): number => {
      const source = body[index]
      const scratch = stored.get(index)
      if (source.op === 'const') return mapBody.push(source) - 1
      mapInputs.push(scratch ? { dtype: source.dtype, view: contiguous } : inputs[source.value])
      args.push(scratch ?? source.value)
      return mapBody.push({ op: 'input', dtype: source.dtype, args: [], value: mapInputs.length - 1 }) - 1
    }
    const instr = body[line]
    const value =
      isOperation(instr) && !stored.has(line)
        ? mapBody.push({ ...instr, args: instr.args.map(operand) }) - 1
        : operand(line)
    const mapOutputs = [{ dtype: instr.dtype, view: contiguous, value }]
    pieces.launch({ kind: 'map', shape, inputs: mapInputs, body: mapBody, outputs: mapOutputs }, [
      ...args,
      to,
    ])
  }
  // An output buffer may also be an input: inputs that are handed on are read before the first output is written.
  const isHandedOn = (line: number) => outputs.length > 1 && outputs.some(o => o.value === line)
  body.forEach((instr, line) => {
    if (!isOperation(instr) && !(instr.op === 'input' && isHandedOn(line))) return
    const scratch = scratchFor(instr)
    write(line, scratch)
    stored.set(line, scratch)
  })
  outputs.forEach(({ dtype, view, value }, i) => {
    const argument = inputs.length + i
    if (isDirect[i]) write(value, argument)
    else {
      const scratch = scratchFor(body[value])
      write(value, scratch)
      pieces.launch(copyKernel(dtype, shape, contiguous, view), [scratch, argument])
    }
  })
  return pieces
}

/** The body as a map into scratch, then a plain reduction. */
function splitReduce(kernel: ReduceKernel): Pieces | undefined {
  const { op, shape, axes, inputs, body, value, dtype } = kernel
  if (inputs.length === 1 && body.length === 1) return undefined
  const contiguous = { dtype, view: contiguousView(shape) }
  const pieces = new PieceList()
  const scratch = pieces.allocate(sizeOf(shape) * bytesPerElement(dtype))
  pieces.launch({ kind: 'map', shape, inputs, body, outputs: [{ ...contiguous, value }] }, [
    ...inputs.keys(),
    scratch,
  ])
  pieces.launch(
    reduceKernel(op, dtype, shape, axes, [contiguous], x => x),
    [scratch, inputs.length],
  )
  return pieces
}

/** The product into scratch, then an addition. */
function splitMatmul(kernel: MatmulKernel): Pieces | undefined {
  if (!kernel.accumulate) return undefined
  const { dtype, batch, m, n } = kernel
  const shape = [...batch, m, n]
  const contiguous = contiguousView(shape)
  const pieces = new PieceList()
  const product = pieces.allocate(sizeOf(shape) * bytesPerElement(dtype))
  pieces.launch({ ...kernel, accumulate: false }, [0, 1, product])
  pieces.launch(copyKernel(dtype, shape, contiguous, contiguous, true), [product, 2])
  return pieces
}

/**
 * A loop iteration by iteration. What moves with the step is copied to and from scratch by row number with `gather` and
 * `scatterAdd`, the only kernels that address memory by data, so any device can do it.
 *
 * Rows travel as int32. What an iteration writes goes back as the difference to what was there: sums of integers wrap, so
 * every bit arrives, also of NaNs and of parts of the row that it does not touch.
 */
function splitLoop(kernel: LoopKernel): Pieces | undefined {
  const pieces = new PieceList()
  const rows = movingRows(kernel, pieces)
  // By row: what was there before an iteration, then the difference to it.
  const changes = new Map(
    [...rows.values()].map(({ row, width }): [Scratch, Scratch] => [row, pieces.allocate(width * 4)]),
  )
  const rowNumbers = new Map<number, Scratch>()
  const rowNumber = (row: number): Scratch => {
    const number = rowNumbers.get(row) ?? pieces.allocate(4, new Int32Array([row]))
    rowNumbers.set(row, number)
    return number
  }
  for (const iteration of iterations(kernel)) {
    for (const { table, first, count, width, row, isWritten } of rows.values()) {
      const gather: Kernel = { kind: 'gather', dtype: 'int32', rows: count, width, count: 1 }
      const number = rowNumber(iteration.step + first)
      pieces.launch(gather, [table, number, row])
      if (isWritten) pieces.launch(gather, [table, number, changes.get(row)!])
    }
    for (const { kernel: inner, args } of kernel.body)
      pieces.launch(
        inner,
        args.map(arg => rows.get(keyOf(arg))?.row ?? bufferAt(arg, iteration)),
      )
    for (const { table, first, count, width, row, isWritten } of rows.values()) {
      if (!isWritten) continue
      const change = changes.get(row)!
      const input: Input = { dtype: 'int32', view: contiguousView([width]) }
      pieces.launch(mapKernel([width], [input, input], sub), [row, change, change])
      pieces.launch({ kind: 'scatterAdd', dtype: 'int32', rows: count, width, count: 1, accumulate: true }, [
        rowNumber(iteration.step + first),
        change,
        table,
      ])
    }
  }
  return pieces
}

/** A buffer as a table of rows, one of which belongs to each step: row t + `first` to step t. */
type Table = {
  readonly table: number | Scratch
  readonly first: number
  /** Rows of the whole buffer, and int32 elements of each. */
  readonly count: number
  readonly width: number
}

/** What moves with the step: a table, of which each step reads or writes a row (of a carry's history, two). */
type MovingRow = Table & {
  /** Holds the row during a step. */
  readonly row: Scratch
  readonly isWritten: boolean
}

const keyOf = ({ even, offset, stride }: LoopArg): string => `${even} ${offset} ${stride}`

/**
 * The arguments of a loop's body that move with the step, by `keyOf`.
 * @throws Error when one that is written does not begin at a multiple of its size.
 */
function movingRows(kernel: LoopKernel, pieces: PieceList): ReadonlyMap<string, MovingRow> {
  const rows = new Map<string, MovingRow>()
  for (const { kernel: inner, args } of kernel.body) {
    const outputs = writtenArguments(inner)
    args.forEach((arg, position) => {
      if (arg.stride === 0) return
      const known = rows.get(keyOf(arg))
      const isWritten = (known?.isWritten ?? false) || outputs.has(position)
      const row = known?.row ?? pieces.allocate(arg.stride)
      const table = known ?? tableOf(kernel, arg, pieces)
      if (isWritten && table.table !== arg.even)
        throw new Error(
          'loop: it writes rows that do not begin at multiples of their size; it cannot be split',
        )
      rows.set(keyOf(arg), { ...table, row, isWritten })
    })
  }
  return rows
}

function tableOf({ steps, bytes }: LoopKernel, { even, offset, stride }: LoopArg, pieces: PieceList): Table {
  const width = stride / 4
  if (offset % stride === 0 && bytes[even] % stride === 0)
    return { table: even, first: offset / stride, count: bytes[even] / stride, width }
  // Part of something larger whose rows do not begin at multiples of their size: a table of its own.
  const table = pieces.allocate(steps * stride)
  const source = { offset: offset / 4, strides: [1] }
  pieces.launch(copyKernel('int32', [steps * width], source), [even, table])
  return { table, first: 0, count: steps, width }
}
