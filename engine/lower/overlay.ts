import { remark } from '../graph/remarks.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg, LoopKernel, Output } from '../kernel/kernel.js'
import { isContiguous, type Shape, sameShape, sizeOf, type View } from '../kernel/shape.js'
import type { Temporary } from '../kernel/shareBuffers.js'
import type { PlannedLaunch } from './lower.js'

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
    for (const { id: target, places } of rowWriters(result, n, temporaries)) {
      for (const place of places) {
        const kept = keptFor(place, target, result, n, temporaries)
        if (kept === undefined) break
        remark(
          'overlay',
          () => `buffer #${kept} lies in the rows of #${target}, which a later loop writes over it`,
        )
        for (let i = 0; i <= n; i++) result[i] = relocate(result[i], kept, target, place, temporaries)
      }
    }
  }
  return result
}

/** A part of a row that map `index` of a loop's body writes, into rows `stride` bytes apart from `offset` on. */
type Place = {
  readonly index: number
  readonly shape: Shape
  readonly output: Output
  readonly offset: number
  readonly stride: number
}

type LoopLaunch = PlannedLaunch & { readonly kernel: LoopKernel }

const isLoop = (launch: PlannedLaunch): launch is LoopLaunch => launch.kernel.kind === 'loop'

const touches = ({ args }: PlannedLaunch, id: number): boolean => args.some(a => a.even === id)

/** Where a loop's body uses one of its arguments. */
function usesOf({ kernel, args }: LoopLaunch, id: number) {
  const position = args.findIndex(a => a.even === id)
  return kernel.body.flatMap(({ kernel: inner, args: own }, index) =>
    own.flatMap((arg, at) =>
      arg.even === position || arg.odd === position ? [{ inner, index, arg, at }] : [],
    ),
  )
}

/** A row of a buffer for every step, the same one in even and odd turns. */
const isRow = (arg: LoopArg): boolean =>
  arg.even === arg.odd && arg.stride > 0 && arg.offset % arg.stride === 0

const isWritten = (kernel: Kernel, at: number): boolean => kernel.kind === 'map' && at >= kernel.inputs.length

/** Buffers that launch `n` is the first to touch, whose rows a single map of its body writes, never reading them. */
function rowWriters(
  launches: readonly PlannedLaunch[],
  n: number,
  temporaries: ReadonlyMap<number, Temporary>,
): { id: number; places: Place[] }[] {
  const launch = launches[n]
  if (!isLoop(launch)) return []
  return launch.args.flatMap(({ even: id }) => {
    if (!temporaries.has(id) || launches.slice(0, n).some(l => touches(l, id))) return []
    const [first, ...rest] = usesOf(launch, id)
    const map = first?.inner
    if (map?.kind !== 'map' || !isWritten(map, first.at) || !isRow(first.arg)) return []
    const same = rest.filter(use => use.index === first.index)
    const fits = same.every(
      ({ arg, at }) =>
        isWritten(map, at) &&
        arg.stride === first.arg.stride &&
        arg.offset === first.arg.offset &&
        isRow(arg),
    )
    // Whoever else touches a row reads it, after it was written.
    if (!fits || rest.some(use => use.index !== first.index && mayWrite(use.inner, use.at))) return []
    const { offset, stride } = first.arg
    const places = [first, ...same].map(({ at, index }) => ({
      index,
      shape: map.shape,
      output: map.outputs[at - map.inputs.length],
      offset,
      stride,
    }))
    return [{ id, places }]
  })
}

const mayWrite = (kernel: Kernel, at: number): boolean =>
  !(kernel.kind === 'matmul' && at < 2) && !(kernel.kind === 'map' && at < kernel.inputs.length)

/** A buffer of kept values that can lie in `place`: launch `n`'s map is the last to read it, and only loops made it. */
function keptFor(
  place: Place,
  target: number,
  launches: readonly PlannedLaunch[],
  n: number,
  temporaries: ReadonlyMap<number, Temporary>,
): number | undefined {
  const { shape, output, offset, stride } = place
  const bytes = sizeOf(shape) * bytesPerElement(output.dtype)
  const rows = (temporaries.get(target)?.bytes ?? 0) / stride
  const row = offset / stride
  const fits = (launch: PlannedLaunch, id: number, last: boolean): boolean =>
    isLoop(launch) &&
    usesOf(launch, id).every(({ inner, index, arg, at }) => {
      if (inner.kind !== 'map' || !isRow(arg) || arg.stride !== bytes) return false
      const access = at < inner.inputs.length ? inner.inputs[at] : inner.outputs[at - inner.inputs.length]
      return (
        sameShape(inner.shape, shape) &&
        isContiguous(inner.shape, access.view) &&
        bytesPerElement(access.dtype) === bytesPerElement(output.dtype) &&
        (!last || (index === place.index && at < inner.inputs.length && arg.offset / arg.stride === row))
      )
    })
  const candidates = launches[n].args.map(a => a.even)
  return candidates.find(id => {
    const size = temporaries.get(id)?.bytes
    if (id === target || size === undefined || size % bytes !== 0 || size / bytes > rows) return false
    if (launches.slice(n + 1).some(l => touches(l, id))) return false
    const users = launches.slice(0, n).filter(l => touches(l, id))
    return users.length > 0 && fits(launches[n], id, true) && users.every(l => fits(l, id, false))
  })
}

/** The launch with buffer `from` replaced by a part of the rows of `to`. */
function relocate(
  launch: PlannedLaunch,
  from: number,
  to: number,
  { stride, output }: Place,
  temporaries: ReadonlyMap<number, Temporary>,
): PlannedLaunch {
  if (!touches(launch, from) || !isLoop(launch)) return launch
  const ids = launch.args.map(a => a.even)
  const kept = [...new Set([...ids.filter(id => id !== from), to])]
  const bytesOf = (id: number) =>
    id === to ? temporaries.get(to)!.bytes : launch.kernel.bytes[ids.indexOf(id)]
  const at = (position: number): number => kept.indexOf(ids[position] === from ? to : ids[position])
  const moved = (arg: LoopArg): LoopArg =>
    ids[arg.even] === from
      ? { even: at(arg.even), odd: at(arg.odd), offset: (arg.offset / arg.stride) * stride, stride }
      : { ...arg, even: at(arg.even), odd: at(arg.odd) }
  const body = launch.kernel.body.map(({ kernel, args }) => {
    const through = <A extends { readonly view: View }>(access: A, i: number): A =>
      ids[args[i].even] === from ? { ...access, view: output.view } : access
    const inner: Kernel =
      kernel.kind === 'map'
        ? {
            ...kernel,
            inputs: kernel.inputs.map((input, i) => through(input, i)),
            outputs: kernel.outputs.map((out, i) => through(out, kernel.inputs.length + i)),
          }
        : kernel
    return { kernel: inner, args: args.map(moved) }
  })
  return {
    kernel: { ...launch.kernel, bytes: kept.map(bytesOf), body },
    args: kept.map(id => ({ even: id, odd: id, offset: 0, stride: 0 })),
  }
}
