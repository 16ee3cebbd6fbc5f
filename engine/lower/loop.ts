import { kernelRecord } from '../graph/record.js'
import { remark, withinPart } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { LoopArg } from '../kernel/kernel.js'
import { alternatingArg, fixedArg, rowArg } from '../kernel/loop.js'
import { contiguousView, printShape, sizeOf, type View } from '../kernel/shape.js'
import { shareBuffers } from '../kernel/shareBuffers.js'
import { type Body, bodyNodes, bodyStarts, type Picked, pickOf, scanAttrs, scanInputs } from '../scan/node.js'
import { BufferTable, bytesOf, type EnclosingGraph, type Layout, type Wanted } from './buffers.js'
import type { LiveScan } from './live.js'

/** The buffers of one loop: those of the enclosing graph that it uses, and its own temporaries. */
class LoopBuffers {
  readonly table = new BufferTable()
  /** By number in the table: what the buffer is in the enclosing graph. Temporaries of the loop are left out. */
  readonly outer: LoopArg[] = []
  readonly #numbers = new Map<string, number>()

  /** The number in the loop of a buffer of the enclosing graph, `bytes` long. */
  argument(arg: LoopArg, bytes: number): number {
    const key = JSON.stringify(arg)
    let index = this.#numbers.get(key)
    if (index === undefined) {
      index = this.table.external(bytes)
      this.#numbers.set(key, index)
      this.outer[index] = arg
    }
    return index
  }
}

/** Which of the stacked values are those of a carry, before each step or after it. They share the carry's memory. */
function historyOf(
  body: Body,
  carry: number,
  stacked: Iterable<Tensor>,
): ReadonlyMap<Tensor, 'before' | 'after'> {
  const history = new Map<Tensor, 'before' | 'after'>()
  for (const value of stacked) {
    if (value === body.carryOut[carry]) history.set(value, 'after')
    else if (value === body.carryIn[carry]) history.set(value, 'before')
  }
  return history
}

/**
 * A concatenation of a carry with inputs of the step, such as the `[x, h]` of an LSTM, can be the carry's memory: the
 * inputs of all steps are put there before the loop, and a step writes its carry into the next step's row.
 */
type Concatenation = {
  readonly node: Tensor
  /** Where the carry lies in a row. */
  readonly carry: View
  /** Input `x` of the step (an index into `xIn`), and where it lies in a row. */
  readonly inputs: readonly { readonly x: number; readonly view: View }[]
}

/** The first such concatenation among the body's nodes; undefined if there is none. */
function concatenationWith(
  carryIn: Tensor,
  body: Body,
  inside: ReadonlySet<Tensor>,
): Concatenation | undefined {
  for (const node of inside) {
    const kernel = node.inputs.includes(carryIn) ? kernelRecord(node) : undefined
    const views = kernel?.op.places?.(kernel.node)
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

/**
 * Whether carry `c` is used for its next value alone, element by element, and that one for nothing else: it can then be
 * overwritten in place.
 */
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
export function lowerLoop(
  scan: Tensor,
  live: LiveScan,
  picks: readonly Tensor[],
  graph: EnclosingGraph,
): void {
  new LoopLowering(scan, live, picks, graph).run()
}

class LoopLowering {
  readonly #buffers = new LoopBuffers()
  /** Where the body finds the values that it starts from. */
  readonly #sources = new Map<Tensor, Layout>()
  /** Where the body's results go. */
  readonly #wanted: Wanted[] = []
  readonly #body: Body
  readonly #steps: number
  readonly #reverse: boolean
  /** Nodes of the body that are computed. */
  readonly #inside: ReadonlySet<Tensor>
  /** Values that are wanted for all steps and have no memory yet. */
  readonly #stacked: Set<Tensor>

  constructor(
    readonly scan: Tensor,
    readonly live: LiveScan,
    readonly picks: readonly Tensor[],
    readonly graph: EnclosingGraph,
  ) {
    const { body, steps, reverse } = scanAttrs(scan)
    this.#body = body
    this.#steps = steps
    this.#reverse = reverse
    this.#stacked = new Set(live.stacked)
    const values = [...live.carries.map(c => body.carryOut[c]), ...live.stacked]
    this.#inside = bodyNodes(values, bodyStarts(body)).inside
  }

  run(): void {
    const { live, graph } = this
    for (const t of live.captured) {
      const { arg, view } = graph.layout(t)
      this.#sources.set(t, { arg: fixedArg(this.#argument(arg)), view })
    }
    for (const i of live.xs) {
      const { arg, offset, stride, view } = rowsOf(scanInputs(this.scan).xs[i], graph)
      const buffer = this.#argument(arg)
      this.#sources.set(this.#body.xIn[i], { arg: rowArg(buffer, offset, stride), view })
    }
    for (const c of live.carries) this.#lowerCarry(c)
    for (const value of this.#stacked) this.#stack(value)
    this.#emit()
  }

  /** The number in the loop of a buffer in which a value of the enclosing graph is. */
  #argument(arg: LoopArg): number {
    // Where the enclosing graph is a loop's body, it may be a row of a buffer: as long as the stride.
    return this.#buffers.argument(arg, arg.stride || this.graph.table.bytes[arg.even] - arg.offset)
  }

  #picksOf(value: Picked): readonly Tensor[] {
    return this.picks.filter(p => pickOf(p).picked === value)
  }

  #locate(value: Picked, layout: Layout): void {
    for (const p of this.#picksOf(value)) this.graph.locate(p, layout)
  }

  #lowerCarry(c: number): void {
    const history = historyOf(this.#body, c, this.#stacked)
    const concatenation = concatenationWith(this.#body.carryIn[c], this.#body, this.#inside)
    const isConcatenationStacked = concatenation !== undefined && this.#stacked.has(concatenation.node)
    if (history.size || isConcatenationStacked) this.#keepHistory(c, history, concatenation)
    else this.#alternate(c)
  }

  /** A carry of which no history is kept: two buffers by turns, or one that is overwritten in place. */
  #alternate(c: number): void {
    const t = this.#body.carryIn[c]
    const bytes = bytesOf(t)
    const view = contiguousView(t.shape)
    const first = fixedArg(this.graph.table.temporary(bytes))
    const second = isAccumulator(this.#body, c, this.#inside)
      ? first
      : fixedArg(this.graph.table.temporary(bytes))
    this.graph.copyTo(scanInputs(this.scan).init[c], first, view)
    const [even, odd] = [first, second].map(arg => this.#buffers.argument(arg, bytes))
    this.#sources.set(t, { arg: alternatingArg(even, odd), view })
    this.#wanted.push({ value: this.#body.carryOut[c], to: alternatingArg(odd, even) })
    this.#locate(c, { arg: this.#steps % 2 ? second : first, view })
  }

  /** A carry whose values are wanted for all steps: memory of steps+1 rows. */
  #keepHistory(
    c: number,
    history: ReadonlyMap<Tensor, 'before' | 'after'>,
    concatenation: Concatenation | undefined,
  ): void {
    const { graph } = this
    const { init, xs } = scanInputs(this.scan)
    const t = this.#body.carryIn[c]
    // A row is the concatenation, of which the carry is a part, or the carry itself.
    const row = concatenation?.node ?? t
    const part = concatenation?.carry ?? contiguousView(t.shape)
    const stride = bytesOf(row)
    const asPart = concatenation ? `, as a part of ${row}, which needs no copy` : ''
    remark(
      'carry',
      () => `the carry ${t.dtype} ${printShape(t.shape)} lies in memory for all its values${asPart}`,
    )
    // Row t is the carry before step t, row t+1 the one after it; in reverse the other way round.
    const [before, after] = this.#reverse ? [1, 0] : [0, 1]
    const memory = fixedArg(graph.table.temporary(stride * (this.#steps + 1)))
    const rowView = (index: number, view: View): View => ({
      offset: index * row.size + view.offset,
      strides: view.strides,
    })
    const allRows = (first: number, view: View): View => ({
      offset: first * row.size + view.offset,
      strides: [row.size, ...view.strides],
    })
    graph.copyTo(init[c], memory, rowView(this.#reverse ? this.#steps : 0, part))
    for (const { x, view } of concatenation?.inputs ?? []) graph.copyTo(xs[x], memory, allRows(before, view))
    const buffer = this.#buffers.argument(memory, stride * (this.#steps + 1))
    const stepRow = (first: number): LoopArg => rowArg(buffer, first * stride, stride)
    this.#sources.set(t, { arg: stepRow(before), view: part })
    this.#wanted.push({ value: this.#body.carryOut[c], to: stepRow(after), view: part })
    this.#locate(c, { arg: memory, view: rowView(this.#reverse ? 0 : this.#steps, part) })
    for (const [value, when] of history) {
      this.#stacked.delete(value)
      this.#locate(value, { arg: memory, view: allRows(when === 'before' ? before : after, part) })
    }
    if (!concatenation) return
    this.#sources.set(row, { arg: stepRow(before), view: contiguousView(row.shape) })
    if (this.#stacked.delete(row))
      this.#locate(row, { arg: memory, view: allRows(before, contiguousView(row.shape)) })
  }

  /** A value that every step writes to a row of its own. */
  #stack(value: Tensor): void {
    const [first, ...others] = this.#picksOf(value)
    const home = this.graph.home(first)
    for (const p of others) this.graph.locate(p, { arg: home, view: contiguousView(p.shape) })
    const buffer = this.#buffers.argument(home, bytesOf(first))
    this.#wanted.push({ value, to: rowArg(buffer, 0, bytesOf(value)) })
  }

  #emit(): void {
    const { table, outer } = this.#buffers
    const label = `loop of ${this.#steps} steps${this.#reverse ? ' in reverse' : ''}`
    const launches = withinPart(label, () => this.graph.lowerBody(table, this.#sources, this.#wanted))
    const { sizes, bufferOf } = shareBuffers(
      table.temporaries,
      launches.map(l => l.args.flatMap(a => [a.even, a.odd])),
      true,
    )
    const scratch = sizes.map(bytes =>
      this.#buffers.argument(fixedArg(this.graph.table.temporary(bytes)), bytes),
    )
    // The kernel's arguments are the buffers of the enclosing graph; the body's temporaries share `scratch` among them.
    const used = [...outer.keys()].filter(i => outer[i] !== undefined)
    const position = new Map(used.map((id, i) => [id, i]))
    const argumentOf = (id: number): number => {
      const shared = bufferOf.get(id)
      return position.get(shared === undefined ? id : scratch[shared])!
    }
    const body = launches.map(({ kernel, args }) => ({
      kernel,
      args: args.map(a => ({ ...a, even: argumentOf(a.even), odd: argumentOf(a.odd) })),
    }))
    const bytes = used.map(id => table.bytes[id])
    this.graph.emit(
      { kind: 'loop', steps: this.#steps, reverse: this.#reverse, bytes, body },
      ...used.map(id => outer[id]),
    )
  }
}

/**
 * Where the steps of a stacked input lie: rows of buffer `arg`, `stride` bytes apart from byte `offset` on, and the view
 * of a step within its row. Steps that overlap or run backwards are copied to rows of their own.
 */
function rowsOf(
  xs: Tensor,
  graph: EnclosingGraph,
): { arg: LoopArg; offset: number; stride: number; view: View } {
  const size = bytesPerElement(xs.dtype)
  const { arg, view } = graph.layout(xs)
  const [row, ...strides] = view.strides
  const inner = xs.shape.slice(1)
  // Rows begin at multiples of their length, where they can; what is left of the offset belongs to the view.
  const offset = row > 0 ? view.offset % row : view.offset
  const isForward = strides.every(s => s >= 0)
  const last = inner.reduce((sum, n, d) => sum + (n - 1) * strides[d], offset)
  if (row === 0 || (row > 0 && isForward && last < row))
    return { arg, offset: (view.offset - offset) * size, stride: row * size, view: { offset, strides } }
  const copy = graph.contiguous(xs)
  return { arg: copy, offset: 0, stride: sizeOf(inner) * size, view: contiguousView(inner) }
}
