import type { Schedule } from '../engine/index.js'
import type { TrainingData } from './batchFeed.js'
import type { Optimisation } from './trainStep.js'

/** What must be the same, beside the model, for a run to be resumed: by name, as every checkpoint's metadata has it. */
export type RunIdentity = Readonly<Record<string, string>>

type IdentifiedOptions = Optimisation & {
  readonly steps: number
  readonly schedule?: Omit<Schedule, 'steps'>
  readonly shards?: number
}

/** What checkpoints mean that are from before an aspect was written down. */
export const unwritten: RunIdentity = {
  optimiser: 'adam',
  'learning rate schedule': 'constant',
  'gradient clipping': 'none',
  windows: '1',
  shards: 'none',
}

/**
 * The identity of a run. The memory budget takes part, because it decides where sums over steps are taken in pieces, and
 * the loss scale, because gradients are rounded at it, and the shards, because their gradients are added up: with other
 * ones the bits would differ.
 */
export const identityOf = (
  options: IdentifiedOptions,
  { fingerprint, windows }: TrainingData,
): RunIdentity => ({
  seed: String(options.seed),
  data: fingerprint,
  'memory budget': String(options.memory ?? 'none'),
  'loss scale': String(options.lossScale ?? 1),
  optimiser: describeOptimiser(options),
  'learning rate schedule': describeSchedule(options),
  'gradient clipping': options.clipNorm ? `norm ${options.clipNorm}` : 'none',
  windows: String(windows ?? 1),
  shards: String(options.shards ?? 'none'),
})

function describeOptimiser({
  optimiser = 'adam',
  weightDecay = 0,
  momentum = 0.9,
}: IdentifiedOptions): string {
  const decay = optimiser !== 'adam' && weightDecay ? `, weight decay ${weightDecay}` : ''
  return `${optimiser}${optimiser === 'sgd' ? `, momentum ${momentum}` : ''}${decay}`
}

/** A rate that falls depends on the number of steps; one that stays does not, so such a run can be given more. */
function describeSchedule({ schedule, steps }: IdentifiedOptions): string {
  const { shape, warmup = 0 } = schedule ?? { shape: 'constant' }
  const over = shape === 'constant' ? '' : ` over ${steps} steps`
  return `${shape}${over}${warmup ? `, warm-up ${warmup} steps` : ''}`
}
