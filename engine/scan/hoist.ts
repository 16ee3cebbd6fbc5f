import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { type Body, bodyNodes, bodyStarts, isView, scanAttrs, stackedValues, viewed } from './node.js'
import { overSteps } from './overSteps.js'

/** Whether a node is worth taking out of a loop: products, reductions and the like, not what fuses or only copies. */
const isCostly = (t: Tensor): boolean => t.op.kind === 'kernel' && !t.op.places

/**
 * What depends on no carry need not be in the loop: products, reductions and random bits of the inputs (and what is made
 * of them alone) are computed before it, for all steps at once. Returns them as further inputs of the body: the nodes
 * that they replace in the body (`xIn`), and their values [steps, ...] (`xs`).
 */
export function hoist(body: Body, steps: number, xs: readonly Tensor[]): { xIn: Tensor[]; xs: Tensor[] } {
  const values = [...body.carryOut, ...body.outs]
  const { inside } = bodyNodes(values, bodyStarts(body))
  const carried = bodyNodes(values, new Set(body.carryIn)).inside
  // Costly nodes and what is made of them; a node comes after its inputs.
  const costly = new Set<Tensor>()
  for (const t of inside)
    if (!body.xIn.includes(t) && (isCostly(t) || t.inputs.some(x => costly.has(x)))) costly.add(t)
  const known = (t: Tensor) => (body.xIn.includes(t) ? xs[body.xIn.indexOf(t)] : undefined)
  const hoisted = new Map<Tensor, Tensor>()
  for (const t of carried)
    for (const input of body.carryIn.includes(t) ? [] : t.inputs) {
      const x = viewed(input)
      if (carried.has(x) || hoisted.has(x) || !costly.has(x)) continue
      const stacked = overSteps(x, { steps, known, fixed: t => !inside.has(t) })
      if (stacked) hoisted.set(x, stacked)
      remark('hoist', () =>
        stacked
          ? `${x} depends on no carry: worked out before the loop, for all ${steps} steps at once`
          : `${x} depends on no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
      )
    }
  return { xIn: [...hoisted.keys()], xs: [...hoisted.values()] }
}

/**
 * What feeds no carry need not be in the loop either: products and reductions that only an output is made of are computed
 * after it, for all steps at once, from the values that the loop keeps. Returns the output's values [steps, ...];
 * undefined for an output that stays in the loop.
 */
export function sink(scan: Tensor, out: Tensor): Tensor | undefined {
  const { steps, body } = scanAttrs(scan)
  const starts = bodyStarts(body)
  const { inside } = bodyNodes([out], starts)
  const feedsCarry = new Set([...bodyNodes(body.carryOut, starts).inside, ...starts])
  const feedsOutOnly = [...inside].filter(t => !feedsCarry.has(t))
  if (!feedsOutOnly.some(isCostly) || feedsOutOnly.some(t => t.op.kind === 'pick')) return undefined
  const known = (t: Tensor) =>
    feedsCarry.has(t) && (starts.has(t) || !isView(t)) ? stackedValues(scan, t) : undefined
  const stacked = overSteps(out, { steps, known, fixed: t => !inside.has(t) })
  remark('hoist', () =>
    stacked
      ? `${out} feeds no carry: worked out after the loop, for all ${steps} steps at once`
      : `${out} feeds no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
  )
  return stacked
}
