import { remark } from '../graph/remarks.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg, LoopKernel } from '../kernel/kernel.js'
import { fixedArg } from '../kernel/loop.js'
import { type Operand, operands, withViews, writtenArguments } from '../kernel/operands.js'
import { isContiguous, type Shape, sameShape, sizeOf, type View } from '../kernel/shape.js'
import type { Temporary } from '../kernel/shareBuffers.js'
import { type PlannedLaunch, touches } from './buffers.js'

/**
 * Lay values that a loop has stacked into the memory of what is made of them.
 *
 * The map of a backward step reads what the forward loop has kept of that step, for the last time, and writes the
 * cotangents that weight gradients are made of, as much memory again. Where a step's row of kept values can be read and
 * written at the same places, both are one buffer: the forward loop then writes its rows where the backward loop will
 * overwrite them. Returns the launches with the kept buffers replaced.
 */
export function overlay(
  launches: readonly PlannedLaunch[],
  temporaries: ReadonlyMap<number, Temporary>,
): PlannedLaunch[] {
  const result = [...launches]
  for (let n = 0; n < result.length; n++) {
    for (const { id: target, parts } of rowWriters(result, n, temporaries)) {
      for (const part of parts) {
        const kept = keptFor(part, target, result, n, temporaries)
        if (kept === undefined) break
        remark(
          'overlay',
          () => `buffer #${kept} lies in the rows of #${target}, which a later loop writes over it`,
        )
        for (let i = 0; i <= n; i++) result[i] = relocate(result[i], kept, target, part, temporaries)
      }
    }
  }
  return result
}

/**
 * What one output of a map in a loop's body writes of each row: the map is launch `index` of the body and runs over
 * `shape`; rows are `stride` bytes apart, from byte `offset` of the buffer on.
 */
type RowPart = {
  readonly index: number
  readonly shape: Shape
  readonly output: Operand
  readonly offset: number
  readonly stride: number
}

type LoopLaunch = PlannedLaunch & { readonly kernel: LoopKernel }

const isLoop = (launch: PlannedLaunch): launch is LoopLaunch => launch.kernel.kind === 'loop'

/** A use of one of a loop's buffers in its body: as argument `position` of the kernel of launch `index`. */
type Use = {
  readonly kernel: Kernel
  readonly index: number
  readonly arg: LoopArg
  readonly position: number
}

/** The uses of buffer `id` of the plan in the body of a loop. */
function usesOf({ kernel: loop, args }: LoopLaunch, id: number): Use[] {
  const buffer = args.findIndex(arg => arg.even === id)
  return loop.body.flatMap(({ kernel, args: inner }, index) =>
    inner.flatMap((arg, position) =>
      arg.even === buffer || arg.odd === buffer ? [{ kernel, index, arg, position }] : [],
    ),
  )
}

const isWritten = ({ kernel, position }: Use): boolean => writtenArguments(kernel).has(position)

/** Whether an argument is a row of one buffer, by the step, and rows begin at multiples of their size. */
const isRow = (arg: LoopArg): boolean =>
  arg.even === arg.odd && arg.stride > 0 && arg.offset % arg.stride === 0

/**
 * The buffers that launch `n` is the first to touch, and whose rows one map of its body writes without reading them,
 * with the parts of a row that the map's outputs write.
 */
function rowWriters(
  launches: readonly PlannedLaunch[],
  n: number,
  temporaries: ReadonlyMap<number, Temporary>,
): { id: number; parts: RowPart[] }[] {
  const launch = launches[n]
  if (!isLoop(launch)) return []
  return launch.args.flatMap(({ even: id }) => {
    if (!temporaries.has(id) || launches.slice(0, n).some(l => touches(l, id))) return []
    const uses = usesOf(launch, id)
    const [first] = uses
    if (first?.kernel.kind !== 'map') return []
    const map = first.kernel
    const { offset, stride } = first.arg
    const ofMap = uses.filter(use => use.index === first.index)
    const isWholeRow = ({ arg }: Use) => isRow(arg) && arg.stride === stride && arg.offset === offset
    if (!ofMap.every(use => isWritten(use) && isWholeRow(use))) return []
    // Whoever else touches a row reads it, after it was written.
    if (uses.some(use => use.index !== first.index && isWritten(use))) return []
    const parts = ofMap.map(({ index, position }) => ({
      index,
      shape: map.shape,
      output: operands(map)[position],
      offset,
      stride,
    }))
    return [{ id, parts }]
  })
}

/**
 * A buffer of values kept by step that can lie in `part` of the rows of `target`: only loops before launch `n` write it,
 * and the last to read it is the map that writes the part, row by row. Undefined if there is none.
 */
function keptFor(
  part: RowPart,
  target: number,
  launches: readonly PlannedLaunch[],
  n: number,
  temporaries: ReadonlyMap<number, Temporary>,
): number | undefined {
  const { shape, output, offset, stride } = part
  const bytes = sizeOf(shape) * bytesPerElement(output.dtype)
  const rows = (temporaries.get(target)?.bytes ?? 0) / stride
  const row = offset / stride
  /** Whether a use is by a map over the part's shape, of a contiguous row of its own, in elements of the same size. */
  const isLikePart = ({ kernel, arg, position }: Use): boolean => {
    if (kernel.kind !== 'map' || !isRow(arg) || arg.stride !== bytes) return false
    const { dtype, view } = operands(kernel)[position]
    return (
      sameShape(kernel.shape, shape) &&
      isContiguous(shape, view) &&
      bytesPerElement(dtype) === bytesPerElement(output.dtype)
    )
  }
  /** Whether the map that writes the part reads the same row. */
  const isReadInPlace = (use: Use): boolean =>
    use.index === part.index && !isWritten(use) && use.arg.offset / use.arg.stride === row
  const last = launches[n]
  return last.args
    .map(arg => arg.even)
    .find(id => {
      const size = temporaries.get(id)?.bytes
      if (id === target || size === undefined || size % bytes !== 0 || size / bytes > rows) return false
      if (launches.slice(n + 1).some(l => touches(l, id))) return false
      const makers = launches.slice(0, n).filter(l => touches(l, id))
      return (
        makers.length > 0 &&
        isLoop(last) &&
        usesOf(last, id).every(use => isLikePart(use) && isReadInPlace(use)) &&
        makers.every(maker => isLoop(maker) && usesOf(maker, id).every(isLikePart))
      )
    })
}

/** The launch (if it is a loop that uses buffer `from`) with `from` replaced by a part of the rows of buffer `to`. */
function relocate(
  launch: PlannedLaunch,
  from: number,
  to: number,
  { stride, output }: RowPart,
  temporaries: ReadonlyMap<number, Temporary>,
): PlannedLaunch {
  if (!touches(launch, from) || !isLoop(launch)) return launch
  const ids = launch.args.map(arg => arg.even)
  const newIds = [...new Set([...ids.filter(id => id !== from), to])]
  const bytesOf = (id: number) =>
    id === to ? temporaries.get(to)!.bytes : launch.kernel.bytes[ids.indexOf(id)]
  const argumentOf = (position: number): number => newIds.indexOf(ids[position] === from ? to : ids[position])
  const isMoved = (arg: LoopArg): boolean => ids[arg.even] === from
  const moved = (arg: LoopArg): LoopArg => ({
    even: argumentOf(arg.even),
    odd: argumentOf(arg.odd),
    offset: isMoved(arg) ? (arg.offset / arg.stride) * stride : arg.offset,
    stride: isMoved(arg) ? stride : arg.stride,
  })
  const throughPart = (kernel: Kernel, args: readonly LoopArg[]): Kernel => {
    if (kernel.kind === 'loop' || !args.some(isMoved)) return kernel
    const views = operands(kernel).map(({ view }, i): View => (isMoved(args[i]) ? output.view : view))
    return withViews(kernel, views)
  }
  const body = launch.kernel.body.map(({ kernel, args }) => ({
    kernel: throughPart(kernel, args),
    args: args.map(moved),
  }))
  return { kernel: { ...launch.kernel, bytes: newIds.map(bytesOf), body }, args: newIds.map(fixedArg) }
}
