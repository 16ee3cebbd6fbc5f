import { sameOperation } from '../graph/node.js'
import { kernelRecord } from '../graph/record.js'
import { remark } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { placeholder } from '../ops/index.js'
import { isView } from './node.js'
import { overSteps } from './overSteps.js'

/** A loop, once it exists: what sums over its steps read. */
export type SummedLoop = {
  /** The values of a node at all steps. */
  stacked(t: Tensor): Tensor
  /** What accumulator number `index` holds after the last step. */
  final(index: number): Tensor
}

/** Builds a sum once the loop exists. */
type Finish = (loop: SummedLoop) => Tensor

/**
 * Sums of nodes of a loop's body over all steps, outside of the loop where that is possible: a sum over steps commutes
 * with linear operations (`LoopRules.linearIn`), and others sum over the steps in one operation (`LoopRules.sumOverSteps`,
 * a product of matrices, say). What remains is added up in the loop, in carries of its own (`accumulators`).
 *
 * Two phases, since the loop needs its accumulators before it is made: `plan` decides, and returns what builds the sum.
 */
export class SumOverSteps {
  /** Carries of the loop, from zeros: placeholders of the sum before a step, and what the step adds to it. */
  readonly accumulators: { readonly before: Tensor; readonly term: Tensor }[] = []
  readonly #plans = new Map<Tensor, Finish>()

  constructor(
    readonly steps: number,
    /** Nodes with a value of their own at every step. */
    readonly perStep: ReadonlySet<Tensor>,
    /** Those of them that the loop reads: their values at all steps are there. */
    readonly given: ReadonlySet<Tensor>,
    /** Add everything up in the loop: what would be stacked is as much memory as recomputing is to save. */
    readonly inLoop: boolean,
  ) {}

  /** Decide how to sum `t`, once; the result builds the sum, once, when the loop exists. */
  plan(t: Tensor): Finish {
    const known = this.#plans.get(t)
    if (known) return known
    const build = this.#plan(t)
    let sum: Tensor | undefined
    const finish = (loop: SummedLoop): Tensor => {
      sum ??= build(loop)
      return sum
    }
    this.#plans.set(t, finish)
    return finish
  }

  #plan(t: Tensor): Finish {
    if (!this.perStep.has(t)) return () => t.mul(this.steps)
    if (this.inLoop)
      return this.#addInLoop(t, 'stacking what it is made of would take the memory that is to be saved')
    const linear = linearInputs(t).find(inputs =>
      t.inputs.every((x, i) => inputs.includes(i) || !this.perStep.has(x)),
    )
    if (linear) {
      const parts = t.inputs.map((x, i) => (linear.includes(i) ? this.plan(x) : () => x))
      return loop =>
        sameOperation(
          t,
          parts.map(part => part(loop)),
        )
    }
    const kernel = kernelRecord(t)
    if (!kernel?.op.sumOverSteps)
      return this.#addInLoop(t, `a sum over steps of '${t.op.name}' has no other form`)
    remark('differentiate', () => `the sum over steps of ${t} leaves the loop as one operation`)
    return loop =>
      kernel.op.sumOverSteps!(
        kernel.node,
        t.inputs.map(x => this.#stacked(loop, x)),
      )
  }

  #addInLoop(t: Tensor, why: string): Finish {
    remark('differentiate', () => `the sum over steps of ${t} is added up in the loop: ${why}`)
    const before = placeholder(t.shape, t.dtype)
    const index = this.accumulators.push({ before, term: t }) - 1
    return loop => loop.final(index)
  }

  /** The values of a node at all steps; of a view, the view of the values. */
  #stacked(loop: SummedLoop, t: Tensor): Tensor {
    const known = (x: Tensor) =>
      this.given.has(x) || (this.perStep.has(x) && !isView(x)) ? loop.stacked(x) : undefined
    return overSteps(t, { steps: this.steps, known, fixed: x => !this.perStep.has(x) }) ?? loop.stacked(t)
  }
}

/** Sets of inputs in which a node is jointly linear. */
export function linearInputs(t: Tensor): readonly (readonly number[])[] {
  if (isView(t)) return [[0]]
  const kernel = kernelRecord(t)
  const sets = kernel ? kernel.op.linearIn?.(kernel.node) : t.op.kind === 'elementwise' ? t.op.linearIn : []
  return sets ?? []
}
