import { bytesPerElement, type DType } from '../../../kernel/dtype.js'
import type { Input, Kernel, LoopArg, LoopKernel, MatmulKernel } from '../../../kernel/kernel.js'
import { contiguousView, sizeOf, type View } from '../../../kernel/shape.js'
import { reducesAcross } from '../kernels/reduce.js'

/** One part of a kernel: a kernel of the same kind, whose arguments begin `offsets` bytes further on. */
export type Part<K extends Kernel = Kernel> = { readonly kernel: K; readonly offsets: readonly number[] }

/** Some columns of a product: rows of its output are `outLeading` elements apart. */
export type MatmulColumns = MatmulKernel & { readonly outLeading: number }

/** Elements from row to row of a product's output, of which this may be some columns. */
export const leadingOut = (kernel: MatmulKernel | MatmulColumns): number =>
  'outLeading' in kernel ? kernel.outLeading : kernel.n

/** `first` … `first + count` of an axis: rows, where it is the leading one. */
type Range = { readonly first: number; readonly count: number }

/** Below so much work (some ten microseconds) handing it over costs more than it saves. */
const leastWork = 1 << 14

/** Whether a kernel is done about as soon as another thread could begin with it. */
export const isSmall = (kernel: Kernel): boolean => workOf(kernel) < leastWork

/** About as many of `size` rows (or columns) for each part; all but the last have a multiple of `unit`. */
export function cutEvenly(size: number, parts: number, unit: number): Range[] {
  const start = (i: number) => (i === parts ? size : unit * Math.round((i * size) / (parts * unit)))
  return Array.from({ length: parts }, (_, i) => ({ first: start(i), count: start(i + 1) - start(i) }))
}

/** The size of the axis along which a kernel can be cut; undefined if there is none. */
function leadingAxis(kernel: Kernel): number | undefined {
  switch (kernel.kind) {
    case 'map':
    case 'copy':
      return kernel.shape[0]
    case 'reduce':
      return kernel.shape.length > kernel.axes ? kernel.shape[0] : undefined
    case 'matmul':
      return kernel.batch.length ? kernel.batch[0] : kernel.m
    case 'gather':
      return kernel.count
    case 'randomBits':
      return kernel.streams
    default:
      return undefined
  }
}

/** A view from row `first` on, and where its argument begins: memory that is walked backwards begins where it did. */
function fromRow(view: View, size: number, first: number): { view: View; offset: number } {
  const shift = first * view.strides[0]
  return shift < 0
    ? { view: { ...view, offset: view.offset + shift }, offset: 0 }
    : { view, offset: size * shift }
}

/** A kernel over some rows of its leading axis. Arguments begin where those rows do. */
function ofRows(kernel: Kernel, { first, count }: Range): Part {
  const cut = (shape: readonly number[]) => [count, ...shape.slice(1)]
  const offsets: number[] = []
  const at = (dtype: DType, view: View): View => {
    const from = fromRow(view, bytesPerElement(dtype), first)
    offsets.push(from.offset)
    return from.view
  }
  const move = <T extends Input>(operand: T): T => ({ ...operand, view: at(operand.dtype, operand.view) })
  switch (kernel.kind) {
    case 'map': {
      const [inputs, outputs] = [kernel.inputs.map(move), kernel.outputs.map(move)]
      return { kernel: { ...kernel, shape: cut(kernel.shape), inputs, outputs }, offsets }
    }
    case 'reduce': {
      const inputs = kernel.inputs.map(move)
      const kept = sizeOf(kernel.shape.slice(1, kernel.shape.length - kernel.axes))
      offsets.push(first * kept * bytesPerElement(kernel.dtype))
      return { kernel: { ...kernel, shape: cut(kernel.shape), inputs }, offsets }
    }
    case 'matmul': {
      const { dtype, batch, m, n } = kernel
      const a = at(dtype, kernel.a)
      const batched = batch.length > 0
      const b = batched ? at(dtype, kernel.b) : kernel.b
      if (!batched) offsets.push(0)
      offsets.push(first * n * bytesPerElement(dtype) * (batched ? sizeOf(batch.slice(1)) * m : 1))
      const part = batched ? { batch: cut(batch) } : { m: count }
      return { kernel: { ...kernel, a, b, ...part }, offsets }
    }
    case 'copy': {
      const { dtype } = kernel
      const source = typeof kernel.source === 'number' ? kernel.source : at(dtype, kernel.source)
      return { kernel: { ...kernel, shape: cut(kernel.shape), source, to: at(dtype, kernel.to) }, offsets }
    }
    case 'gather': {
      const row = kernel.width * bytesPerElement(kernel.dtype)
      return { kernel: { ...kernel, count }, offsets: [0, 4 * first, row * first] }
    }
    case 'randomBits':
      return { kernel: { ...kernel, streams: count }, offsets: [0, 4 * first, 4 * first * kernel.count] }
    default:
      throw new Error(`partition: a ${kernel.kind} has no rows`)
  }
}

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
 * Cut a kernel into parts for several threads, along the leading axis; undefined when that is not possible, or not
 * worth it (`least`: the work below which it is not). There are fewer than `parts` where there are too few rows. Parts
 * have multiples of `unit` rows, and what is left goes to the last. Every element of the outputs is computed by one part,
 * in the same order of operations as without cutting.
 *
 * A loop is cut along the rows of the batch, through all of its steps, so that its threads never wait for each other:
 * possible when what a step writes is read again only at the same rows.
 */
export function partition(
  kernel: Kernel,
  parts: number,
  least = leastWork,
  unit = 1,
): readonly Part[] | undefined {
  if (parts < 2 || workOf(kernel) < least) return undefined
  const rows = leadingAxis(kernel.kind === 'loop' ? kernel.body[0].kernel : kernel)
  if (rows === undefined) return undefined
  const count = Math.min(parts, Math.floor(rows / unit))
  if (count < 2) return undefined
  const cuts = cutEvenly(rows, count, unit)
  if (kernel.kind === 'loop')
    return isRowLocal(kernel, rows, cuts) ? cuts.map(part => ofTurns(kernel, rows, part)) : undefined
  return keepsOrder(kernel, cuts) ? cuts.map(part => ofRows(kernel, part)) : undefined
}

/** Whether parts of a reduction add in the order in which the whole does. All else computes each element by itself. */
const keepsOrder = (kernel: Kernel, cuts: readonly Range[]): boolean =>
  kernel.kind !== 'reduce' ||
  cuts.every(
    ({ count }) =>
      reducesAcross({ ...kernel, shape: [count, ...kernel.shape.slice(1)] }) === reducesAcross(kernel),
  )

/**
 * A loop over some rows, through all turns. Where everything that touches a buffer moves by the same bytes from row to
 * row, the part gets a pointer to its rows, so that parts of as many rows are the same kernel.
 */
function ofTurns(kernel: LoopKernel, rows: number, { first, count }: Range): Part {
  const parts = kernel.body.map(launch => ofRows(launch.kernel, { first, count }))
  const perRow = kernel.body.map(launch => ofRows(launch.kernel, { first: 1, count }).offsets)
  const found = kernel.bytes.map(() => new Set<number>())
  kernel.body.forEach(({ args }, l) => {
    args.forEach(({ even, odd }, i) => {
      for (const buffer of [even, odd]) found[buffer].add(perRow[l][i])
    })
  })
  const rowBytes = found.map(sizes => (sizes.size === 1 ? [...sizes][0] : 0))
  const body = kernel.body.map(({ args }, l) => ({
    kernel: parts[l].kernel,
    args: args.map((arg, i): LoopArg => {
      const moved = [arg.even, arg.odd].every(buffer => rowBytes[buffer] === perRow[l][i])
      return moved ? arg : { ...arg, offset: arg.offset + parts[l].offsets[i] }
    }),
  }))
  const bytes = kernel.bytes.map((all, buffer) => all - rowBytes[buffer] * (rows - count))
  return { kernel: { ...kernel, bytes, body }, offsets: rowBytes.map(size => first * size) }
}

/** How a launch of a loop touches an argument: through which view, over which shape; undefined: all of it. */
type Access = {
  readonly arg: LoopArg
  readonly size: number
  readonly shape: readonly number[]
  readonly view: View | undefined
}

function accesses({ kernel, args }: LoopKernel['body'][number]): { reads: Access[]; writes: Access[] } {
  const access = (
    i: number,
    dtype: Input['dtype'],
    shape: readonly number[],
    view: View | undefined,
  ): Access => ({
    arg: args[i],
    size: bytesPerElement(dtype),
    shape,
    view,
  })
  switch (kernel.kind) {
    case 'map':
      return {
        reads: kernel.inputs.map(({ dtype, view }, i) => access(i, dtype, kernel.shape, view)),
        writes: kernel.outputs.map(({ dtype, view }, i) =>
          access(kernel.inputs.length + i, dtype, kernel.shape, view),
        ),
      }
    case 'reduce': {
      const kept = kernel.shape.slice(0, kernel.shape.length - kernel.axes)
      return {
        reads: kernel.inputs.map(({ dtype, view }, i) => access(i, dtype, kernel.shape, view)),
        writes: [access(kernel.inputs.length, kernel.dtype, kept, contiguousView(kept))],
      }
    }
    case 'matmul': {
      const { dtype, m, n, k, a } = kernel
      return {
        reads: [access(0, dtype, [m, k], a), access(1, dtype, [], undefined)],
        writes: [access(2, dtype, [m, n], contiguousView([m, n]))],
      }
    }
    case 'copy': {
      const filled = typeof kernel.source === 'number'
      return {
        reads:
          typeof kernel.source === 'number' ? [] : [access(0, kernel.dtype, kernel.shape, kernel.source)],
        writes: [access(filled ? 0 : 1, kernel.dtype, kernel.shape, kernel.to)],
      }
    }
    default:
      return { reads: [], writes: [] }
  }
}

const cuttable = new Set<Kernel['kind']>(['map', 'reduce', 'matmul', 'copy'])

/** Whether every buffer that a loop writes is touched only at the rows of the part that touches it. */
function isRowLocal({ body }: LoopKernel, rows: number, cuts: readonly Range[]): boolean {
  const touched: Access[] = []
  const written = new Set<number>()
  for (const launch of body) {
    const { kernel } = launch
    if (!cuttable.has(kernel.kind) || leadingAxis(kernel) !== rows || !keepsOrder(kernel, cuts)) return false
    if (kernel.kind === 'matmul' && kernel.batch.length) return false
    const { reads, writes } = accesses(launch)
    touched.push(...reads, ...writes)
    for (const { arg } of writes) written.add(arg.even).add(arg.odd)
  }
  /** Bytes of a row, by buffer: the same for everything that touches it. */
  const rowBytes = new Map<number, number>()
  return touched.every(({ arg, size, shape, view }) => {
    const buffers = [arg.even, arg.odd].filter(b => written.has(b))
    if (!buffers.length) return arg.even === arg.odd
    if (!view) return false
    const [row, ...strides] = view.strides
    const last = strides.reduce((sum, s, d) => sum + s * (shape[d + 1] - 1), view.offset)
    const inRow = row > 0 && view.offset >= 0 && last < row && strides.every(s => s >= 0)
    // Steps begin at whole tables of rows.
    const table = row * rows * size
    if (!inRow || arg.offset % table !== 0 || arg.stride % table !== 0) return false
    return buffers.every(b => {
      const known = rowBytes.get(b) ?? row * size
      rowBytes.set(b, known)
      return known === row * size
    })
  })
}
