import { fillTree, leaves, mapTree, stack, type Tensor, type Tree, zeros } from '../index.js'

/**
 * What `scan` means, written as a plain loop: the same arguments, the same result, traced step by step. Each step of `xs`
 * is a slice of it; outputs are stacked. Without steps the carry stays as it is, and the outputs are empty: their shapes
 * are those of a step of zeros.
 */
export function plainLoop<C extends Tree, X extends Tree, O extends Tree>(
  step: (carry: C, x: X) => { carry: C; out: O },
  init: C,
  xs: X,
  { reverse = false }: { readonly reverse?: boolean } = {},
): { carry: C; out: O } {
  const steps = leaves(xs)[0].shape[0]
  if (steps === 0) {
    const { out } = step(
      init,
      mapTree(xs, stacked => zeros(stacked.shape.slice(1), stacked.dtype)),
    )
    return { carry: init, out: mapTree(out, t => zeros([0, ...t.shape], t.dtype)) }
  }
  const outs = new Array<O>(steps)
  let carry = init
  for (let iteration = 0; iteration < steps; iteration++) {
    const t = reverse ? steps - 1 - iteration : iteration
    const x = mapTree(xs, stacked => stacked.slice(0, t, t + 1).squeeze(0))
    const result = step(carry, x)
    carry = result.carry
    outs[t] = result.out
  }
  const byStep: Tensor[][] = outs.map(leaves)
  const stacked = byStep[0].map((_, i) => stack(byStep.map(tensors => tensors[i])))
  return { carry, out: fillTree(outs[0], stacked) }
}

/** How loops are run: by `plainLoop`, or by `scan`, which means the same. */
export type Loop = typeof plainLoop
