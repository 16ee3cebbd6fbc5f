import fc from 'fast-check'
import { detectorTargets } from './detectorTargets.js'
import { modelTargets } from './modelTargets.js'
import { type Mutation, mutations } from './mutation.js'
import { readTargets } from './readTargets.js'
import { tableTargets } from './tableTargets.js'
import type { Target } from './targets.js'

/** Everything that reads files of others. */
export const targets: readonly Target[] = [
  ...readTargets,
  ...modelTargets,
  ...detectorTargets,
  ...tableTargets,
]

/** What a target did wrong: the error, the input (smallest of its kind), and what repeats it. */
export type Finding = { readonly target: string; readonly input: Uint8Array; readonly error: string }

/** Tries a target with so many inputs, which `seed` decides. Returns the first finding, made as small as possible. */
export async function tryTarget(
  { name, make, judge }: Target,
  runs: number,
  seed: number,
): Promise<Finding | undefined> {
  const property = fc.asyncProperty(mutations, fc.nat(1023), async (changes, pick) => {
    await judge(await make(changes, pick))
  })
  const { failed, counterexample, errorInstance } = await fc.check(property, { numRuns: runs, seed })
  if (!failed || !counterexample) return undefined
  const [changes, pick]: [readonly Mutation[], number] = counterexample
  const error =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)
  return { target: name, input: new Uint8Array(await make(changes, pick)), error }
}
