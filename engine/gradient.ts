import type { Cotangents, KernelOp, Node, Tensor, ViewOp } from './graph/tensor.js'
import { leaves, mapTree, type Tree } from './graph/tree.js'
import { isFloat } from './kernel/dtype.js'
import { printShape } from './kernel/shape.js'
import { ones, sumOfCotangents, zeros } from './ops/index.js'
import { type Picked, pickOf } from './scan/node.js'
import { scanVjp } from './scan/vjp.js'

/** Nodes on a path from `from` to `outputs`. At `ends` the walk stops: their inputs do not count. */
function nodesBetween(
  outputs: readonly Tensor[],
  from: readonly Tensor[],
  ends: ReadonlySet<Tensor>,
): Set<Tensor> {
  const starts = new Set(from)
  const oldest = Math.min(...from.map(t => t.id))
  const known = new Map<Tensor, boolean>()
  // Iterative depth-first search: graphs can be deeper than the call stack.
  const stack = [...outputs]
  while (stack.length) {
    const t = stack[stack.length - 1]
    if (known.has(t)) {
      stack.pop()
      continue
    }
    if (ends.has(t)) known.set(t, true)
    else if (t.id < oldest || !isFloat(t.dtype)) known.set(t, starts.has(t))
    else {
      const open = t.inputs.filter(x => !known.has(x))
      if (open.length) {
        stack.push(...open)
        continue
      }
      known.set(t, starts.has(t) || t.inputs.some(x => known.get(x)))
    }
    stack.pop()
  }
  return new Set([...known].filter(([, on]) => on).map(([t]) => t))
}

function vjpOf(g: Tensor, node: Tensor): Cotangents {
  const { op } = node
  switch (op.kind) {
    case 'elementwise':
      return op.vjp ? op.vjp(g, node.inputs, node) : []
    case 'view':
      return (op as ViewOp<unknown>).vjp(g, node as Node<unknown>)
    case 'kernel':
      return (op as KernelOp<unknown>).vjp(g, node as Node<unknown>)
    case 'source':
    case 'scan':
    case 'pick':
      return []
    default:
      return op satisfies never
  }
}

/**
 * Vector-Jacobian product of a piece of graph: cotangents of `wrt`, given cotangents of `outputs`. Reverse mode: one
 * walk from the newest node to the oldest, not beyond `ends`. Where there is no path (or no derivative), undefined.
 */
export function backpropagate(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  ends: ReadonlySet<Tensor> = new Set(),
): (Tensor | undefined)[] {
  const between = nodesBetween(outputs, wrt, ends)
  const total = new Map<Tensor, Tensor>()
  // A scan is one node with several values: it is visited once, when all its picks have their cotangents.
  const cotangentsOf = new Map<Tensor, Map<Picked, Tensor>>()
  const accumulate = (t: Tensor, g: Tensor | undefined) => {
    if (!g || !between.has(t)) return
    const before = total.get(t)
    total.set(t, before ? sumOfCotangents(before, g) : g)
  }
  outputs.forEach((t, i) => {
    accumulate(t, cotangents[i])
  })
  for (const node of [...between].sort((a, b) => b.id - a.id)) {
    if (ends.has(node)) continue
    if (node.op.kind === 'scan') {
      const gs = cotangentsOf.get(node)
      if (!gs) continue
      const needed = node.inputs.map(x => between.has(x))
      scanVjp(node, gs, needed, backpropagate).forEach((g, i) => {
        accumulate(node.inputs[i], g)
      })
      continue
    }
    const g = total.get(node)
    if (!g) continue
    if (node.op.kind === 'pick') {
      const { scan, picked } = pickOf(node)
      const gs = cotangentsOf.get(scan) ?? new Map<Picked, Tensor>()
      const before = gs.get(picked)
      gs.set(picked, before ? sumOfCotangents(before, g) : g)
      cotangentsOf.set(scan, gs)
      continue
    }
    vjpOf(g, node).forEach((c, i) => {
      accumulate(node.inputs[i], c)
    })
  }
  return wrt.map(t => total.get(t))
}

/**
 * Gradients of a scalar with respect to tensors (a tensor, or nested records and arrays of them): the same structure,
 * graph to graph, so that the result can be differentiated again. Zeros where `y` does not depend on a tensor. Total
 * derivatives: a tensor that others of them are computed from counts through those, too.
 * @throws RangeError when `y` is not a scalar; TypeError when it or a tensor is not a float.
 */
export function gradients<T extends Tree>(y: Tensor, wrt: T): T {
  if (y.size !== 1)
    throw new RangeError(
      `gradients: of a tensor ${printShape(y.shape)}; reduce it to a scalar first (sum or mean)`,
    )
  const tensors = leaves(wrt)
  for (const t of [y, ...tensors])
    if (!isFloat(t.dtype))
      throw new TypeError(`gradients: ${t} is not a float and has no derivative; cast it first`)
  const found = backpropagate([y], [ones(y.shape, y.dtype)], tensors)
  let i = 0
  return mapTree(wrt, t => found[i++] ?? zeros(t.shape, t.dtype))
}
