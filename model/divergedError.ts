import { entries, type Tree } from '../engine/index.js'
import { SettingsError } from './settingsError.js'
import type { StepMetrics } from './trainStep.js'

/** A loss that is not a number any more; the message says what to do. */
export class DivergedError extends SettingsError {
  override readonly name = 'DivergedError'
}

/**
 * The error of a step whose loss is not finite. `parameters`: those after the step; `checkpoint`: the path of the last
 * good one, or nothing.
 */
export async function divergedError(
  step: number,
  { loss_total, loss_reg }: StepMetrics,
  parameters: Tree,
  checkpoint: string,
  learningRate: number,
): Promise<DivergedError> {
  // The regulariser sees the parameters before the update: if it is finite, they were, and the forward pass failed.
  const first = Number.isFinite(loss_reg) ? 'logits' : await firstNotFinite(parameters)
  const good = checkpoint ? `Last good checkpoint: ${checkpoint}.` : 'There is no checkpoint yet.'
  return new DivergedError(
    name =>
      `loss is ${loss_total} at step ${step} (first bad tensor: ${first}). ${good} Try ${name('learning_rate')} ${learningRate / 5}.`,
  )
}

async function firstNotFinite(parameters: Tree): Promise<string> {
  for (const [name, t] of entries(parameters)) if (!(await t.data()).every(Number.isFinite)) return name
  return 'parameters'
}
