import type { Tensor } from '../graph/tensor.js'
import { constantValue } from '../ops/index.js'
import { bodyNodes, bodyStarts, type Picked, pickOf, scanAttrs, scanInputs } from '../scan/node.js'

/** The parts of a scan that somebody uses. */
export type LiveScan = {
  /** Carries, by number. */
  readonly carries: readonly number[]
  /** Nodes of the body whose values at all steps are used. */
  readonly stacked: readonly Tensor[]
  /** Stacked inputs, by number. */
  readonly xs: readonly number[]
  /** Tensors from outside that the live part of the body uses. */
  readonly captured: readonly Tensor[]
}

/** The inputs of a scan that its live parts need. */
export function scanInputsOf(scan: Tensor, { carries, xs, captured }: LiveScan): readonly Tensor[] {
  const inputs = scanInputs(scan)
  return [...carries.map(i => inputs.init[i]), ...xs.map(i => inputs.xs[i]), ...captured]
}

/** What has to be computed for `outputs`: nodes in an order in which inputs come first, and live parts of scans. */
export type Live = { readonly nodes: readonly Tensor[]; readonly scans: ReadonlyMap<Tensor, LiveScan> }

/**
 * Dead-code elimination. `isSource`: nodes whose value is there already. Scans lose the carries, outputs and inputs that
 * nothing depends on.
 */
export function liveNodes(outputs: readonly Tensor[], isSource: (t: Tensor) => boolean): Live {
  // Consumers are always newer than what they consume, so one walk by age sees all uses of a node before the node.
  const reachable = new Set<Tensor>()
  const stack = [...outputs]
  while (stack.length) {
    const t = stack.pop()!
    if (reachable.has(t)) continue
    reachable.add(t)
    if (!isSource(t)) stack.push(...t.inputs)
  }
  const live = new Set(outputs)
  const picks = new Map<Tensor, Picked[]>()
  const scans = new Map<Tensor, LiveScan>()
  for (const t of [...reachable].sort((a, b) => b.id - a.id)) {
    if (!live.has(t) || isSource(t)) continue
    if (t.op.kind === 'pick') {
      const { scan, picked } = pickOf(t)
      const used = picks.get(scan) ?? []
      picks.set(scan, [picked, ...used.filter(p => p !== picked)])
      live.add(scan)
    } else if (t.op.kind === 'scan') {
      const parts = liveScan(t, picks.get(t)!)
      scans.set(t, parts)
      for (const x of scanInputsOf(t, parts)) live.add(x)
    } else for (const x of t.inputs) live.add(x)
  }
  return { nodes: [...live].sort((a, b) => a.id - b.id), scans }
}

/** The parts of a scan that `picks`, what is asked of it, depend on; stacked values in the order of `picks`. */
function liveScan(scan: Tensor, picks: readonly Picked[]): LiveScan {
  const { body } = scanAttrs(scan)
  const stacked = picks.filter(picked => typeof picked !== 'number')
  const carries = new Set(picks.filter(picked => typeof picked === 'number'))
  const starts = bodyStarts(body)
  // A carry lives if it is asked for, or if a live value of the body uses it: repeat until no more join.
  for (;;) {
    const wanted = [...[...carries].map(i => body.carryOut[i]), ...stacked]
    const { inside, captured } = bodyNodes(wanted, starts)
    const used = body.carryIn.flatMap((t, i) => (inside.has(t) && !carries.has(i) ? [i] : []))
    if (!used.length)
      return {
        carries: [...carries].sort((a, b) => a - b),
        stacked,
        xs: body.xIn.flatMap((t, i) => (inside.has(t) ? [i] : [])),
        captured: captured.filter(t => constantValue(t) === undefined),
      }
    for (const i of used) carries.add(i)
  }
}

/** Leaves that a plan reads from outside: placeholders, data, and values computed before. */
export const isLeaf = (t: Tensor): boolean =>
  t.storage !== undefined || (t.op.kind === 'source' && constantValue(t) === undefined)
