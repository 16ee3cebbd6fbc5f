import { remark } from '../graph/remarks.js'
import { fillTree, leaves, mapTree, type Tree } from '../graph/tree.js'
import { concat } from '../ops/index.js'

/** What a loop does in each step, as users write it; of a loop over pieces a step is all steps of a piece. */
export type Step<C extends Tree, X extends Tree, O extends Tree> = (carry: C, x: X) => { carry: C; out: O }

/** Makes a loop, as `scan` does; with `recompute` its backward pass keeps nothing of the body but the carries. */
type MakeLoop = <C extends Tree, X extends Tree, O extends Tree>(
  step: Step<C, X, O>,
  init: C,
  xs: X,
  options: { reverse: boolean; recompute: boolean },
) => { carry: C; out: O }

/**
 * A loop that keeps its carries after every `every` steps only: a loop over pieces of that many steps, of which the
 * backward pass keeps the carries between pieces and recomputes one piece at a time (Chen et al. 2016, "Training Deep Nets
 * with Sublinear Memory Cost", section 4.2). Steps that fill no piece, the last ones of `xs`, are a loop of their own.
 */
export function inPieces<C extends Tree, X extends Tree, O extends Tree>(
  step: Step<C, X, O>,
  init: C,
  xs: X,
  { steps, every, reverse }: { steps: number; every: number; reverse: boolean },
  makeLoop: MakeLoop,
): { carry: C; out: O } {
  const whole = steps - (steps % every)
  const runSteps = (carry: C, x: X) => makeLoop(step, carry, x, { reverse, recompute: false })
  const pieces = mapTree(xs, x => x.slice(0, 0, whole).reshape(whole / every, every, ...x.shape.slice(1)))
  const runPieces = (carry: C) => {
    remark('differentiate', () => `a loop of ${steps} steps keeps its carries every ${every} steps`)
    const result = makeLoop(runSteps, carry, pieces, { reverse, recompute: true })
    return { ...result, out: mapTree(result.out, t => t.reshape(whole, ...t.shape.slice(2))) }
  }
  if (whole === steps) return runPieces(init)
  const rest = mapTree(xs, x => x.slice(0, whole))
  const first = reverse ? runSteps(init, rest) : runPieces(init)
  const second = reverse ? runPieces(first.carry) : runSteps(first.carry, rest)
  const [early, late] = reverse ? [second.out, first.out] : [first.out, second.out]
  const tails = leaves(late)
  const joined = leaves(early).map((t, i) => concat([t, tails[i]], 0))
  const out = fillTree(early, joined) as O
  return { carry: second.carry, out }
}
