import type { TrainingData } from './batchFeed.js'
import type { RunDirectory } from './runDirectory.js'
import { type RunOptions, TrainingRun } from './trainingRun.js'
import type { ValidationOptions } from './validation.js'

export type TrainOptions = RunOptions & {
  /** Stop after the current step when this is aborted; a checkpoint is written first. */
  readonly signal?: AbortSignal
  /**
   * Called once the run is open, before its first step (`next`, counting from 0): not if what is there refuses to go on
   * with these options.
   */
  readonly onOpen?: (next: number) => Promise<void>
}

/** How a training ended: the last step done, whether it was interrupted or stopped early, and the newest checkpoint. */
export type TrainResult = {
  readonly step: number
  readonly interrupted: boolean
  readonly stoppedEarly: boolean
  readonly checkpoint: string
}

/**
 * Train a model in a run directory, from its newest checkpoint on, until all steps are done or `signal` is aborted.
 *
 * @throws DivergedError when the loss is NaN or infinite; SettingsError when the run there had other settings;
 * CheckpointError when its checkpoint cannot be read.
 */
export async function train(
  directory: RunDirectory,
  options: TrainOptions,
  data: TrainingData,
  validation?: ValidationOptions,
): Promise<TrainResult> {
  const run = await TrainingRun.open(directory, options, data, validation)
  try {
    await options.onOpen?.(run.next)
    while (!run.finished && !options.signal?.aborted) await run.advance()
    await run.save()
    const { finished, stoppedEarly, checkpoint } = run
    return { step: run.next - 1, interrupted: !finished, stoppedEarly, checkpoint }
  } finally {
    run.dispose()
  }
}
