import { within } from '../graph/context.js'
import { bytesOf } from './buffers.js'
import type { Plan } from './plan.js'

/** Bytes of everything that a plan needs at once: its arguments, results that take no argument's place, and scratch. */
export function bytesOfPlan({ leaves, outputs, donor, scratch }: Plan): number {
  const sum = (bytes: readonly number[]) => bytes.reduce((a, b) => a + b, 0)
  const allocated = outputs.filter((_, i) => donor[i] === undefined)
  return sum(leaves.map(bytesOf)) + sum(allocated.map(bytesOf)) + sum(scratch)
}

/** How many steps a loop of `steps` steps takes from one checkpoint to the next. */
type CheckpointPolicy = (steps: number) => number

/** About `factor * sqrt(steps)` steps, such that few are left at the end. */
const aboutSquareRoot =
  (factor: number): CheckpointPolicy =>
  steps => {
    const target = factor * Math.sqrt(steps)
    const [least, most] = [Math.max(1, Math.ceil(target / 1.5)), Math.floor(target * 1.5)]
    if (most < 1 || least >= steps) return Math.max(1, steps)
    let best = least
    for (let every = least; every <= Math.min(most, steps); every++)
      if (steps % every < steps % best) best = every
    return best
  }

/**
 * In the order in which they are tried: no checkpoints; then fewer and fewer steps from one to the next, as the fewer the
 * pieces of a loop, the larger the products that sum over their steps.
 */
const policies: readonly (CheckpointPolicy | undefined)[] = [
  undefined,
  ...[4, 2, 1, 1 / 2, 1 / 4].map(aboutSquareRoot),
]

/** Bytes for people. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 3 : 0)} MB`

/**
 * Trace and plan with as few recomputations as `memory` bytes allow: none, or checkpoints in all scans. `trace` makes a
 * trace, with a plan in it. What a device needs beside the plan (code, packed matrices, threads) does not count.
 * @throws RangeError when even the smallest plan is larger.
 */
export function withinBudget<T extends { readonly plan: Plan }>(
  memory: number | undefined,
  trace: () => T,
): T {
  if (memory === undefined) return trace()
  let least = Number.POSITIVE_INFINITY
  for (const policy of policies) {
    const traced = within({ checkpoints: policy }, trace)
    const bytes = bytesOfPlan(traced.plan)
    if (bytes <= memory) return traced
    least = Math.min(least, bytes)
  }
  throw new RangeError(
    `compile: a memory budget of ${megabytes(memory)} is too small: ${megabytes(least)} are needed at least, with checkpoints; give more, or smaller arguments`,
  )
}
