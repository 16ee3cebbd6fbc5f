import { boxOf } from '../graph/record.js'
import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { type Body, bodyStarts, isView } from './node.js'

/**
 * The values of a loop's body that it keeps for all steps, so that `wanted` can be computed in the backward loop: nodes of
 * `forward`, of which the backward loop may have any. What a few elementwise operations give from the others is not kept.
 */
export const keptValues = (wanted: readonly Tensor[], forward: ReadonlySet<Tensor>, body: Body): Tensor[] =>
  withoutDerivable(frontier(wanted, forward, body), forward, body)

/**
 * The nodes of `forward` that `outputs` are computed from. Views are taken again of what they are views of, which is kept;
 * but of a node that is read in slices only (the gates of a cell) the slices are kept: each is then computed where it is
 * used, as simplify.ts has it, and the whole needs no pass of its own.
 */
function frontier(outputs: readonly Tensor[], forward: ReadonlySet<Tensor>, body: Body): Tensor[] {
  const starts = bodyStarts(body)
  const readWhole = nodesReadWhole(forward, body)
  const used = new Set<Tensor>()
  /** Elements of the slices that are read of a node. */
  const slicedSizes = new Map<Tensor, number>()
  const seen = new Set<Tensor>()
  const stack = [...outputs]
  while (stack.length) {
    const t = stack.pop()!
    if (seen.has(t)) continue
    seen.add(t)
    // A loop inside the body has been asked for more of its values by its own backward pass.
    const ofInnerLoop = t.op.kind === 'pick' && forward.has(t.inputs[0])
    const whole = starts.has(t) ? undefined : slicedOf(t)
    if (ofInnerLoop || starts.has(t) || (forward.has(t) && !isView(t))) used.add(t)
    else if (whole && forward.has(whole) && !readWhole.has(whole)) {
      used.add(t)
      slicedSizes.set(whole, (slicedSizes.get(whole) ?? 0) + t.size)
    } else stack.push(...t.inputs)
  }
  const keptFor = (t: Tensor): Tensor => {
    const whole = slicedOf(t)
    const size = whole && slicedSizes.get(whole)
    if (!whole || size === undefined) return t
    // Slices that have elements in common may be more than the whole; and the backward loop may read that as well.
    return size > whole.size || used.has(whole) ? whole : t
  }
  return [...new Set([...used].map(keptFor))]
}

/** What a slice is a slice of; undefined for other nodes. */
const slicedOf = (t: Tensor): Tensor | undefined => (boxOf(t) ? t.inputs[0] : undefined)

/** Nodes of a loop's body that are no elementwise nodes, start it, leave it, or are read by anything but slices. */
function nodesReadWhole(forward: ReadonlySet<Tensor>, body: Body): Set<Tensor> {
  const starts = bodyStarts(body)
  const readWhole = new Set([...starts, ...body.carryOut, ...body.outs])
  for (const t of forward) {
    if (t.op.kind !== 'elementwise') readWhole.add(t)
    if (!starts.has(t) && !boxOf(t)) for (const x of t.inputs) readWhole.add(x)
  }
  return readWhole
}

/** How many elementwise operations are recomputed at most for a value that is then not kept. */
const mostOperations = 8

/**
 * The values to keep, without those that a few elementwise operations give from the others: memory costs more than
 * arithmetic. Inputs of the step are free, since they are in memory anyway; so is the carry after a step if that before
 * each step is kept: they are the same memory.
 */
function withoutDerivable(kept: readonly Tensor[], forward: ReadonlySet<Tensor>, body: Body): Tensor[] {
  const chosen = new Set(kept)
  const free = new Set([...body.xIn, ...body.carryOut.filter((_, i) => chosen.has(body.carryIn[i]))])
  /** What `t` is derived from, in at most `budget.left` operations; false if that is not possible. */
  const derive = (t: Tensor, top: Tensor, used: Set<Tensor>, budget: { left: number }): boolean => {
    if (!forward.has(t)) return true
    if (t !== top && (chosen.has(t) || free.has(t))) {
      used.add(t)
      return true
    }
    if (isView(t)) return derive(t.inputs[0], top, used, budget)
    if (t.op.kind !== 'elementwise' || budget.left-- <= 0) return false
    return t.inputs.every(x => derive(x, top, used, budget))
  }
  for (const t of [...kept].sort((a, b) => b.id - a.id)) {
    const used = new Set<Tensor>()
    const isComputed = t.op.kind === 'elementwise' || isView(t)
    if (free.has(t) || !isComputed || !derive(t, t, used, { left: mostOperations })) continue
    chosen.delete(t)
    remark('differentiate', () => `${t} is not kept: the backward loop works it out again`)
    for (const x of used) chosen.add(x)
  }
  return [...chosen]
}
