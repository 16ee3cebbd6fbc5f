import type { Remark } from '../graph/context.js'
import { collectRemarks } from '../graph/remarks.js'
import { type Kernel, printKernel } from '../kernel/kernel.js'
import { bytesOfPlan, megabytes } from './budget.js'
import type { Plan } from './plan.js'

export type ExplainOptions = {
  /** Also print the input and output of every pass. */
  readonly passes?: boolean
}

/** Kernels by kind and how many of each: `1 matmul, 1 map`. */
function countKinds(kernels: readonly Kernel[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of kernels) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

function summaries(kernels: readonly Kernel[], indent = ''): string[] {
  return kernels.flatMap(kernel =>
    kernel.kind === 'loop'
      ? [
          `${indent}${kernel.steps} steps${kernel.reverse ? ' in reverse' : ''}, each ${countKinds(kernel.body.map(l => l.kernel))}`,
          ...summaries(
            kernel.body.map(l => l.kernel),
            `${indent}  `,
          ),
        ]
      : [],
  )
}

const printRemark = ({ pass, part, text }: Remark): string =>
  `${pass}: ${[...part, text].join(': ').replaceAll('\n', '\n  ')}`

/**
 * A plan for people: the kernels that it runs, what every step of its loops costs, and what its passes have to say:
 * what left a loop and what did not, what a backward pass has kept, what was not fused, and why. `plan`: traces and plans
 * anew, as passes speak only while they are listened to.
 */
export function explainPlan(plan: () => Plan, { passes = false }: ExplainOptions = {}): string {
  const { value, remarks } = collectRemarks(plan)
  const kernels = value.launches.map(l => l.kernel)
  const said = [...new Set(remarks.filter(r => passes || !r.dump).map(printRemark))]
  const loops = summaries(kernels, '  ')
  return [
    ...kernels.map(printKernel),
    `total: ${countKinds(kernels)}; ${megabytes(bytesOfPlan(value))}`,
    ...(loops.length ? ['steps:', ...loops] : []),
    ...said,
  ].join('\n')
}
