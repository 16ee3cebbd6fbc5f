import { kernelRecord, viewRecord } from './graph/record.js'
import { type Cotangents, checkTensor, isForeignTensor, Tensor } from './graph/tensor.js'
import { fillTree, leaves, type Tree } from './graph/tree.js'
import { isFloat } from './kernel/dtype.js'
import { printShape } from './kernel/shape.js'
import { ones, sumOfCotangents, zeros } from './ops/index.js'
import { type Picked, pickOf } from './scan/node.js'
import { scanVjp } from './scan/vjp.js'

/**
 * Gradients of a tensor `y` of one element with respect to tensors (one, or nested records and arrays of them), each of
 * its tensor's shape and dtype, in the same structure. They are a graph like any other, so that they can be
 * differentiated again. Zeros where `y` does not depend on a tensor. Total derivatives: if one of the tensors is computed
 * from another, the other's gradient includes the path through it.
 * @throws RangeError when `y` has more elements than one, or none; TypeError when it or a tensor is not a float.
 * @example
 * ```ts
 * import { gradients, tensor } from 'xenograd'
 *
 * const x = tensor([1, 2, 3])
 * console.log(await gradients(x.square().sum(), x).array()) // [ 2, 4, 6 ]
 * ```
 */
export function gradients<T extends Tree>(y: Tensor, wrt: T): T {
  if (isForeignTensor(y)) checkTensor('gradients', y)
  if (!(y instanceof Tensor))
    throw new TypeError(
      'gradients: the first argument is no tensor; give the value of a function, not the function',
    )
  if (y.size !== 1)
    throw new RangeError(
      `gradients: of a tensor ${printShape(y.shape)}; reduce it to a scalar first (sum or mean)`,
    )
  const tensors = leaves(wrt)
  for (const t of [y, ...tensors])
    if (!isFloat(t.dtype))
      throw new TypeError(`gradients: ${t} is not a float and has no derivative; cast it first`)
  const cotangents = backpropagate([y], [ones(y.shape, y.dtype)], tensors)
  return fillTree(
    wrt,
    tensors.map((t, i) => cotangents[i] ?? zeros(t.shape, t.dtype)),
  )
}

/**
 * Vector-Jacobian product of a piece of graph: cotangents of `wrt`, given cotangents of `outputs`. Reverse mode: one
 * walk from the newest node to the oldest, not beyond `ends` (a loop's body is cut out of the graph with them). Where
 * there is no path, or no derivative, undefined.
 */
export function backpropagate(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  ends: ReadonlySet<Tensor> = new Set(),
): (Tensor | undefined)[] {
  const between = nodesBetween(outputs, wrt, ends)
  const cotangentOf = new Map<Tensor, Tensor>()
  // A scan is one node with several values: it is visited once, when all its picks have their cotangents.
  const scanCotangents = new Map<Tensor, Map<Picked, Tensor>>()
  const accumulate = (t: Tensor, g: Tensor | undefined) => {
    if (!g || !between.has(t)) return
    const before = cotangentOf.get(t)
    cotangentOf.set(t, before ? sumOfCotangents(before, g) : g)
  }
  outputs.forEach((t, i) => {
    accumulate(t, cotangents[i])
  })
  for (const node of [...between].sort((a, b) => b.id - a.id)) {
    if (ends.has(node)) continue
    if (node.op.kind === 'scan') {
      const gs = scanCotangents.get(node)
      if (!gs) continue
      const needed = node.inputs.map(x => between.has(x))
      scanVjp(node, gs, needed, backpropagate).forEach((g, i) => {
        accumulate(node.inputs[i], g)
      })
      continue
    }
    const g = cotangentOf.get(node)
    if (!g) continue
    if (node.op.kind === 'pick') {
      const { scan, picked } = pickOf(node)
      const gs = scanCotangents.get(scan) ?? new Map<Picked, Tensor>()
      const before = gs.get(picked)
      gs.set(picked, before ? sumOfCotangents(before, g) : g)
      scanCotangents.set(scan, gs)
      continue
    }
    vjpOf(g, node).forEach((inputCotangent, i) => {
      accumulate(node.inputs[i], inputCotangent)
    })
  }
  return wrt.map(t => cotangentOf.get(t))
}

/** Cotangents of a node's inputs by the rule of its operation; loops are `backpropagate`'s own. */
function vjpOf(g: Tensor, t: Tensor): Cotangents {
  if (t.op.kind === 'elementwise') return t.op.vjp?.(g, t.inputs, t) ?? []
  const record = viewRecord(t) ?? kernelRecord(t)
  return record?.op.vjp(g, record.node) ?? []
}

/** Nodes on a path from `from` to `outputs`. At `ends` the walk stops: their inputs do not count. */
function nodesBetween(
  outputs: readonly Tensor[],
  from: readonly Tensor[],
  ends: ReadonlySet<Tensor>,
): Set<Tensor> {
  const starts = new Set(from)
  const oldest = Math.min(...from.map(t => t.id))
  /** Whether a node is on such a path. */
  const isOnPath = new Map<Tensor, boolean>()
  // Iterative depth-first search: graphs can be deeper than the call stack.
  const stack = [...outputs]
  while (stack.length) {
    const t = stack[stack.length - 1]
    if (isOnPath.has(t)) {
      stack.pop()
      continue
    }
    if (ends.has(t)) isOnPath.set(t, true)
    else if (t.id < oldest || !isFloat(t.dtype)) isOnPath.set(t, starts.has(t))
    else {
      const pending = t.inputs.filter(x => !isOnPath.has(x))
      if (pending.length) {
        stack.push(...pending)
        continue
      }
      isOnPath.set(t, starts.has(t) || t.inputs.some(x => isOnPath.get(x)))
    }
    stack.pop()
  }
  return new Set([...isOnPath].filter(([, isOn]) => isOn).map(([t]) => t))
}
