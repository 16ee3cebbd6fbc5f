import { bytesPerElement } from '../../../kernel/dtype.js'
import type { Kernel, LoopArg, LoopKernel, SimpleKernel } from '../../../kernel/kernel.js'
import {
  leadingAxis,
  type Operand,
  operands,
  withLeadingAxis,
  withViews,
  writtenArguments,
} from '../../../kernel/operands.js'
import { sizeOf, type View } from '../../../kernel/shape.js'
import { reducesAcross } from '../kernels/reduce.js'
import { cutEvenly, type Interval, type Part } from './cut.js'

/**
 * Cuts kernels into parts for several threads: along their leading axis, whose indices are called rows here. A loop is cut
 * through all of its iterations, so that its threads never wait for each other.
 */

/** Below so much work (some ten microseconds) handing it over costs more than it saves. */
const leastWork = 1 << 14

/** Whether a kernel is done about as soon as another thread could begin with it. */
export const isSmall = (kernel: Kernel): boolean => workOf(kernel) < leastWork

/** How much there is to do, in elements that are computed; 32 multiply-adds count as one. */
function workOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case 'map':
    case 'reduce':
    case 'copy':
      return sizeOf(kernel.shape)
    case 'matmul':
      return (sizeOf(kernel.batch) * kernel.m * kernel.n * kernel.k) / 32
    case 'gather':
    case 'scatterAdd':
      return kernel.count * kernel.width
    case 'randomBits':
      return kernel.streams * kernel.count
    case 'loop':
      return kernel.steps * kernel.body.reduce((sum, launch) => sum + workOf(launch.kernel), 0)
    default:
      return kernel satisfies never
  }
}

/**
 * Cut a kernel into `parts` parts, or fewer where there are too few rows; undefined when that is not possible, or not
 * worth it (`least`: the work below which it is not). Parts have multiples of `unit` rows, and what is left goes to the
 * last. Every element of the outputs is computed by one part, in the same order of operations as without cutting. A loop
 * can be cut when what an iteration writes is read again only at the same rows.
 */
export function partition(
  kernel: Kernel,
  parts: number,
  unit = 1,
  least = leastWork,
): readonly Part[] | undefined {
  if (parts < 2 || workOf(kernel) < least) return undefined
  const first = kernel.kind === 'loop' ? kernel.body[0].kernel : kernel
  const rows = first.kind === 'loop' ? undefined : leadingAxis(first)
  if (rows === undefined) return undefined
  const count = Math.min(parts, Math.floor(rows / unit))
  if (count < 2) return undefined
  const cuts = cutEvenly(rows, count, unit)
  if (kernel.kind !== 'loop')
    return keepsOrder(kernel, cuts) ? cuts.map(cut => ofRows(kernel, cut)) : undefined
  const { body } = kernel
  return isSimple(body) && isRowLocal(body, writtenArguments(kernel), rows, cuts)
    ? cuts.map(cut => loopOfRows({ ...kernel, body }, rows, cut))
    : undefined
}

/** Whether parts of a reduction add in the order in which the whole does. All else computes each element by itself. */
const keepsOrder = (kernel: SimpleKernel, cuts: readonly Interval[]): boolean =>
  kernel.kind !== 'reduce' ||
  cuts.every(({ count }) => reducesAcross(withLeadingAxis(kernel, count)) === reducesAcross(kernel))

/** A kernel over some rows; its arguments begin at the first of them. */
function ofRows(kernel: SimpleKernel, { first, count }: Interval): Part<SimpleKernel> {
  const moved = operands(kernel).map(operand => fromRow(operand, first))
  const views = moved.map(({ view }) => view)
  return {
    kernel: withViews(withLeadingAxis(kernel, count), views),
    offsets: moved.map(({ offset }) => offset),
  }
}

/** An operand from row `first` on: its view, and the byte of it at which the argument begins. */
function fromRow(
  { dtype, view, followsLeadingAxis }: Operand,
  first: number,
): { view: View; offset: number } {
  const shift = followsLeadingAxis ? first * view.strides[0] : 0
  // Rows that are walked backwards lie before the first one: the argument begins where it did, and the view moves.
  return shift < 0
    ? { view: { ...view, offset: view.offset + shift }, offset: 0 }
    : { view, offset: bytesPerElement(dtype) * shift }
}

/** What a loop that has no other in it launches. */
type SimpleLaunch = { readonly kernel: SimpleKernel; readonly args: readonly LoopArg[] }
type SimpleLoop = Omit<LoopKernel, 'body'> & { readonly body: readonly SimpleLaunch[] }

const isSimple = (body: LoopKernel['body']): body is readonly SimpleLaunch[] =>
  body.every(({ kernel }) => kernel.kind !== 'loop')

/**
 * A loop over some rows, through all iterations. Where everything that touches a buffer moves by the same bytes from row
 * to row, the part gets a pointer to its rows, so that parts of as many rows are the same kernel.
 */
function loopOfRows(loop: SimpleLoop, rows: number, { first, count }: Interval): Part<LoopKernel> {
  const launches = loop.body.map(({ kernel, args }) => {
    const bytesPerRow = ofRows(kernel, { first: 1, count }).offsets
    return { ...ofRows(kernel, { first, count }), args, bytesPerRow }
  })
  /** By how many bytes the arguments in each buffer move from row to row. */
  const movements = loop.bytes.map(() => new Set<number>())
  for (const { args, bytesPerRow } of launches)
    for (const [i, { even, odd }] of args.entries())
      for (const buffer of [even, odd]) movements[buffer].add(bytesPerRow[i])
  const rowBytes = movements.map(sizes => (sizes.size === 1 ? [...sizes][0] : 0))
  const body = launches.map(({ kernel, args, offsets, bytesPerRow }) => ({
    kernel,
    args: args.map((arg, i): LoopArg => {
      const isMoved = [arg.even, arg.odd].every(buffer => rowBytes[buffer] === bytesPerRow[i])
      return isMoved ? arg : { ...arg, offset: arg.offset + offsets[i] }
    }),
  }))
  const bytes = loop.bytes.map((size, buffer) => size - rowBytes[buffer] * (rows - count))
  return { kernel: { ...loop, bytes, body }, offsets: rowBytes.map(size => first * size) }
}

/** Whether every buffer that a loop writes is touched only at the rows of the part that touches it. */
function isRowLocal(
  body: readonly SimpleLaunch[],
  written: ReadonlySet<number>,
  rows: number,
  cuts: readonly Interval[],
): boolean {
  /** Bytes of a row, by written buffer: to be the same for everything that touches it. */
  const rowBytes = new Map<number, number>()
  const isLocal = (operand: Operand, arg: LoopArg): boolean => {
    const buffers = [arg.even, arg.odd].filter(buffer => written.has(buffer))
    if (!buffers.length) return arg.even === arg.odd
    const bytes = bytesOfRow(operand)
    // In every iteration a row is at the same place in a table of all rows.
    if (bytes === undefined || arg.offset % (bytes * rows) !== 0 || arg.stride % (bytes * rows) !== 0)
      return false
    return buffers.every(buffer => {
      const known = rowBytes.get(buffer) ?? bytes
      rowBytes.set(buffer, known)
      return known === bytes
    })
  }
  return body.every(
    ({ kernel, args }) =>
      leadingAxis(kernel) === rows &&
      keepsOrder(kernel, cuts) &&
      operands(kernel).every((operand, i) => isLocal(operand, args[i])),
  )
}

/** Bytes from row to row of an operand whose rows follow each other and do not overlap; else undefined. */
function bytesOfRow({ dtype, shape, view, followsLeadingAxis }: Operand): number | undefined {
  if (!followsLeadingAxis) return undefined
  const [row, ...strides] = view.strides
  const last = strides.reduce((sum, stride, d) => sum + stride * (shape[d + 1] - 1), view.offset)
  const isWithinRow = row > 0 && view.offset >= 0 && last < row && strides.every(stride => stride >= 0)
  return isWithinRow ? row * bytesPerElement(dtype) : undefined
}
