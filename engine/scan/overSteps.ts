import { sameOperation } from '../graph/node.js'
import { kernelRecord, viewRecord } from '../graph/record.js'
import type { StepInput, Tensor } from '../graph/tensor.js'
import { expand } from '../ops/index.js'

/** How to see a node of a loop's body at all steps at once. */
export type StepView = {
  readonly steps: number
  /** The stacked values [steps, ...] of a node, where they are known; of others they are computed from its inputs. */
  readonly known: (t: Tensor) => Tensor | undefined
  /** Whether a node is the same at all steps. */
  readonly fixed: (t: Tensor) => boolean
}

/**
 * The values of a node of a loop's body at all steps, stacked along a new leading axis, computed outside of the loop from
 * the stacked values that it depends on: the same operations with one more axis. Undefined where an operation has no such
 * form.
 */
export function overSteps(t: Tensor, { steps, known, fixed }: StepView): Tensor | undefined {
  // A node is stacked once, however many others use it.
  const done = new Map<Tensor, Tensor | undefined>()
  const stackedOf = (x: Tensor): Tensor | undefined => {
    if (!done.has(x)) done.set(x, known(x) ?? (fixed(x) ? repeated(x, steps) : fromInputs(x)))
    return done.get(x)
  }
  const fromInputs = (x: Tensor): Tensor | undefined => {
    const inputs: StepInput[] = []
    for (const input of x.inputs) {
      const isFixed = known(input) === undefined && fixed(input)
      const tensor = isFixed ? input : stackedOf(input)
      if (!tensor) return undefined
      inputs.push({ fixed: isFixed, tensor, stacked: () => (isFixed ? repeated(input, steps) : tensor) })
    }
    return applyRule(x, inputs, steps)
  }
  return stackedOf(t)
}

const repeated = (t: Tensor, steps: number): Tensor => expand(t, [steps, ...t.shape])

/** The node at all steps by its operation's rule (`LoopRules.overSteps`); elementwise ones have one more axis. */
function applyRule(t: Tensor, inputs: readonly StepInput[], steps: number): Tensor | undefined {
  if (t.op.kind === 'elementwise')
    return sameOperation(
      t,
      inputs.map(x => x.stacked()),
      [steps, ...t.shape],
    )
  const record = viewRecord(t) ?? kernelRecord(t)
  return record?.op.overSteps?.(record.node, inputs, steps)
}
