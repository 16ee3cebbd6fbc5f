import { sameOperation } from '../graph/node.js'
import { boxOf, kernelRecord } from '../graph/record.js'
import type { Box, Tensor } from '../graph/tensor.js'
import { exactJson } from '../kernel/kernel.js'
import { constantValue, takeBox } from '../ops/index.js'
import { pickOf } from '../scan/node.js'

export type Simplified = {
  /** Nodes to compute, inputs first, and sources. */
  readonly nodes: readonly Tensor[]
  /** The node that stands for a node of the graph and all that are equal to it. */
  readonly canonical: (t: Tensor) => Tensor
}

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
  const nodeByKey = new Map<string, Tensor>()
  const canonicalOf = new Map<Tensor, Tensor>()
  const canonical = (t: Tensor): Tensor => canonicalOf.get(t) ?? t
  const nodes: Tensor[] = []
  const onlySliced = slicedNodes(live, isSource, outputs)

  /** Take a node, whose inputs were taken before, among those to compute, unless there is an equal one: returns which. */
  const add = (t: Tensor): Tensor => {
    if (isSource(t) || !canBeShared(t)) {
      nodes.push(t)
      return t
    }
    const key = keyOf(t, canonical)
    const first = nodeByKey.get(key)
    if (first) {
      canonicalOf.set(t, first)
      return first
    }
    // Its slices are computed instead.
    if (onlySliced.has(t)) return t
    const box = boxOf(t)
    if (box && onlySliced.has(t.inputs[0])) {
      const moved = moveUp(t, box)
      for (const x of moved.inputs) add(x)
      const equal = add(moved)
      canonicalOf.set(t, equal)
      nodeByKey.set(key, equal)
      return equal
    }
    nodeByKey.set(key, t)
    nodes.push(t)
    return t
  }
  for (const t of live) add(t)
  return { nodes, canonical }
}

/** Constants are one by their value; other sources, and loops, are each its own. */
const canBeShared = (t: Tensor): boolean =>
  t.op.kind !== 'scan' && (t.op.kind !== 'source' || constantValue(t) !== undefined)

/** A text that is the same for nodes that are the same operation, with the same attributes, on equal inputs. */
function keyOf(t: Tensor, canonical: (t: Tensor) => Tensor): string {
  if (t.op.kind === 'pick') {
    const { scan, picked } = pickOf(t)
    return `pick ${scan.id} ${typeof picked === 'number' ? `carry ${picked}` : picked.id}`
  }
  const inputs = t.inputs.map(x => canonical(x).id)
  return `${t.op.name} ${t.dtype} [${t.shape}] ${exactJson(t.attrs)} ${inputs}`
}

/** Whether a kernel operation can compute a box of its result alone. */
const computesBoxes = ({ op }: Tensor): boolean => op.kind === 'kernel' && op.boxInputs !== undefined

/**
 * Nodes that are computed in slices only: elementwise nodes that nothing reads but slices and other such nodes, and
 * operations that can compute a box alone, of which nothing but a single slice is read.
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
      const readsOneSlice = isSlice && !read.has(x)
      const readsSlices = isSlice || (t.op.kind === 'elementwise' && sliced.has(t))
      if (!(computesBoxes(x) ? readsOneSlice : readsSlices)) sliced.delete(x)
      read.add(x)
    }
  return sliced
}

/** A slice of a node as the same operation of slices of its inputs. */
function moveUp(slice: Tensor, box: Box): Tensor {
  const [whole] = slice.inputs
  const kernel = kernelRecord(whole)
  const inputs = kernel
    ? kernel.op.boxInputs!(kernel.node, box, slice.shape)
    : whole.inputs.map(x => takeBox(x, box, slice.shape))
  return sameOperation(whole, inputs, slice.shape)
}
