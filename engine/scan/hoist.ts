import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { type Body, bodyNodes, bodyStarts, isView, scanAttrs, stackedValues } from './node.js'
import { overSteps } from './overSteps.js'

/** Whether a node computes, rather than be part of a map or put its inputs together: it is worth leaving a loop. */
const isCostly = (t: Tensor): boolean => t.op.kind === 'kernel' && !t.op.places

/**
 * What no carry matters for need not be in the loop: products, reductions and random bits of the inputs (and what is
 * made of them alone) are worked out before it, for all steps at once. Returns them as further inputs of the body.
 */
export function hoist(body: Body, steps: number, xs: readonly Tensor[]): { xIn: Tensor[]; xs: Tensor[] } {
  const values = [...body.carryOut, ...body.outs]
  const { inside } = bodyNodes(values, bodyStarts(body))
  const carried = bodyNodes(values, new Set(body.carryIn)).inside
  const costly = new Set<Tensor>()
  // Inputs come first.
  for (const t of inside)
    if (!body.xIn.includes(t) && (isCostly(t) || t.inputs.some(x => costly.has(x)))) costly.add(t)
  const hoisted = new Map<Tensor, Tensor>()
  for (const t of carried)
    for (const input of body.carryIn.includes(t) ? [] : t.inputs) {
      let x = input
      while (isView(x)) x = x.inputs[0]
      if (carried.has(x) || hoisted.has(x) || !costly.has(x)) continue
      const known = (y: Tensor) => (body.xIn.includes(y) ? xs[body.xIn.indexOf(y)] : undefined)
      const all = overSteps(x, { steps, known, fixed: y => !inside.has(y) })
      if (all) hoisted.set(x, all)
      remark('hoist', () =>
        all
          ? `${x} depends on no carry: worked out before the loop, for all ${steps} steps at once`
          : `${x} depends on no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
      )
    }
  return { xIn: [...hoisted.keys()], xs: [...hoisted.values()] }
}

/**
 * What no carry depends on need not be in the loop either: products and reductions that only an output is made of are
 * worked out after it, for all steps at once, from the values that the loop keeps. Undefined for all other outputs.
 */
export function sink(scan: Tensor, out: Tensor): Tensor | undefined {
  const { steps, body } = scanAttrs(scan)
  const starts = bodyStarts(body)
  const { inside } = bodyNodes([out], starts)
  const early = new Set([...bodyNodes(body.carryOut, starts).inside, ...starts])
  const late = [...inside].filter(t => !early.has(t))
  if (!late.some(isCostly) || late.some(t => t.op.kind === 'pick')) return undefined
  const known = (t: Tensor) =>
    early.has(t) && (starts.has(t) || !isView(t)) ? stackedValues(scan, t) : undefined
  const all = overSteps(out, { steps, known, fixed: t => !inside.has(t) })
  remark('hoist', () =>
    all
      ? `${out} feeds no carry: worked out after the loop, for all ${steps} steps at once`
      : `${out} feeds no carry, but stays in the loop: it uses an operation that has no form for all steps at once`,
  )
  return all
}
