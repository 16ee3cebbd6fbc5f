import type { Tensor } from '../graph/tensor.js'
import { sameShape } from '../kernel/shape.js'
import { constantValue } from '../ops/index.js'

/** Elementwise nodes of one shape that one kernel computes, inputs first. */
export type MapGroup = { readonly kind: 'map'; readonly level: number; readonly nodes: Tensor[] }
/** An operation with kernels of its own (or a loop), with the elementwise nodes that are computed inside it. */
export type KernelGroup = {
  readonly kind: 'kernel'
  readonly level: number
  readonly node: Tensor
  readonly inlined: readonly Tensor[]
}
/** What is computed together. */
export type FusionGroup = MapGroup | KernelGroup

/** A group by the numbers of its nodes, for people. */
export const printGroup = (group: FusionGroup): string =>
  group.kind === 'map'
    ? `map of ${group.nodes.map(t => `%${t.id}`).join(' ')}`
    : `%${group.node.id} ${group.node.op.name}${group.inlined.length ? ` of ${group.inlined.map(t => `%${t.id}`).join(' ')}` : ''}`

/** Most nodes of one group: a device compiles it as one function, and those have limits. */
const mostNodes = 1000

const isElementwise = (t: Tensor): boolean => t.op.kind === 'elementwise'

/** Whether a consumer reads the element of `x` that it is about to compute, so that both fit in one kernel. */
const fuses = (x: Tensor, consumer: Tensor): boolean =>
  isElementwise(x) && isElementwise(consumer) && sameShape(x.shape, consumer.shape)

/** Elementwise nodes with the same key are one map group. */
const groupKey = (level: number, { shape }: Tensor): string => `${level}:${shape}`

/** A piece of graph that is being grouped. */
type Graph = {
  /** Nodes that have to be computed, inputs first. */
  readonly computed: readonly Tensor[]
  /** The computed nodes that read a node. */
  readonly consumers: ReadonlyMap<Tensor, readonly Tensor[]>
  readonly outputs: ReadonlySet<Tensor>
  readonly isSource: (t: Tensor) => boolean
  /** A node's inputs, or the nodes that stand for them (simplify.ts). */
  readonly inputsOf: (t: Tensor) => readonly Tensor[]
}

/**
 * Group live nodes by what is computed together, in an order in which each group comes after those it depends on.
 *
 * Every node gets a level, 0 for the last to be computed and negative before, as late as its consumers allow: an edge
 * that fuses costs nothing, any other costs one. Elementwise nodes of one shape and level are one group: a path between
 * two of them stays at their level, so it consists of edges that fuse, and the groups cannot depend on each other in a
 * circle.
 */
export function fusionGroups(
  nodes: readonly Tensor[],
  outputs: ReadonlySet<Tensor>,
  isSource: (t: Tensor) => boolean,
  canonical: (t: Tensor) => Tensor,
): FusionGroup[] {
  const computed = nodes.filter(t => !isSource(t) && constantValue(t) === undefined)
  const inputsOf = (t: Tensor) => t.inputs.map(canonical)
  const consumers = new Map<Tensor, Tensor[]>(nodes.map(t => [t, []]))
  for (const t of computed) for (const x of inputsOf(t)) consumers.get(x)?.push(t)
  const graph: Graph = { computed, consumers, outputs, isSource, inputsOf }

  const levels = latestLevels(graph)
  joinEarlierGroups(graph, levels)

  const inlined = new Set<Tensor>()
  const groups: FusionGroup[] = []
  for (const node of computed) {
    if (isElementwise(node) || node.op.kind === 'view' || node.op.kind === 'pick') continue
    const cone = reducedCone(node, graph)
    for (const t of cone) inlined.add(t)
    groups.push({ kind: 'kernel', level: levels.get(node)!, node, inlined: cone })
  }
  const maps = new Map<string, MapGroup>()
  for (const node of computed) {
    if (!isElementwise(node) || inlined.has(node)) continue
    const level = levels.get(node)!
    const key = groupKey(level, node)
    let map = maps.get(key)
    if (!map || map.nodes.length === mostNodes) {
      map = { kind: 'map', level, nodes: [] }
      maps.set(key, map)
      groups.push(map)
    }
    map.nodes.push(node)
  }
  return groups.sort((a, b) => a.level - b.level)
}

/** The level of each computed node: as late as its consumers allow. */
function latestLevels({ computed, consumers }: Graph): Map<Tensor, number> {
  const levels = new Map<Tensor, number>()
  for (const t of [...computed].reverse()) {
    let latest = 0
    for (const c of consumers.get(t)!) latest = Math.min(latest, levels.get(c)! - (fuses(t, c) ? 0 : 1))
    levels.set(t, latest)
  }
  return levels
}

/**
 * Elementwise nodes that are computed together may as well be computed in an earlier group of the same shape, if what
 * they read is there: one kernel fewer, and often an array fewer to keep until then. Changes `levels`.
 */
function joinEarlierGroups({ computed, consumers, inputsOf }: Graph, levels: Map<Tensor, number>): void {
  const visited = new Set<Tensor>()
  const elementwise = computed.filter(isElementwise)
  const groups = new Set(elementwise.map(t => groupKey(levels.get(t)!, t)))
  const computedInputsOf = (t: Tensor) => inputsOf(t).filter(x => levels.has(x))
  /** The first level at which `consumer` may read `x`. A view is there as soon as what it is a view of. */
  const firstLevel = (x: Tensor, consumer: Tensor): number => {
    let origin = x
    while (origin.op.kind === 'view' && levels.has(origin)) [origin] = inputsOf(origin)
    const written = levels.get(origin) ?? Number.NEGATIVE_INFINITY
    return fuses(x, consumer) ? written : written + 1
  }
  for (const start of elementwise) {
    if (visited.has(start)) continue
    const level = levels.get(start)!
    // All nodes of the level that edges which fuse connect with `start`.
    const connected = new Set([start])
    for (const t of connected)
      for (const x of [
        ...computedInputsOf(t).filter(x => fuses(x, t)),
        ...consumers.get(t)!.filter(c => fuses(t, c)),
      ])
        if (levels.get(x) === level && !visited.has(x)) connected.add(x)
    for (const t of connected) visited.add(t)
    const earliest = Math.max(
      ...[...connected].flatMap(t =>
        computedInputsOf(t).flatMap(x => (connected.has(x) ? [] : [firstLevel(x, t)])),
      ),
    )
    if (earliest < level && groups.has(groupKey(earliest, start)))
      for (const t of connected) levels.set(t, earliest)
  }
}

/**
 * Elementwise nodes that only a reduction uses, to be computed inside it instead of stored: as long as that does not
 * read more computed arrays than the one that it saves. Inputs first; none for nodes that are no reductions.
 */
function reducedCone(node: Tensor, graph: Graph): readonly Tensor[] {
  if (node.op.kind !== 'kernel' || node.op.reduces === undefined) return []
  const { computed, consumers, outputs, isSource, inputsOf } = graph
  const [input] = inputsOf(node)
  // What is reduced may be a permuted view of the top of the cone.
  const isPermuted = input.op.kind === 'view' && input.op.permutesAxes && !isSource(input)
  const [top] = isPermuted ? inputsOf(input) : [input]
  const isReadOnlyBy = (t: Tensor, isReader: (c: Tensor) => boolean) =>
    !outputs.has(t) && consumers.get(t)!.every(isReader)
  const canInline = (t: Tensor, isReader: (c: Tensor) => boolean) =>
    isElementwise(t) && !isSource(t) && isReadOnlyBy(t, isReader)
  if (isPermuted && !isReadOnlyBy(input, c => c === node)) return []
  if (!canInline(top, c => c === node || c === input)) return []
  const cone = new Set([top])
  for (const t of cone)
    for (const x of inputsOf(t))
      if (cone.size < mostNodes && fuses(x, t) && canInline(x, c => cone.has(c))) cone.add(x)
  const arraysRead = new Set(
    [...cone].flatMap(t => inputsOf(t).filter(x => isElementwise(x) && !cone.has(x) && !isSource(x))),
  )
  return arraysRead.size <= 1 ? computed.filter(t => cone.has(t)) : []
}
