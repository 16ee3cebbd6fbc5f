import { dump, remark } from '../graph/remarks.js'
import type { ElementwiseOp, KernelOp, Node, Tensor } from '../graph/tensor.js'
import { bytesPerElement, type DType } from '../kernel/dtype.js'
import { type Expr, input as exprInput, type Instr } from '../kernel/expr.js'
import type { Input, Kernel, LoopArg, ReduceKernel } from '../kernel/kernel.js'
import {
  contiguousView,
  isContiguous,
  printShape,
  type Shape,
  sameShape,
  type View,
} from '../kernel/shape.js'
import type { Temporary } from '../kernel/shareBuffers.js'
import { constantValue } from '../ops/source.js'
import { viewOf } from '../ops/view.js'
import { scanInputs } from '../scan/node.js'
import { type Cluster, makeUnits, type Single, type Unit } from './fuse.js'
import { type Live, liveNodes } from './live.js'
import { lowerLoop } from './loop.js'
import { simplify } from './simplify.js'

/** A kernel and its arguments among the plan's buffers. */
export type PlannedLaunch = { readonly kernel: Kernel; readonly args: readonly LoopArg[] }

/** Where a value is: a buffer (moving with the step inside a loop), and how its elements lie there. */
export type Layout = { readonly arg: LoopArg; readonly view: View }

/** A value to compute, and where it must go (contiguous, or through a view). */
export type Wanted = { readonly value: Tensor; readonly to: LoopArg; readonly view?: View }

/** Makes buffer numbers; shared by a graph and the loops in it. */
export class BufferTable {
  readonly bytes: number[] = []
  readonly temporaries = new Map<number, Temporary>()

  /** A buffer that somebody else provides. */
  outside(bytes: number): number {
    return this.bytes.push(bytes) - 1
  }

  temporary(bytes: number): number {
    const id = this.outside(bytes)
    this.temporaries.set(id, { bytes })
    return id
  }
}

/** A buffer that does not move with the step. */
export const fixedArg = (buffer: number): LoopArg => ({ even: buffer, odd: buffer, offset: 0, stride: 0 })

/** Bytes of a tensor's value. */
export const bytesOf = (t: Tensor): number => t.size * bytesPerElement(t.dtype)

/** The kernel that copies a view (or a constant) into a contiguous buffer. */
const copyKernel = (shape: Shape, dtype: DType, source: View | number): Kernel => ({
  kind: 'map',
  shape,
  inputs: typeof source === 'number' ? [] : [{ dtype, view: source }],
  body: [
    typeof source === 'number'
      ? { op: 'const', dtype, args: [], value: source }
      : { op: 'input', dtype, args: [], value: 0 },
  ],
  outputs: [{ dtype, view: contiguousView(shape), value: 0 }],
})

/**
 * Lowers one piece of graph, the whole or the body of a loop: from `sources` (values that are there) to `wanted`
 * (values and the places where they must go), as a list of launches.
 */
export class Lowering {
  readonly launches: PlannedLaunch[] = []
  readonly #layouts = new Map<Tensor, Layout>()
  readonly #places = new Map<Tensor, Layout[]>()
  readonly #live: Live
  readonly #rep: (t: Tensor) => Tensor
  readonly #stored = new Set<Tensor>()
  /** Elementwise nodes that can be computed where a whole needs them, and where that is. */
  readonly #wholes = new Map<Tensor, { readonly whole: Tensor; readonly view: View }>()

  constructor(
    readonly table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ) {
    const isSource = (t: Tensor) => sources.has(t)
    this.#live = liveNodes(
      wanted.map(w => w.value),
      isSource,
    )
    const { nodes, rep } = simplify(this.#live.nodes, isSource, new Set(wanted.map(w => w.value)))
    this.#rep = rep
    for (const [t, layout] of sources) this.#layouts.set(t, layout)
    for (const { value, to, view } of wanted) {
      const t = this.#rep(value)
      const place = { arg: to, view: view ?? contiguousView(t.shape) }
      this.#places.set(t, [...(this.#places.get(t) ?? []), place])
    }
    const outputs = new Set(this.#places.keys())
    dump(
      'simplify',
      () => this.#live.nodes.map(t => printNode(t)),
      () => nodes.map(t => printNode(t, this.#rep)),
    )
    const units = makeUnits(nodes, outputs, isSource, this.#rep)
    const computed = nodes.filter(t => !isSource(t))
    dump(
      'fuse',
      () => computed.map(t => printNode(t, this.#rep)),
      () => units.map(printUnit),
    )
    this.#findWholes(computed)
    this.#findStored(units, computed, outputs)
    for (const unit of units) {
      if (unit.kind === 'cluster') this.#emitMap(unit)
      else if (unit.node.op.kind === 'scan') this.#emitLoop(unit.node)
      else this.#emitSingle(unit)
    }
    // What no kernel wrote in place: inputs that are asked for again, views, constants, second copies.
    for (const [t, places] of this.#places) for (const { arg, view } of places) this.copyTo(t, arg, view)
  }

  /** Elementwise nodes that somebody outside of their own pass reads. */
  #findStored(units: readonly Unit[], nodes: readonly Tensor[], outputs: ReadonlySet<Tensor>): void {
    const isElementwise = (t: Tensor) => t.op.kind === 'elementwise'
    const passOf = new Map<Tensor, Unit>()
    for (const unit of units)
      for (const t of unit.kind === 'cluster' ? unit.nodes : unit.inlined) passOf.set(t, unit)
    for (const t of nodes) {
      const inner = passOf.get(t)
      for (const input of this.#inputsOf(t)) {
        const x = this.#rep(input)
        const same = inner !== undefined && passOf.get(x) === inner
        // A reduction reads the top of its own cone directly.
        const cone = passOf.get(x)
        const consumed = cone?.kind === 'single' && cone.inlined.includes(x)
        if (same || consumed) continue
        this.#stored.add(x)
        if (cone && isElementwise(x) && !this.#wholes.has(x)) remark('fuse', () => whyStored(x, t))
      }
    }
    for (const t of outputs) this.#stored.add(t)
  }

  #findWholes(nodes: readonly Tensor[]): void {
    for (const whole of nodes) {
      if (whole.op.kind !== 'kernel') continue
      const views = (whole.op as KernelOp<unknown>).places?.(whole as Node<unknown>)
      views?.forEach((view, i) => {
        const t = this.#rep(whole.inputs[i])
        const free = t.op.kind === 'elementwise' && !this.#places.has(t) && !this.#wholes.has(t)
        if (free) this.#wholes.set(t, { whole, view })
      })
    }
  }

  #emitLoop(scan: Tensor): void {
    const picks = this.#live.nodes.filter(t => t.op.kind === 'pick' && t.inputs[0] === scan)
    lowerLoop(scan, this.#live.scans.get(scan)!, picks, this)
  }

  #inputsOf(t: Tensor): readonly Tensor[] {
    const part = this.#live.scans.get(t)
    if (!part) return t.op.kind === 'pick' ? [] : t.inputs
    const { init, xs } = scanInputs(t)
    return [...part.carries.map(i => init[i]), ...part.xs.map(i => xs[i]), ...part.captured]
  }

  /** Append a launch. */
  emit(kernel: Kernel, ...args: LoopArg[]): void {
    this.launches.push({ kernel, args })
  }

  /** A contiguous place for a node's value: where it is wanted, else a temporary. Other places are filled at the end. */
  home(node: Tensor): LoopArg {
    const t = this.#rep(node)
    const places = this.#places.get(t) ?? []
    const at = places.findIndex(({ view }) => isContiguous(t.shape, view))
    const arg = at >= 0 ? places.splice(at, 1)[0].arg : fixedArg(this.table.temporary(bytesOf(t)))
    this.#layouts.set(t, { arg, view: contiguousView(t.shape) })
    return arg
  }

  /** Where a value is, views worked out; constants and views beyond strides are written out when needed. */
  layout(node: Tensor): Layout {
    const t = this.#rep(node)
    const known = this.#layouts.get(t)
    if (known) return known
    const layout = this.#viewLayout(t)
    this.#layouts.set(t, layout)
    return layout
  }

  #viewLayout(t: Tensor): Layout {
    const value = constantValue(t)
    if (value !== undefined) {
      const arg = fixedArg(this.table.temporary(bytesPerElement(t.dtype)))
      this.emit(copyKernel([], t.dtype, value), arg)
      return { arg, view: { offset: 0, strides: t.shape.map(() => 0) } }
    }
    if (t.op.kind !== 'view') throw new Error(`lower: ${t} is used before it is computed`)
    const x = this.#rep(t.inputs[0])
    const from = this.layout(x)
    const view = viewOf(t, from.view)
    if (view) return { arg: from.arg, view }
    return { arg: this.contiguous(x), view: viewOf(t, contiguousView(x.shape))! }
  }

  /** The buffer of a value that must lie there in row-major order. */
  contiguous(node: Tensor): LoopArg {
    const t = this.#rep(node)
    const value = constantValue(t)
    const layout = value === undefined ? this.layout(t) : undefined
    if (layout && isContiguous(t.shape, layout.view)) return layout.arg
    const arg = fixedArg(this.table.temporary(bytesOf(t)))
    if (layout) this.emit(copyKernel(t.shape, t.dtype, layout.view), layout.arg, arg)
    else this.emit(copyKernel(t.shape, t.dtype, value!), arg)
    this.#layouts.set(t, { arg, view: contiguousView(t.shape) })
    return arg
  }

  /** Say where a value is. */
  place(t: Tensor, layout: Layout): void {
    this.#layouts.set(this.#rep(t), layout)
  }

  /** Copy a value to a buffer through a view. */
  copyTo(node: Tensor, to: LoopArg, through: View): void {
    const t = this.#rep(node)
    const value = constantValue(t)
    const from = value === undefined ? this.layout(t) : undefined
    const source = from ? from.view : value!
    const kernel: Kernel = !isContiguous(t.shape, through)
      ? { kind: 'copy', dtype: t.dtype, shape: t.shape, source, to: through, accumulate: false }
      : copyKernel(t.shape, t.dtype, source)
    this.emit(kernel, ...(from ? [from.arg] : []), to)
  }

  /** Flattens elementwise nodes of one pass into instructions; `at` adapts the views of what they read. */
  #flatten(nodes: readonly Tensor[], at: (view: View) => View) {
    const inputs: Input[] = []
    const args: LoopArg[] = []
    const body: Instr[] = []
    const lineOf = new Map<string, number>()
    const line = (instr: Instr): number => {
      const key = `${instr.op} ${instr.dtype} ${instr.args} ${Object.is(instr.value, -0) ? '-0' : instr.value}`
      let found = lineOf.get(key)
      if (found === undefined) {
        found = body.push(instr) - 1
        lineOf.set(key, found)
      }
      return found
    }
    const inside = new Set(nodes)
    const lineOfNode = new Map<Tensor, number>()
    const read = (t: Tensor): number => {
      const value = constantValue(t)
      if (value !== undefined) return line({ op: 'const', dtype: t.dtype, args: [], value })
      const { arg, view } = this.layout(t)
      const seen = at(view)
      const same = (i: Input, k: number) =>
        i.dtype === t.dtype && sameArg(args[k], arg) && sameView(i.view, seen)
      let index = inputs.findIndex(same)
      if (index < 0) {
        index = inputs.push({ dtype: t.dtype, view: seen }) - 1
        args.push(arg)
      }
      return line({ op: 'input', dtype: t.dtype, args: [], value: index })
    }
    for (const node of nodes) {
      const operands = node.inputs
        .map(x => this.#rep(x))
        .map(x => (inside.has(x) ? lineOfNode.get(x)! : read(x)))
      const { expr } = node.op as ElementwiseOp
      const lines = new Map<Expr, number>()
      const flatten = (e: Expr): number => {
        const known = lines.get(e)
        if (known !== undefined) return known
        const made =
          e.op === 'input'
            ? operands[e.value]
            : line({ op: e.op, dtype: e.dtype, args: e.args.map(flatten), value: e.value })
        lines.set(e, made)
        return made
      }
      lineOfNode.set(node, flatten(expr(...node.inputs.map((x, i) => exprInput(i, x.dtype)))))
    }
    return { inputs, args, body, lineOfNode }
  }

  #emitMap({ nodes }: Cluster): void {
    const stored = nodes.filter(t => this.#stored.has(t))
    if (!stored.length) return
    const { inputs, args, body, lineOfNode } = this.#flatten(nodes, view => view)
    // A value that is wanted in several places is written to all of them in the same pass.
    const targets = stored.flatMap(t => {
      const part = this.#wholes.get(t)
      if (part) {
        const to = this.#layouts.get(part.whole)?.arg ?? this.home(part.whole)
        this.#layouts.set(t, { arg: to, view: part.view })
        return [{ t, to, view: part.view }]
      }
      const places = this.#places.get(t)?.splice(0) ?? []
      if (!places.length) places.push({ arg: this.home(t), view: contiguousView(t.shape) })
      this.#layouts.set(t, places[0])
      return places.map(({ arg, view }) => ({ t, to: arg, view }))
    })
    const outputs = targets.map(({ t, view }) => ({ dtype: t.dtype, view, value: lineOfNode.get(t)! }))
    this.emit(
      { kind: 'map', shape: nodes[0].shape, inputs, body, outputs },
      ...args,
      ...targets.map(x => x.to),
    )
  }

  #emitSingle({ node, inlined }: Single): void {
    if (inlined.length) {
      this.#emitReduce(node, inlined)
      return
    }
    const op = node.op as KernelOp<unknown>
    const layouts = node.inputs.map(x =>
      op.contiguous ? { arg: this.contiguous(x), view: contiguousView(x.shape) } : this.layout(x),
    )
    const home = this.#layouts.get(node)?.arg ?? this.home(node)
    const launches = op.launches(
      node as Node<unknown>,
      layouts.map(l => l.view),
    )
    for (const { kernel, args } of launches) {
      const own = args.map(a => (a === 'out' ? home : layouts[a].arg))
      if (!copiesOntoItself(kernel, own)) this.emit(kernel, ...own)
    }
  }

  #emitReduce(node: Tensor, cone: readonly Tensor[]): void {
    const top = cone[cone.length - 1]
    const input = this.#rep(node.inputs[0])
    const turned = input === top ? undefined : input
    const { inputs, args, body, lineOfNode } = this.#flatten(cone, view =>
      turned ? viewOf(turned, view)! : view,
    )
    const kernel: ReduceKernel = {
      kind: 'reduce',
      op: node.op.name === 'max' ? 'max' : 'sum',
      dtype: node.dtype,
      shape: input.shape,
      axes: input.rank - node.rank,
      inputs,
      body,
      value: lineOfNode.get(top)!,
    }
    this.emit(kernel, ...args, this.home(node))
  }
}

/** Why a value that a pass could have handed on inside is written to memory. */
function whyStored(t: Tensor, reader: Tensor): string {
  if (reader.op.kind === 'view')
    return `${t} is written out: ${reader.op.name} reads its elements in another order or more than once`
  if (reader.op.kind !== 'elementwise')
    return `${t} is written out: ${reader.op.name} ${printShape(reader.shape)} is a kernel of its own`
  return sameShape(t.shape, reader.shape)
    ? `${t} is written out: ${reader} also needs what is computed from it in between`
    : `${t} is written out: ${reader} is computed in a pass over another shape`
}

/** A node with its inputs by number, for people. */
const printNode = (t: Tensor, rep: (t: Tensor) => Tensor = x => x): string =>
  `%${t.id} = ${t}${t.inputs.length ? ` (${t.inputs.map(x => `%${rep(x).id}`).join(', ')})` : ''}`

const printUnit = (unit: Unit): string =>
  unit.kind === 'cluster'
    ? `map of ${unit.nodes.map(t => `%${t.id}`).join(' ')}`
    : `%${unit.node.id} ${unit.node.op.name}${unit.inlined.length ? ` of ${unit.inlined.map(t => `%${t.id}`).join(' ')}` : ''}`

/** What was computed in place needs no copy to it. */
const copiesOntoItself = (kernel: Kernel, args: readonly LoopArg[]): boolean =>
  kernel.kind === 'copy' &&
  typeof kernel.source !== 'number' &&
  sameArg(args[0], args[1]) &&
  sameView(kernel.source, kernel.to)

const sameArg = (a: LoopArg, b: LoopArg): boolean =>
  a.even === b.even && a.odd === b.odd && a.offset === b.offset && a.stride === b.stride
const sameView = (a: View, b: View): boolean =>
  a.offset === b.offset && a.strides.every((s, d) => s === b.strides[d])
