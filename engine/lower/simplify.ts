import { type Node, Tensor } from '../graph/tensor.js'
import { exactJson } from '../kernel/kernel.js'
import { strided } from '../ops/view.js'
import { scanOf } from '../scan/node.js'

/** Nodes to compute, inputs first, and which node stands for each node of the graph. */
export type Simplified = { readonly nodes: readonly Tensor[]; readonly rep: (t: Tensor) => Tensor }

/**
 * Simplify live nodes (given inputs first):
 * - common subexpressions: nodes that are the same operation with the same attributes on equal inputs are one;
 * - slices move up through elementwise nodes that are used in slices only: the gates of a cell are then computed where
 *   they are used, and the whole that they were cut from needs no pass of its own;
 * - and through a matrix product of which a single slice is used: the rest of it is not computed.
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
    if (t.op.name === 'slice' && onlySliced.has(t.inputs[0])) {
      const moved = sliceInputs(t)
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

const canBeShared = (t: Tensor): boolean =>
  t.op.kind !== 'scan' && (t.op.kind !== 'source' || t.op.name === 'constant')

function keyOf(t: Tensor, rep: (t: Tensor) => Tensor): string {
  if (t.op.kind === 'pick') return `pick ${t.inputs[0].id} ${scanOf(t).index}`
  const inputs = t.inputs.map(x => rep(x).id)
  return `${t.op.name} ${t.dtype} [${t.shape}] ${exactJson(t.attrs)} ${inputs}`
}

/**
 * Elementwise nodes that nothing but slices read (or such nodes, which will be computed in slices themselves), and
 * products that one slice reads.
 */
function slicedNodes(
  live: readonly Tensor[],
  isSource: (t: Tensor) => boolean,
  outputs: ReadonlySet<Tensor>,
): Set<Tensor> {
  const movable = (t: Tensor) => t.op.kind === 'elementwise' || t.op.name === 'matmul'
  const sliced = new Set(live.filter(t => movable(t) && !isSource(t) && !outputs.has(t)))
  const products = new Set<Tensor>()
  // Consumers come after their inputs, so going back every node is decided before its inputs are.
  for (const t of [...live].reverse())
    for (const x of isSource(t) ? [] : t.inputs) {
      const again = x.op.name === 'matmul' && (products.has(x) || t.op.name !== 'slice')
      const inSlices = t.op.name === 'slice' || (t.op.kind === 'elementwise' && sliced.has(t))
      if (again || !inSlices) sliced.delete(x)
      products.add(x)
    }
  return sliced
}

/** The slice of a node as the same node of slices. */
function sliceInputs(slice: Tensor): Tensor {
  const { starts, steps } = (slice as Node<{ starts: number[]; steps: number[] }>).attrs
  const [whole] = slice.inputs
  const inputs =
    whole.op.name === 'matmul'
      ? whole.inputs.map((x, i) => {
          // Of the product's axes the left factor has all but the columns, the right one all but the rows.
          const inner = whole.rank - (i === 0 ? 1 : 2)
          const part = (own: readonly number[], other: number) => own.map((n, d) => (d === inner ? other : n))
          return strided(x, part(starts, 0), part(slice.shape, x.shape[inner]), part(steps, 1))
        })
      : whole.inputs.map(x => strided(x, starts, slice.shape, steps))
  return new Tensor(whole.op, inputs, whole.attrs, slice.shape, whole.dtype)
}
