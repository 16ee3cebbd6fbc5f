import { sameOperation } from '../graph/node.js'
import type { Box, KernelOp, Node, Tensor, ViewOp } from '../graph/tensor.js'
import { exactJson } from '../kernel/kernel.js'
import { constantValue, takeBox } from '../ops/index.js'
import { pickOf } from '../scan/node.js'

/** Nodes to compute, inputs first, and which node stands for each node of the graph. */
export type Simplified = { readonly nodes: readonly Tensor[]; readonly rep: (t: Tensor) => Tensor }

/**
 * Simplify live nodes (given inputs first):
 * - common subexpressions: nodes that are the same operation with the same attributes on equal inputs are one;
 * - slices (views that are a box of their input) move up through elementwise nodes that are used in slices only: the
 *   gates of a cell are then computed where they are used, and the whole that they were cut from needs no pass of its own;
 * - and through an operation that can compute a box of its result alone (`boxInputs`: a matrix product), if a single
 *   slice of it is used: the rest of it is not computed.
 */
export function simplify(
  live: readonly Tensor[],
  isSource: (t: Tensor) => boolean,
  outputs: ReadonlySet<Tensor>,
): Simplified {
  const found = new Map<string, Tensor>()
  const reps = new Map<Tensor, Tensor>()
  const rep = (t: Tensor): Tensor => reps.get(t) ?? t
  const nodes: Tensor[] = []
  const onlySliced = slicedNodes(live, isSource, outputs)

  const add = (t: Tensor): Tensor => {
    if (isSource(t) || !canBeShared(t)) {
      nodes.push(t)
      return t
    }
    const key = keyOf(t, rep)
    const first = found.get(key)
    if (first) {
      reps.set(t, first)
      return first
    }
    if (onlySliced.has(t)) return t
    const box = boxOf(t)
    if (box && onlySliced.has(t.inputs[0])) {
      const moved = moveUp(t, box)
      for (const x of moved.inputs) add(x)
      const equal = add(moved)
      reps.set(t, equal)
      found.set(key, equal)
      return equal
    }
    found.set(key, t)
    nodes.push(t)
    return t
  }
  for (const t of live) add(t)
  return { nodes, rep }
}

/** Constants are one by their value; other sources, and loops, are each its own. */
const canBeShared = (t: Tensor): boolean =>
  t.op.kind !== 'scan' && (t.op.kind !== 'source' || constantValue(t) !== undefined)

function keyOf(t: Tensor, rep: (t: Tensor) => Tensor): string {
  if (t.op.kind === 'pick') {
    const { scan, picked } = pickOf(t)
    return `pick ${scan.id} ${typeof picked === 'number' ? `carry ${picked}` : picked.id}`
  }
  const inputs = t.inputs.map(x => rep(x).id)
  return `${t.op.name} ${t.dtype} [${t.shape}] ${exactJson(t.attrs)} ${inputs}`
}

/** Which box of its input a node is, if it is one and nothing else. */
const boxOf = (t: Tensor): Box | undefined =>
  t.op.kind === 'view' ? (t.op as ViewOp<unknown>).box?.(t as Node<unknown>) : undefined

/** Whether a kernel operation can compute a box of its result alone. */
const computesBoxes = ({ op }: Tensor): boolean => op.kind === 'kernel' && op.boxInputs !== undefined

/**
 * Elementwise nodes that nothing but slices read (or such nodes, which will be computed in slices themselves), and
 * operations that compute boxes of which one slice is read.
 */
function slicedNodes(
  live: readonly Tensor[],
  isSource: (t: Tensor) => boolean,
  outputs: ReadonlySet<Tensor>,
): Set<Tensor> {
  const canMove = (t: Tensor) => t.op.kind === 'elementwise' || computesBoxes(t)
  const sliced = new Set(live.filter(t => canMove(t) && !isSource(t) && !outputs.has(t)))
  const read = new Set<Tensor>()
  // Consumers come after their inputs, so going back every node is decided before its inputs are.
  for (const t of [...live].reverse())
    for (const x of isSource(t) ? [] : t.inputs) {
      const isSlice = boxOf(t) !== undefined
      // A second slice would compute anew what both have in common.
      const notOneSlice = computesBoxes(x) && (read.has(x) || !isSlice)
      const inSlices = isSlice || (t.op.kind === 'elementwise' && sliced.has(t))
      if (notOneSlice || !inSlices) sliced.delete(x)
      read.add(x)
    }
  return sliced
}

/** The slice of a node as the same node of slices. */
function moveUp(slice: Tensor, box: Box): Tensor {
  const [whole] = slice.inputs
  const inputs =
    whole.op.kind === 'kernel'
      ? (whole.op as KernelOp<unknown>).boxInputs!(whole as Node<unknown>, box, slice.shape)
      : whole.inputs.map(x => takeBox(x, box, slice.shape))
  return sameOperation(whole, inputs, slice.shape)
}
