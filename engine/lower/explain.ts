import type { Remark } from '../graph/context.js'
import { megabytes } from './budget.js'
import { type OutlinedKernel, outlinePlan } from './outline.js'
import type { Plan } from './plan.js'

/** What `explain` prints beside kernels, loops and decisions. */
export type ExplainOptions = {
  /** Also print the input and output of every pass. */
  readonly passes?: boolean
}

/** Kernels by kind and how many of each: `1 matmul, 1 map`. */
function countKinds(kernels: readonly OutlinedKernel[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of kernels) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

/** A line for each loop among some kernels, and the loops in it: its steps, and the kernels of one. */
function loopLines(kernels: readonly OutlinedKernel[], indent: string): string[] {
  return kernels.flatMap(({ loop }) =>
    loop
      ? [
          `${indent}${loop.steps} steps${loop.reverse ? ' in reverse' : ''}, each ${countKinds(loop.kernels)}`,
          ...loopLines(loop.kernels, `${indent}  `),
        ]
      : [],
  )
}

const printRemark = ({ pass, part, text }: Remark): string =>
  `${pass}: ${[...part, text].join(': ').replaceAll('\n', '\n  ')}`

/**
 * A plan for people: the kernels that it runs, what each step of its loops consists of, and the remarks of the passes:
 * what left a loop and what did not, what is kept for the backward pass, what was not fused, and why. `plan` traces and
 * plans anew, as remarks are made only while somebody listens.
 */
export function explainPlan(plan: () => Plan, { passes = false }: ExplainOptions = {}): string {
  const { kernels, bytes, remarks } = outlinePlan(plan)
  const lines = [...new Set(remarks.filter(r => passes || !r.dump).map(printRemark))]
  const loops = loopLines(kernels, '  ')
  return [
    ...kernels.map(({ text }) => text),
    `total: ${countKinds(kernels)}; ${megabytes(bytes)}`,
    ...(loops.length ? ['steps:', ...loops] : []),
    ...lines,
  ].join('\n')
}
