import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { isFloat } from '../kernel/dtype.js'
import { printShape } from '../kernel/shape.js'
import { placeholder, zeros } from '../ops/index.js'
import { keptValues } from './keptValues.js'
import {
  type Body,
  bodyNodes,
  bodyStarts,
  finalCarry,
  type Picked,
  scanAttrs,
  scanInputs,
  scanNode,
  stackedValues,
} from './node.js'
import { type SummedLoop, SumOverSteps } from './sumOverSteps.js'

/** Reverse mode over a piece of graph, as gradient.ts has it: cotangents of `wrt`, given those of `outputs`. */
export type Backpropagate = (
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  ends: ReadonlySet<Tensor>,
) => (Tensor | undefined)[]

/**
 * Cotangents of a scan's inputs, in their order. `gs`: cotangents of its values, [steps, ...] of stacked ones; `needed`:
 * of which inputs they are wanted.
 *
 * The body is differentiated once, with `backpropagate`. The backward loop runs the other way round and carries the
 * cotangents of the forward carries. Values of the forward body that it uses are stacked by the forward loop. Cotangents
 * of captured tensors (parameters) are sums over steps that feed no later step, so they leave the loop where they can:
 * see `SumOverSteps`.
 */
export function scanVjp(
  scan: Tensor,
  gs: ReadonlyMap<Picked, Tensor>,
  needed: readonly boolean[],
  backpropagate: Backpropagate,
): (Tensor | undefined)[] {
  const { steps, reverse, body, recompute } = scanAttrs(scan)
  const { init } = scanInputs(scan)
  const carries = body.carryIn.length
  const needsX = needed.slice(carries, carries + body.xIn.length)
  const needsCaptured = needed.slice(carries + body.xIn.length)
  const step = differentiateStep(scan, [...gs.keys()].filter(isStacked), backpropagate)
  const { gCarry, gCarryNext, gOut, gX, gCaptured } = step

  // The values that the backward loop may have from the forward loop; all else it computes from them.
  const forward = recompute
    ? bodyStarts(body)
    : bodyNodes([...body.carryOut, ...body.outs], bodyStarts(body)).inside
  const wanted = [
    ...gCarryNext,
    ...gX.filter((_, i) => needsX[i]),
    ...gCaptured.filter((_, i) => needsCaptured[i]),
  ].filter(g => g !== undefined)
  const kept = keptValues(wanted, forward, body)
  for (const t of kept) remark('differentiate', () => whyKept(t, body, steps))
  const given = new Set([...gOut.keys(), ...kept])
  const perStep = bodyNodes(wanted, new Set([...gCarry, ...given])).inside
  const sums = new SumOverSteps(steps, perStep, given, recompute)
  const finish = gCaptured.map((g, i) => (g && needsCaptured[i] ? sums.plan(g) : undefined))

  const backward: Body = {
    carryIn: [...gCarry, ...sums.accumulators.map(a => a.before)],
    xIn: [...given],
    carryOut: [...gCarryNext, ...sums.accumulators.map(a => a.before.add(a.term))],
    outs: wanted,
  }
  const loop = scanNode(
    { steps, reverse: !reverse, body: backward, recompute: false },
    [
      ...gCarry.map((g, i) => gs.get(i) ?? zeros(g.shape, g.dtype)),
      ...sums.accumulators.map(a => zeros(a.before.shape, a.before.dtype)),
    ],
    [...[...gOut.values()].map(out => gs.get(out)!), ...kept.map(t => stackedValues(scan, t))],
  )
  const summed: SummedLoop = {
    stacked: t => (perStep.has(t) ? stackedValues(loop, t) : t.unsqueeze(0).expand(steps, ...t.shape)),
    final: i => finalCarry(loop, gCarry.length + i),
  }
  return [
    ...init.map((t, i) => (needed[i] && isFloat(t.dtype) ? finalCarry(loop, i) : undefined)),
    ...gX.map((g, i) => (g && needsX[i] ? summed.stacked(g) : undefined)),
    ...finish.map(f => f?.(summed)),
  ]
}

const isStacked = (picked: Picked): picked is Tensor => typeof picked !== 'number'

/** The derivative of one step: from cotangents of its results to those of what it starts from. */
type StepDerivative = {
  /** Cotangents of the carries after the step (placeholders), and before it. */
  readonly gCarry: readonly Tensor[]
  readonly gCarryNext: readonly Tensor[]
  /** Cotangents of the step's outputs (placeholders), with the outputs. */
  readonly gOut: ReadonlyMap<Tensor, Tensor>
  readonly gX: readonly (Tensor | undefined)[]
  readonly gCaptured: readonly (Tensor | undefined)[]
}

function differentiateStep(
  scan: Tensor,
  outs: readonly Tensor[],
  backpropagate: Backpropagate,
): StepDerivative {
  const { body } = scanAttrs(scan)
  const gOut = new Map(outs.map(out => [placeholder(out.shape, out.dtype), out]))
  const gCarry = body.carryIn.map(t => placeholder(t.shape, t.dtype))
  const starts = [...body.carryIn, ...body.xIn, ...scanInputs(scan).captured]
  const cotangents = backpropagate(
    [...body.carryOut, ...outs],
    [...gCarry.map(g => (isFloat(g.dtype) ? g : undefined)), ...gOut.keys()],
    starts,
    new Set(starts),
  )
  const carries = body.carryIn.length
  return {
    gCarry,
    gCarryNext: gCarry.map((t, i) => cotangents[i] ?? zeros(t.shape, t.dtype)),
    gOut,
    gX: cotangents.slice(carries, carries + body.xIn.length),
    gCaptured: cotangents.slice(carries + body.xIn.length),
  }
}

/** A remark on a value that the forward loop keeps. */
function whyKept(t: Tensor, body: Body, steps: number): string {
  const what = `${t.dtype} ${printShape(t.shape)}`
  if (body.xIn.includes(t)) return `the backward loop of ${steps} steps reads an input of the step, ${what}`
  if (body.carryIn.includes(t))
    return `the backward loop of ${steps} steps reads the carry ${what} before each step`
  return `${t} is kept for the backward loop of ${steps} steps`
}
