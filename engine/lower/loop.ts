import { bytesPerElement } from '../dtype.js'
import type { Kernel, LoopArg } from '../kernel.js'
import { type Body, scanAttrs, scanInputs, scanOf } from '../scan.js'
import { contiguousView, isContiguous } from '../shape.js'
import type { Tensor } from '../tensor.js'
import type { LiveScan } from './live.js'
import { BufferTable, bytesOf, fixedArg, type Layout, Lowering } from './lower.js'
import { shareBuffers } from './memory.js'

/** The buffers of one loop: those of the level around it that it uses, and its own temporaries. */
class LoopBuffers {
  readonly table = new BufferTable()
  /** By number in the table: the buffer of the level around. */
  readonly outer: LoopArg[] = []
  readonly #known = new Map<string, number>()

  /** The number of a buffer of the level around. */
  argument(arg: LoopArg, bytes: number): number {
    const key = JSON.stringify(arg)
    let index = this.#known.get(key)
    if (index === undefined) {
      index = this.table.outside(bytes)
      this.#known.set(key, index)
      this.outer[index] = arg
    }
    return index
  }
}

/** Which stacked outputs are just a carry's values: before each step, or after. They share the carry's memory. */
function historyOf(body: Body, carry: number, outs: readonly number[]): Map<number, 'before' | 'after'> {
  const found = new Map<number, 'before' | 'after'>()
  for (const i of outs) {
    if (body.outs[i] === body.carryOut[carry]) found.set(i, 'after')
    else if (body.outs[i] === body.carryIn[carry]) found.set(i, 'before')
  }
  return found
}

/**
 * Lower a scan to a loop kernel and say where its values (`picks`) are.
 *
 * A carry whose values at all steps are wanted lives in a buffer of steps+1 rows: a step reads one row and writes the
 * next, so that its history costs no copies, and before and after a step are the same memory one row apart. Any other
 * carry alternates between two buffers.
 */
export function lowerLoop(scan: Tensor, live: LiveScan, picks: readonly Tensor[], level: Lowering): void {
  const { steps, reverse, body } = scanAttrs(scan)
  const { init, xs } = scanInputs(scan)
  const buffers = new LoopBuffers()
  const sources = new Map<Tensor, Layout>()
  const wanted: { value: Tensor; to: LoopArg }[] = []
  const carries = body.carryOut.length
  const picksOf = (index: number) => picks.filter(p => scanOf(p).index === index)

  for (const t of live.captured) {
    const { arg, view } = level.layout(t)
    sources.set(t, { arg: fixedArg(buffers.argument(arg, visibleBytes(arg, level))), view })
  }
  for (const i of live.xs) {
    const x = body.xIn[i]
    const { arg, offset } = rowsOf(xs[i], level)
    const buffer = buffers.argument(arg, visibleBytes(arg, level))
    const row = { even: buffer, odd: buffer, offset, stride: bytesOf(x) }
    sources.set(x, { arg: row, view: contiguousView(x.shape) })
  }
  const outs = new Set(live.outs)
  for (const c of live.carries) {
    const t = body.carryIn[c]
    const view = contiguousView(t.shape)
    const history = historyOf(body, c, [...outs])
    if (!history.size) {
      const pair = [0, 1].map(() => fixedArg(level.table.temporary(bytesOf(t))))
      level.copyTo(init[c], pair[0])
      const [even, odd] = pair.map(arg => buffers.argument(arg, bytesOf(t)))
      sources.set(t, { arg: { even, odd, offset: 0, stride: 0 }, view })
      wanted.push({ value: body.carryOut[c], to: { even: odd, odd: even, offset: 0, stride: 0 } })
      for (const p of picksOf(c)) level.place(p, { arg: pair[steps % 2], view })
      continue
    }
    // Row t is the carry before step t, row t+1 the one after it; the other way round in reverse.
    const stride = bytesOf(t)
    const memory = fixedArg(level.table.temporary(stride * (steps + 1)))
    const at = (row: number) => ({ offset: row * t.size, strides: view.strides })
    const before = reverse ? 1 : 0
    level.copyTo(init[c], memory, at(reverse ? steps : 0))
    const buffer = buffers.argument(memory, stride * (steps + 1))
    sources.set(t, { arg: { even: buffer, odd: buffer, offset: before * stride, stride }, view })
    wanted.push({
      value: body.carryOut[c],
      to: { even: buffer, odd: buffer, offset: (1 - before) * stride, stride },
    })
    for (const p of picksOf(c)) level.place(p, { arg: memory, view: at(reverse ? 0 : steps) })
    for (const [i, when] of history) {
      outs.delete(i)
      const first = when === 'before' ? before : 1 - before
      for (const p of picksOf(carries + i))
        level.place(p, {
          arg: memory,
          view: { offset: first * t.size, strides: contiguousView(p.shape).strides },
        })
    }
  }
  for (const i of outs) {
    const [first, ...same] = picksOf(carries + i)
    const home = level.home(first)
    for (const p of same) level.place(p, { arg: home, view: contiguousView(p.shape) })
    const value = body.outs[i]
    const buffer = buffers.argument(home, bytesOf(first))
    wanted.push({ value, to: { ...fixedArg(buffer), stride: bytesOf(value) } })
  }
  emitLoop({ steps, reverse }, buffers, sources, wanted, level)
}

/** Bytes that an argument reaches: in a loop around this one it may be a row of a buffer. */
const visibleBytes = (arg: LoopArg, { table }: Lowering): number =>
  arg.stride || table.bytes[arg.even] - arg.offset

/** The buffer in which the steps of a stacked input lie row after row, and where the first row begins, in bytes. */
function rowsOf(xs: Tensor, level: Lowering): { arg: LoopArg; offset: number } {
  const { arg, view } = level.layout(xs)
  if (isContiguous(xs.shape, { ...view, offset: 0 }))
    return { arg, offset: view.offset * bytesPerElement(xs.dtype) }
  return { arg: level.contiguous(xs), offset: 0 }
}

function emitLoop(
  { steps, reverse }: { steps: number; reverse: boolean },
  buffers: LoopBuffers,
  sources: ReadonlyMap<Tensor, Layout>,
  wanted: readonly { value: Tensor; to: LoopArg }[],
  level: Lowering,
): void {
  const { table, outer } = buffers
  const { launches } = new Lowering(table, sources, wanted)
  const { sizes, bufferOf } = shareBuffers(
    table.temporaries,
    launches.map(l => l.args.flatMap(a => [a.even, a.odd])),
  )
  const scratch = sizes.map(bytes => buffers.argument(fixedArg(level.table.temporary(bytes)), bytes))
  const resolve = (id: number): number => (bufferOf.has(id) ? scratch[bufferOf.get(id)!] : id)
  // Arguments of the kernel are numbered without the body's own temporaries.
  const used = [...outer.keys()].filter(i => outer[i] !== undefined)
  const position = new Map(used.map((id, i) => [id, i]))
  const at = (id: number): number => position.get(resolve(id))!
  const kernel: Kernel = {
    kind: 'loop',
    steps,
    reverse,
    bytes: used.map(id => table.bytes[id]),
    body: launches.map(({ kernel, args }) => ({
      kernel,
      args: args.map(a => ({ ...a, even: at(a.even), odd: at(a.odd) })),
    })),
  }
  level.emit(kernel, ...used.map(id => outer[id]))
}
