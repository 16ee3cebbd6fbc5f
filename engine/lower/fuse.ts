import type { Tensor } from '../graph/tensor.js'
import { sameShape } from '../kernel/shape.js'
import { constantValue } from '../ops/index.js'

/** Elementwise nodes of one shape that are computed together, in one pass over it. */
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

/** Nodes of one pass: a device compiles it as one function, and those have limits. */
const mostNodes = 1000

const isElementwise = (t: Tensor): boolean => t.op.kind === 'elementwise'

/** Whether a consumer reads the element of `x` that it is about to compute, so that both fit in one pass. */
const fuses = (x: Tensor, consumer: Tensor): boolean =>
  isElementwise(x) && isElementwise(consumer) && sameShape(x.shape, consumer.shape)

const passKey = (level: number, { shape }: Tensor): string => `${level}:${shape}`

/**
 * Group live nodes by what is computed together, in an order in which each group comes after those it depends on.
 *
 * Every node gets a level, as late as its consumers allow: an edge that fuses costs nothing, any other costs one.
 * Elementwise nodes of one shape and level are one group: a path between two of them stays at their level, so it
 * consists of edges that fuse, and the groups cannot depend on each other in a circle.
 */
export function fusionGroups(
  nodes: readonly Tensor[],
  outputs: ReadonlySet<Tensor>,
  isSource: (t: Tensor) => boolean,
  rep: (t: Tensor) => Tensor,
): FusionGroup[] {
  const computed = nodes.filter(t => !isSource(t) && constantValue(t) === undefined)
  const consumers = new Map<Tensor, Tensor[]>(nodes.map(t => [t, []]))
  for (const t of computed) for (const x of t.inputs) consumers.get(rep(x))?.push(t)

  const level = new Map<Tensor, number>()
  for (const t of [...computed].reverse()) {
    let least = 0
    for (const c of consumers.get(t)!) least = Math.min(least, level.get(c)! - (fuses(t, c) ? 0 : 1))
    level.set(t, least)
  }

  joinEarlierPasses(computed, consumers, level, rep)

  const inlined = new Set<Tensor>()
  const groups: FusionGroup[] = []
  for (const node of computed) {
    if (isElementwise(node) || node.op.kind === 'view' || node.op.kind === 'pick') continue
    const reduces = node.op.kind === 'kernel' && node.op.reduces !== undefined
    const cone = reduces ? reducedCone(node, computed, consumers, outputs, isSource, rep) : []
    for (const t of cone) inlined.add(t)
    groups.push({ kind: 'kernel', level: level.get(node)!, node, inlined: cone })
  }
  const maps = new Map<string, MapGroup>()
  for (const node of computed) {
    if (!isElementwise(node) || inlined.has(node)) continue
    const key = passKey(level.get(node)!, node)
    let map = maps.get(key)
    if (!map || map.nodes.length === mostNodes) {
      map = { kind: 'map', level: level.get(node)!, nodes: [] }
      maps.set(key, map)
      groups.push(map)
    }
    map.nodes.push(node)
  }
  return groups.sort((a, b) => a.level - b.level)
}

/**
 * Elementwise nodes that are computed together may as well be computed in an earlier pass over the same shape, if what
 * they read is there: one pass fewer, and often an array fewer to keep until then.
 */
function joinEarlierPasses(
  nodes: readonly Tensor[],
  consumers: ReadonlyMap<Tensor, readonly Tensor[]>,
  level: Map<Tensor, number>,
  rep: (t: Tensor) => Tensor,
): void {
  const seen = new Set<Tensor>()
  const passes = new Set(nodes.filter(isElementwise).map(t => passKey(level.get(t)!, t)))
  for (const start of nodes) {
    if (!isElementwise(start) || seen.has(start)) continue
    const startLevel = level.get(start)!
    const inputsOf = (t: Tensor) => t.inputs.map(rep).filter(x => level.has(x))
    const together = new Set([start])
    for (const t of together)
      for (const x of [
        ...inputsOf(t).filter(x => fuses(x, t)),
        ...consumers.get(t)!.filter(c => fuses(t, c)),
      ])
        if (level.get(x) === startLevel && !seen.has(x)) together.add(x)
    for (const t of together) seen.add(t)
    /** The first pass in which `t` may read `x`. A view is there as soon as what it is a view of. */
    const readable = (x: Tensor, t: Tensor): number => {
      let origin = x
      while (origin.op.kind === 'view' && level.has(origin)) origin = rep(origin.inputs[0])
      const made = level.get(origin) ?? Number.NEGATIVE_INFINITY
      return fuses(x, t) ? made : made + 1
    }
    const earliest = Math.max(
      ...[...together].flatMap(t => inputsOf(t).flatMap(x => (together.has(x) ? [] : [readable(x, t)]))),
    )
    const isThere = passes.has(passKey(earliest, start))
    if (earliest < startLevel && isThere) for (const t of together) level.set(t, earliest)
  }
}

/**
 * Elementwise nodes that only a reduction uses, to be computed inside it instead of stored: as long as that does not
 * read more computed arrays than the one that it saves.
 */
function reducedCone(
  reduction: Tensor,
  nodes: readonly Tensor[],
  consumers: ReadonlyMap<Tensor, readonly Tensor[]>,
  outputs: ReadonlySet<Tensor>,
  isSource: (t: Tensor) => boolean,
  rep: (t: Tensor) => Tensor,
): Tensor[] {
  const input = rep(reduction.inputs[0])
  const top = input.op.kind === 'view' && input.op.permutesAxes ? rep(input.inputs[0]) : input
  const onlyHere = (t: Tensor, by: (c: Tensor) => boolean) =>
    isElementwise(t) && !isSource(t) && !outputs.has(t) && consumers.get(t)!.every(by)
  if (top !== input && !(consumers.get(input)!.every(c => c === reduction) && !outputs.has(input))) return []
  if (!onlyHere(top, c => c === reduction || c === input)) return []
  const cone = new Set([top])
  for (const t of cone)
    for (const x of t.inputs.map(rep))
      if (cone.size < mostNodes && fuses(x, t) && onlyHere(x, c => cone.has(c))) cone.add(x)
  const stored = new Set(
    [...cone].flatMap(t => t.inputs.map(rep).filter(x => isElementwise(x) && !cone.has(x) && !isSource(x))),
  )
  return stored.size <= 1 ? nodes.filter(t => cone.has(t)) : []
}
