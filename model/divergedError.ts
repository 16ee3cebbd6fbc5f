import { entries, type Tree } from '../engine/index.js'
import { SettingsError } from './settingsError.js'
import type { StepMetrics } from './trainStep.js'

/** A loss that is not a number any more, or would not be if floats did not saturate; the message says what to do. */
export class DivergedError extends SettingsError {
  override readonly name = 'DivergedError'
}

/** The largest number of float16, which is what its products turn infinity into where floats saturate. */
const largestFloat16 = 65504

/**
 * Whether a loss is not a number any more. `overflowed`: where floats saturate, whether the device reports an overflow in the
 * step. That may be a false alarm; but then the loss is a usual one, not what is made of NaN (0) or of infinity there.
 */
export const hasDiverged = (loss: number, overflowed = false): boolean =>
  !Number.isFinite(loss) || (overflowed && (loss === 0 || Math.abs(loss) >= largestFloat16))

/**
 * The error of a step whose loss `hasDiverged`. `parameters`: those after the step; `checkpoint`: the path of the last
 * good one, or nothing.
 */
export async function divergedError(
  step: number,
  { loss_total, loss_reg }: StepMetrics,
  parameters: Tree,
  checkpoint: string,
  learningRate: number,
): Promise<DivergedError> {
  const good = checkpoint ? `Last good checkpoint: ${checkpoint}.` : 'There is no checkpoint yet.'
  const slower = learningRate / 5
  if (Number.isFinite(loss_total))
    return new DivergedError(
      name =>
        `loss is ${loss_total} at step ${step}, and the device reports an overflow: its floats saturate, NaN is 0 and infinity the largest number. ${good} Try ${name('learning_rate')} ${slower}, or a smaller ${name('loss_scale')}.`,
    )
  // The regulariser sees the parameters before the update: if it is finite, they were, and the forward pass failed.
  const first = Number.isFinite(loss_reg) ? 'logits' : await firstNotFinite(parameters)
  return new DivergedError(
    name =>
      `loss is ${loss_total} at step ${step} (first bad tensor: ${first}). ${good} Try ${name('learning_rate')} ${slower}.`,
  )
}

async function firstNotFinite(parameters: Tree): Promise<string> {
  for (const [name, t] of entries(parameters)) if (!(await t.data()).every(Number.isFinite)) return name
  return 'parameters'
}
