import { dump, remark } from '../graph/remarks.js'
import type { KernelOp, Node, Tensor } from '../graph/tensor.js'
import { copyKernel, writeOut } from '../kernel/build.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg, ReduceKernel } from '../kernel/kernel.js'
import { contiguousView, isContiguous, printShape, sameShape, sameView, type View } from '../kernel/shape.js'
import { constantValue, viewOf } from '../ops/index.js'
import { scanInputs } from '../scan/node.js'
import {
  type BufferTable,
  bytesOf,
  type EnclosingGraph,
  fixedArg,
  type Layout,
  type PlannedLaunch,
  sameArg,
  type Wanted,
} from './buffers.js'
import { type FusionGroup, fusionGroups, type KernelGroup, type MapGroup } from './fuse.js'
import { type Live, liveNodes } from './live.js'
import { lowerLoop } from './loop.js'
import { mapBody } from './mapBody.js'
import { simplify } from './simplify.js'

/**
 * Lowers one piece of graph, the whole or the body of a loop: from `sources` (values that are there) to `wanted`
 * (values and the buffers where they must go), as a list of launches.
 */
export class Lowering implements EnclosingGraph {
  readonly launches: PlannedLaunch[] = []
  readonly #layouts = new Map<Tensor, Layout>()
  /** Where values are wanted and have not been written yet. */
  readonly #destinations = new Map<Tensor, Layout[]>()
  readonly #live: Live
  readonly #rep: (t: Tensor) => Tensor
  readonly #stored = new Set<Tensor>()
  /** Elementwise nodes that can be computed where an operation puts them, and where that is. */
  readonly #inPlace = new Map<Tensor, { readonly container: Tensor; readonly view: View }>()

  constructor(
    readonly table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ) {
    const isSource = (t: Tensor) => sources.has(t)
    const values = wanted.map(w => w.value)
    this.#live = liveNodes(values, isSource)
    const { nodes, rep } = simplify(this.#live.nodes, isSource, new Set(values))
    this.#rep = rep
    for (const [t, layout] of sources) this.#layouts.set(t, layout)
    for (const { value, to, view } of wanted) {
      const t = this.#rep(value)
      const destination = { arg: to, view: view ?? contiguousView(t.shape) }
      this.#destinations.set(t, [...(this.#destinations.get(t) ?? []), destination])
    }
    const outputs = new Set(this.#destinations.keys())
    dump(
      'simplify',
      () => this.#live.nodes.map(t => printNode(t)),
      () => nodes.map(t => printNode(t, this.#rep)),
    )
    const groups = fusionGroups(nodes, outputs, isSource, this.#rep)
    const computed = nodes.filter(t => !isSource(t))
    dump(
      'fuse',
      () => computed.map(t => printNode(t, this.#rep)),
      () => groups.map(printGroup),
    )
    this.#findInPlace(computed)
    this.#findStored(groups, computed, outputs)
    for (const group of groups) {
      if (group.kind === 'map') this.#emitMap(group)
      else if (group.node.op.kind === 'scan') this.#emitLoop(group.node)
      else if (group.inlined.length) this.#emitReduce(group)
      else this.#emitKernels(group.node)
    }
    // What no kernel wrote in place: inputs that are asked for again, views, constants, second copies.
    for (const [t, destinations] of this.#destinations)
      for (const { arg, view } of destinations) this.copyTo(t, arg, view)
  }

  #findInPlace(nodes: readonly Tensor[]): void {
    for (const container of nodes) {
      if (container.op.kind !== 'kernel') continue
      const views = (container.op as KernelOp<unknown>).places?.(container as Node<unknown>)
      views?.forEach((view, i) => {
        const t = this.#rep(container.inputs[i])
        const isFree = t.op.kind === 'elementwise' && !this.#destinations.has(t) && !this.#inPlace.has(t)
        if (isFree) this.#inPlace.set(t, { container, view })
      })
    }
  }

  /** Elementwise nodes that somebody outside of their own pass reads. */
  #findStored(groups: readonly FusionGroup[], nodes: readonly Tensor[], outputs: ReadonlySet<Tensor>): void {
    const groupOf = new Map<Tensor, FusionGroup>()
    for (const group of groups)
      for (const t of group.kind === 'map' ? group.nodes : group.inlined) groupOf.set(t, group)
    for (const t of nodes) {
      const reader = groupOf.get(t)
      for (const input of this.#inputsOf(t)) {
        const x = this.#rep(input)
        const group = groupOf.get(x)
        // A reduction reads the top of its own cone directly.
        if ((group && reader === group) || group?.kind === 'kernel') continue
        this.#stored.add(x)
        if (group && !this.#inPlace.has(x)) remark('fuse', () => whyStored(x, t))
      }
    }
    for (const t of outputs) this.#stored.add(t)
  }

  #inputsOf(t: Tensor): readonly Tensor[] {
    const part = this.#live.scans.get(t)
    if (!part) return t.op.kind === 'pick' ? [] : t.inputs
    const { init, xs } = scanInputs(t)
    return [...part.carries.map(i => init[i]), ...part.xs.map(i => xs[i]), ...part.captured]
  }

  emit(kernel: Kernel, ...args: readonly LoopArg[]): void {
    this.launches.push({ kernel, args })
  }

  /** A contiguous buffer for a value: where it is wanted, else a temporary. Other destinations are filled at the end. */
  home(node: Tensor): LoopArg {
    const t = this.#rep(node)
    const destinations = this.#destinations.get(t) ?? []
    const index = destinations.findIndex(({ view }) => isContiguous(t.shape, view))
    const arg = index >= 0 ? destinations.splice(index, 1)[0].arg : fixedArg(this.table.temporary(bytesOf(t)))
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
      this.emit(writeOut(t.dtype, [], value), arg)
      return { arg, view: { offset: 0, strides: t.shape.map(() => 0) } }
    }
    if (t.op.kind !== 'view') throw new Error(`lower: ${t} is used before it is computed`)
    const x = this.#rep(t.inputs[0])
    const from = this.layout(x)
    const view = viewOf(t, from.view)
    if (view) return { arg: from.arg, view }
    return { arg: this.contiguous(x), view: viewOf(t, contiguousView(x.shape))! }
  }

  contiguous(node: Tensor): LoopArg {
    const t = this.#rep(node)
    const value = constantValue(t)
    const layout = value === undefined ? this.layout(t) : undefined
    if (layout && isContiguous(t.shape, layout.view)) return layout.arg
    const arg = fixedArg(this.table.temporary(bytesOf(t)))
    if (layout) this.emit(writeOut(t.dtype, t.shape, layout.view), layout.arg, arg)
    else this.emit(writeOut(t.dtype, t.shape, value!), arg)
    this.#layouts.set(t, { arg, view: contiguousView(t.shape) })
    return arg
  }

  locate(t: Tensor, layout: Layout): void {
    this.#layouts.set(this.#rep(t), layout)
  }

  copyTo(node: Tensor, to: LoopArg, through: View): void {
    const t = this.#rep(node)
    const value = constantValue(t)
    const from = value === undefined ? this.layout(t) : undefined
    const source = from ? from.view : value!
    const kernel: Kernel = isContiguous(t.shape, through)
      ? writeOut(t.dtype, t.shape, source)
      : copyKernel(t.dtype, t.shape, source, through)
    this.emit(kernel, ...(from ? [from.arg] : []), to)
  }

  lowerBody(
    table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ): readonly PlannedLaunch[] {
    return new Lowering(table, sources, wanted).launches
  }

  #emitLoop(scan: Tensor): void {
    const picks = this.#live.nodes.filter(t => t.op.kind === 'pick' && t.inputs[0] === scan)
    lowerLoop(scan, this.#live.scans.get(scan)!, picks, this)
  }

  #mapBody(nodes: readonly Tensor[], through: (view: View) => View = view => view) {
    return mapBody(nodes, this.#rep, t => this.layout(t), through)
  }

  #emitMap({ nodes }: MapGroup): void {
    const stored = nodes.filter(t => this.#stored.has(t))
    if (!stored.length) return
    const { inputs, args, body, lineOf } = this.#mapBody(nodes)
    const targets = stored.flatMap(t => this.#targetsOf(t).map(({ arg, view }) => ({ t, arg, view })))
    const outputs = targets.map(({ t, view }) => ({ dtype: t.dtype, view, value: lineOf.get(t)! }))
    this.emit(
      { kind: 'map', shape: nodes[0].shape, inputs, body, outputs },
      ...args,
      ...targets.map(target => target.arg),
    )
  }

  /** Where a pass writes a value: to all of its destinations, if it has any. */
  #targetsOf(t: Tensor): readonly Layout[] {
    const part = this.#inPlace.get(t)
    const targets = part
      ? [{ arg: this.#layouts.get(part.container)?.arg ?? this.home(part.container), view: part.view }]
      : (this.#destinations.get(t)?.splice(0) ?? [])
    if (!targets.length) targets.push({ arg: this.home(t), view: contiguousView(t.shape) })
    this.#layouts.set(t, targets[0])
    return targets
  }

  #emitKernels(node: Tensor): void {
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
      const buffers = args.map(a => (a === 'out' ? home : layouts[a].arg))
      if (!copiesOntoItself(kernel, buffers)) this.emit(kernel, ...buffers)
    }
  }

  /** A reduction with the elementwise nodes that only it reads. */
  #emitReduce({ node, inlined }: KernelGroup): void {
    const top = inlined[inlined.length - 1]
    const input = this.#rep(node.inputs[0])
    const { inputs, args, body, lineOf } = this.#mapBody(inlined, view =>
      input === top ? view : viewOf(input, view)!,
    )
    const kernel: ReduceKernel = {
      kind: 'reduce',
      op: (node.op as KernelOp<unknown>).reduces!,
      dtype: node.dtype,
      shape: input.shape,
      axes: input.rank - node.rank,
      inputs,
      body,
      value: lineOf.get(top)!,
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

const printGroup = (group: FusionGroup): string =>
  group.kind === 'map'
    ? `map of ${group.nodes.map(t => `%${t.id}`).join(' ')}`
    : `%${group.node.id} ${group.node.op.name}${group.inlined.length ? ` of ${group.inlined.map(t => `%${t.id}`).join(' ')}` : ''}`

/** What was computed in place needs no copy to it. */
const copiesOntoItself = (kernel: Kernel, args: readonly LoopArg[]): boolean =>
  kernel.kind === 'copy' &&
  typeof kernel.source !== 'number' &&
  sameArg(args[0], args[1]) &&
  sameView(kernel.source, kernel.to)
