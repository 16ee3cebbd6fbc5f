import { kernelRecord, type WithRecord } from '../graph/record.js'
import { dump, remark } from '../graph/remarks.js'
import type { KernelOp, Tensor } from '../graph/tensor.js'
import { copyKernel, writeOut } from '../kernel/build.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg, ReduceKernel } from '../kernel/kernel.js'
import { fixedArg, sameArg } from '../kernel/loop.js'
import { contiguousView, isContiguous, printShape, sameShape, sameView, type View } from '../kernel/shape.js'
import { constantValue, viewOf } from '../ops/index.js'
import {
  type BufferTable,
  bytesOf,
  type EnclosingGraph,
  type Layout,
  type PlannedLaunch,
  type Wanted,
} from './buffers.js'
import { withoutEmpty } from './empty.js'
import { type FusionGroup, fusionGroups, type KernelGroup, type MapGroup, printGroup } from './fuse.js'
import { type Live, liveNodes, scanInputsOf } from './live.js'
import { lowerLoop } from './loop.js'
import { mapBody } from './mapBody.js'
import { simplify } from './simplify.js'

/**
 * Lowers one piece of graph, the whole or the body of a loop, to `launches`: from `sources` (values that are there) to
 * `wanted` (values, and the buffers where they must go), with temporaries of `table`.
 */
export class Lowering implements EnclosingGraph {
  readonly launches: PlannedLaunch[] = []
  /** Where values are that have been written, or will be by the launch that is being made. */
  readonly #layouts = new Map<Tensor, Layout>()
  /** Where values are wanted and have not been written yet. */
  readonly #destinations = new Map<Tensor, Layout[]>()
  readonly #live: Live
  /** The node that stands for all that are equal to it (simplify.ts). All maps here have such nodes as keys. */
  readonly #canonical: (t: Tensor) => Tensor
  /** Elementwise nodes that have to be written to memory: somebody outside of their fusion group reads them. */
  readonly #stored = new Set<Tensor>()
  /** Elementwise nodes that are parts of an operation's result (a concatenation, say), and where in it they lie. */
  readonly #inPlace = new Map<Tensor, { readonly container: Tensor; readonly view: View }>()

  constructor(
    readonly table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ) {
    const isSource = (t: Tensor) => sources.has(t)
    const values = wanted.map(w => w.value)
    this.#live = liveNodes(values, isSource)
    const { nodes, canonical } = simplify(this.#live.nodes, isSource, new Set(values))
    this.#canonical = canonical
    for (const [t, layout] of sources) this.#layouts.set(t, layout)
    for (const { value, to, view } of wanted) {
      const t = this.#canonical(value)
      const destination = { arg: to, view: view ?? contiguousView(t.shape) }
      this.#destinations.set(t, [...(this.#destinations.get(t) ?? []), destination])
    }
    const outputs = new Set(this.#destinations.keys())
    dump(
      'simplify',
      () => this.#live.nodes.map(t => printNode(t)),
      () => nodes.map(t => printNode(t, this.#canonical)),
    )
    const groups = fusionGroups(nodes, outputs, isSource, this.#canonical)
    const computed = nodes.filter(t => !isSource(t))
    dump(
      'fuse',
      () => computed.map(t => printNode(t, this.#canonical)),
      () => groups.map(printGroup),
    )
    this.#findInPlace(computed)
    this.#findStored(computed, groups, outputs)
    for (const group of groups) {
      if (group.kind === 'map') this.#emitMap(group)
      else if (group.node.op.kind === 'scan') this.#emitLoop(group.node)
      else if (group.inlined.length) this.#emitReduce(group)
      else this.#emitKernels(kernelRecord(group.node)!)
    }
    // What no kernel wrote in place: inputs that are asked for again, views, constants, second copies.
    for (const [t, destinations] of this.#destinations)
      for (const { arg, view } of destinations) this.copyTo(t, arg, view)
  }

  /** Which elementwise nodes can be written straight into the result of an operation that only places its inputs. */
  #findInPlace(nodes: readonly Tensor[]): void {
    for (const container of nodes) {
      const kernel = kernelRecord(container)
      const views = kernel?.op.places?.(kernel.node)
      views?.forEach((view, i) => {
        const t = this.#canonical(container.inputs[i])
        const isFree = t.op.kind === 'elementwise' && !this.#destinations.has(t) && !this.#inPlace.has(t)
        if (isFree) this.#inPlace.set(t, { container, view })
      })
    }
  }

  /** Which elementwise nodes somebody outside of their fusion group reads. */
  #findStored(nodes: readonly Tensor[], groups: readonly FusionGroup[], outputs: ReadonlySet<Tensor>): void {
    const groupOf = new Map<Tensor, FusionGroup>()
    for (const group of groups)
      for (const t of group.kind === 'map' ? group.nodes : group.inlined) groupOf.set(t, group)
    for (const t of nodes) {
      for (const input of this.#usedInputs(t)) {
        const x = this.#canonical(input)
        const group = groupOf.get(x)
        // What is inlined into a kernel is read by that kernel alone.
        if ((group && groupOf.get(t) === group) || group?.kind === 'kernel') continue
        this.#stored.add(x)
        if (group && !this.#inPlace.has(x)) remark('fuse', () => whyStored(x, t))
      }
    }
    for (const t of outputs) this.#stored.add(t)
  }

  /** The inputs whose values a node reads: of a scan those of its live parts; a pick reads nothing, its scan writes it. */
  #usedInputs(t: Tensor): readonly Tensor[] {
    const liveScan = this.#live.scans.get(t)
    if (liveScan) return scanInputsOf(t, liveScan)
    return t.op.kind === 'pick' ? [] : t.inputs
  }

  emit(kernel: Kernel, ...args: readonly LoopArg[]): void {
    const launch = withoutEmpty({ kernel, args })
    if (launch) this.launches.push(launch)
  }

  /** A contiguous buffer for a value: where it is wanted, else a temporary. Other destinations are filled at the end. */
  home(node: Tensor): LoopArg {
    const t = this.#canonical(node)
    const destinations = this.#destinations.get(t) ?? []
    const index = destinations.findIndex(({ view }) => isContiguous(t.shape, view))
    const arg = index >= 0 ? destinations.splice(index, 1)[0].arg : fixedArg(this.table.temporary(bytesOf(t)))
    this.#layouts.set(t, { arg, view: contiguousView(t.shape) })
    return arg
  }

  /** Where a value is, views worked out; constants and views beyond strides are written out when needed. */
  layout(node: Tensor): Layout {
    const t = this.#canonical(node)
    const known = this.#layouts.get(t)
    if (known) return known
    const value = constantValue(t)
    const layout = value === undefined ? this.#layoutOfView(t) : this.#layoutOfConstant(t, value)
    this.#layouts.set(t, layout)
    return layout
  }

  /** A constant is one element in memory, broadcast. */
  #layoutOfConstant(t: Tensor, value: number): Layout {
    const arg = fixedArg(this.table.temporary(bytesPerElement(t.dtype)))
    this.emit(writeOut(t.dtype, [], value), arg)
    return { arg, view: { offset: 0, strides: t.shape.map(() => 0) } }
  }

  /** A view lies in the memory of its input, which is written out first where strides cannot express the view. */
  #layoutOfView(t: Tensor): Layout {
    if (t.op.kind !== 'view') throw new Error(`lower: ${t} is used before it is computed`)
    const x = this.#canonical(t.inputs[0])
    const from = this.layout(x)
    const view = viewOf(t, from.view)
    if (view) return { arg: from.arg, view }
    return { arg: this.contiguous(x), view: viewOf(t, contiguousView(x.shape))! }
  }

  contiguous(node: Tensor): LoopArg {
    const t = this.#canonical(node)
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
    this.#layouts.set(this.#canonical(t), layout)
  }

  copyTo(node: Tensor, to: LoopArg, through: View): void {
    const t = this.#canonical(node)
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

  /** A scan, and where the values are that its picks stand for. */
  #emitLoop(scan: Tensor): void {
    const picks = this.#live.nodes.filter(t => t.op.kind === 'pick' && t.inputs[0] === scan)
    lowerLoop(scan, this.#live.scans.get(scan)!, picks, this)
  }

  #mapBody(nodes: readonly Tensor[], through: (view: View) => View = view => view) {
    return mapBody(nodes, this.#canonical, t => this.layout(t), through)
  }

  /** One kernel for a group of elementwise nodes, which writes those that are stored. */
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

  /** Where a map writes a value: into an operation's result, else to all of its destinations, else to a temporary. */
  #targetsOf(t: Tensor): readonly Layout[] {
    const inPlace = this.#inPlace.get(t)
    const targets = inPlace
      ? [{ arg: this.#homeOf(inPlace.container), view: inPlace.view }]
      : (this.#destinations.get(t)?.splice(0) ?? [])
    if (!targets.length) targets.push({ arg: this.home(t), view: contiguousView(t.shape) })
    this.#layouts.set(t, targets[0])
    return targets
  }

  /** The buffer of an operation's result, into which some of its inputs may have been written already. */
  #homeOf(node: Tensor): LoopArg {
    return this.#layouts.get(node)?.arg ?? this.home(node)
  }

  /** An operation with kernels of its own, by its record's `launches`. */
  #emitKernels({ op, node }: WithRecord<KernelOp<unknown>>): void {
    const layouts = node.inputs.map(x =>
      op.contiguous ? { arg: this.contiguous(x), view: contiguousView(x.shape) } : this.layout(x),
    )
    const home = this.#homeOf(node)
    const launches = op.launches(
      node,
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
    // The top of the cone, or a view of it that permutes axes: then everything is read through that view.
    const input = this.#canonical(node.inputs[0])
    const { inputs, args, body, lineOf } = this.#mapBody(inlined, view =>
      input === top ? view : viewOf(input, view)!,
    )
    const kernel: ReduceKernel = {
      kind: 'reduce',
      op: kernelRecord(node)!.op.reduces!,
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

/** Why a value that a kernel could have handed on in registers is written to memory. */
function whyStored(t: Tensor, reader: Tensor): string {
  if (reader.op.kind === 'view')
    return `${t} is written out: ${reader.op.name} reads its elements in another order or more than once`
  if (reader.op.kind !== 'elementwise')
    return `${t} is written out: ${reader.op.name} ${printShape(reader.shape)} is a kernel of its own`
  return sameShape(t.shape, reader.shape)
    ? `${t} is written out: ${reader} also needs what is computed from it in between`
    : `${t} is written out: ${reader} is computed by a kernel over another shape`
}

/** A node with its inputs by number, for people. */
const printNode = (t: Tensor, canonical: (t: Tensor) => Tensor = x => x): string =>
  `%${t.id} = ${t}${t.inputs.length ? ` (${t.inputs.map(x => `%${canonical(x).id}`).join(', ')})` : ''}`

/** Whether a kernel copies what was computed in place to that same place. */
const copiesOntoItself = (kernel: Kernel, args: readonly LoopArg[]): boolean =>
  kernel.kind === 'copy' &&
  typeof kernel.source !== 'number' &&
  sameArg(args[0], args[1]) &&
  sameView(kernel.source, kernel.to)
