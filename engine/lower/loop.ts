import { remark, within } from '../graph/remarks.js'
import type { KernelOp, Node, Tensor } from '../graph/tensor.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg } from '../kernel/kernel.js'
import { contiguousView, printShape, sizeOf, type View } from '../kernel/shape.js'
import { shareBuffers } from '../kernel/shareBuffers.js'
import { type Body, bodyNodes, scanAttrs, scanInputs, scanOf } from '../scan/node.js'
import type { LiveScan } from './live.js'
import { BufferTable, bytesOf, fixedArg, type Layout, Lowering, type Wanted } from './lower.js'

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
 * A concatenation of a carry with inputs of the step, such as the `[x, h]` of an LSTM, can be the carry's memory: the
 * inputs of all steps are put there before the loop, and a step writes its carry into the next step's row.
 */
type Whole = {
  readonly node: Tensor
  /** Where the carry and the inputs (by number) lie in a row. */
  readonly carry: View
  readonly inputs: readonly { readonly x: number; readonly view: View }[]
}

function wholeOf(carryIn: Tensor, body: Body, inside: ReadonlySet<Tensor>): Whole | undefined {
  for (const node of inside) {
    if (node.op.kind !== 'kernel' || !node.inputs.includes(carryIn)) continue
    const views = (node.op as KernelOp<unknown>).places?.(node as Node<unknown>)
    const others = node.inputs.flatMap((t, i) => (t === carryIn ? [] : [{ x: body.xIn.indexOf(t), i }]))
    if (!views || others.length !== node.inputs.length - 1 || others.some(({ x }) => x < 0)) continue
    return {
      node,
      carry: views[node.inputs.indexOf(carryIn)],
      inputs: others.map(({ x, i }) => ({ x, view: views[i] })),
    }
  }
  return undefined
}

/** Whether nothing but the next value is made of a carry, element by element: then one takes the place of the other. */
function isAccumulator(body: Body, c: number, inside: ReadonlySet<Tensor>): boolean {
  const [before, after] = [body.carryIn[c], body.carryOut[c]]
  if (after.op.kind !== 'elementwise' || [...body.carryOut, ...body.outs].includes(before)) return false
  return [...inside].every(t => !t.inputs.includes(after) && (t === after || !t.inputs.includes(before)))
}

/**
 * Lower a scan to a loop kernel and say where its values (`picks`) are.
 *
 * A carry whose values at all steps are wanted lives in a buffer of steps+1 rows: a step reads one row and writes the
 * next, so that its history costs no copies, and before and after a step are the same memory one row apart. A sum over
 * steps is added to in place. Any other carry alternates between two buffers.
 */
export function lowerLoop(scan: Tensor, live: LiveScan, picks: readonly Tensor[], level: Lowering): void {
  const { steps, reverse, body } = scanAttrs(scan)
  const { init, xs } = scanInputs(scan)
  const buffers = new LoopBuffers()
  const sources = new Map<Tensor, Layout>()
  const wanted: Wanted[] = []
  const carries = body.carryOut.length
  const picksOf = (index: number) => picks.filter(p => scanOf(p).index === index)

  for (const t of live.captured) {
    const { arg, view } = level.layout(t)
    sources.set(t, { arg: fixedArg(buffers.argument(arg, visibleBytes(arg, level))), view })
  }
  for (const i of live.xs) {
    const { arg, offset, stride, view } = rowsOf(xs[i], level)
    const buffer = buffers.argument(arg, visibleBytes(arg, level))
    sources.set(body.xIn[i], { arg: { even: buffer, odd: buffer, offset, stride }, view })
  }
  const outs = new Set(live.outs)
  const values = [...live.carries.map(c => body.carryOut[c]), ...live.outs.map(i => body.outs[i])]
  const { inside } = bodyNodes(values, new Set([...body.carryIn, ...body.xIn]))
  for (const c of live.carries) {
    const t = body.carryIn[c]
    const history = historyOf(body, c, [...outs])
    const whole = wholeOf(t, body, inside)
    const wholeOuts = [...outs].filter(i => body.outs[i] === whole?.node)
    if (!history.size && !wholeOuts.length) {
      const view = contiguousView(t.shape)
      const first = fixedArg(level.table.temporary(bytesOf(t)))
      const pair = [
        first,
        isAccumulator(body, c, inside) ? first : fixedArg(level.table.temporary(bytesOf(t))),
      ]
      level.copyTo(init[c], pair[0], view)
      const [even, odd] = pair.map(arg => buffers.argument(arg, bytesOf(t)))
      sources.set(t, { arg: { even, odd, offset: 0, stride: 0 }, view })
      wanted.push({ value: body.carryOut[c], to: { even: odd, odd: even, offset: 0, stride: 0 } })
      for (const p of picksOf(c)) level.place(p, { arg: pair[steps % 2], view })
      continue
    }
    // Row t is the carry before step t, row t+1 the one after it; the other way round in reverse.
    const row = whole?.node ?? t
    const part = whole?.carry ?? contiguousView(t.shape)
    const stride = bytesOf(row)
    const inWhole = whole ? `, as a part of ${whole.node}, which needs no copy` : ''
    remark(
      'place',
      () => `the carry ${t.dtype} ${printShape(t.shape)} lies in memory for all its values${inWhole}`,
    )
    const memory = fixedArg(level.table.temporary(stride * (steps + 1)))
    const before = reverse ? 1 : 0
    /** One row's part of the memory, or (with `all`) that of all rows from `first` on. */
    const at = (first: number, view: View, all: boolean): View => ({
      offset: first * row.size + view.offset,
      strides: all ? [row.size, ...view.strides] : view.strides,
    })
    level.copyTo(init[c], memory, at(reverse ? steps : 0, part, false))
    for (const { x, view } of whole?.inputs ?? []) level.copyTo(xs[x], memory, at(before, view, true))
    const buffer = buffers.argument(memory, stride * (steps + 1))
    const step = (first: number): LoopArg => ({ even: buffer, odd: buffer, offset: first * stride, stride })
    sources.set(t, { arg: step(before), view: part })
    if (whole) sources.set(whole.node, { arg: step(before), view: contiguousView(row.shape) })
    wanted.push({ value: body.carryOut[c], to: step(1 - before), view: part })
    for (const p of picksOf(c)) level.place(p, { arg: memory, view: at(reverse ? 0 : steps, part, false) })
    for (const [i, when] of history) {
      outs.delete(i)
      const first = when === 'before' ? before : 1 - before
      for (const p of picksOf(carries + i)) level.place(p, { arg: memory, view: at(first, part, true) })
    }
    for (const i of wholeOuts) {
      outs.delete(i)
      const view = at(before, contiguousView(row.shape), true)
      for (const p of picksOf(carries + i)) level.place(p, { arg: memory, view })
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

/**
 * Where the steps of a stacked input lie: rows of a buffer, `stride` bytes apart from `offset` bytes on, and the view
 * of a step in its row. If they overlap or run backwards, they are copied to rows of their own.
 */
function rowsOf(xs: Tensor, level: Lowering): { arg: LoopArg; offset: number; stride: number; view: View } {
  const size = bytesPerElement(xs.dtype)
  const { arg, view } = level.layout(xs)
  const [row, ...strides] = view.strides
  const inner = xs.shape.slice(1)
  const offset = row > 0 ? view.offset % row : view.offset
  const forward = strides.every(s => s >= 0)
  const last = inner.reduce((sum, n, d) => sum + (n - 1) * strides[d], offset)
  if (row === 0 || (row > 0 && forward && last < row))
    return { arg, offset: (view.offset - offset) * size, stride: row * size, view: { offset, strides } }
  const copy = level.contiguous(xs)
  return { arg: copy, offset: 0, stride: sizeOf(inner) * size, view: contiguousView(inner) }
}

function emitLoop(
  { steps, reverse }: { steps: number; reverse: boolean },
  buffers: LoopBuffers,
  sources: ReadonlyMap<Tensor, Layout>,
  wanted: readonly Wanted[],
  level: Lowering,
): void {
  const { table, outer } = buffers
  const label = `loop of ${steps} steps${reverse ? ' in reverse' : ''}`
  const { launches } = within(label, () => new Lowering(table, sources, wanted))
  const { sizes, bufferOf } = shareBuffers(
    table.temporaries,
    launches.map(l => l.args.flatMap(a => [a.even, a.odd])),
    true,
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
