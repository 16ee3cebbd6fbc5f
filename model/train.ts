import type { Tree } from '../engine/index.js'
import type { TrainingData } from './batchFeed.js'
import type { ModelOptions } from './generative.js'
import type { Network } from './network.js'
import type { RunDirectory } from './runDirectory.js'
import { type RunSettings, TrainingRun } from './trainingRun.js'
import type { ValidationOptions, Validator } from './validation.js'

/** What a training takes, whatever it trains. */
export type TrainSettings = RunSettings & {
  /** Stop after the current step when this is aborted; a checkpoint is written first. */
  readonly signal?: AbortSignal
  /**
   * Called once the run is open, before its first step (`next`, counting from 0): not if what is there refuses to go on
   * with these options.
   */
  readonly onOpen?: (next: number) => Promise<void>
}

/** The same for a generative model. */
export type TrainOptions = ModelOptions & TrainSettings

/** How a training ended: the last step done, whether it was interrupted or stopped early, and the newest checkpoint. */
export type TrainResult = {
  readonly step: number
  readonly interrupted: boolean
  readonly stoppedEarly: boolean
  readonly checkpoint: string
}

/**
 * Train a generative model in a run directory, from its newest checkpoint on, until all steps are done or `signal` is aborted.
 *
 * @throws DivergedError when the loss is NaN or infinite; SettingsError when the run there had other settings;
 * CheckpointError when its checkpoint cannot be read; FolderInUseError while another process trains there.
 */
export async function train(
  directory: RunDirectory,
  options: TrainOptions,
  data: TrainingData,
  validation?: ValidationOptions,
): Promise<TrainResult> {
  return finish(await TrainingRun.open(directory, options, data, validation), options)
}

/** As `train`, for any network. @throws as `train`. */
export async function trainNetwork<P extends Tree>(
  network: Network<P>,
  directory: RunDirectory,
  options: TrainSettings,
  data: TrainingData,
  validator?: Validator<P>,
): Promise<TrainResult> {
  return finish(await TrainingRun.openNetwork(network, directory, options, data, validator), options)
}

/** Advance a run to its end, or to the step at which it is interrupted. */
async function finish<P extends Tree>(run: TrainingRun<P>, options: TrainSettings): Promise<TrainResult> {
  try {
    const { onOpen, team } = options
    const signals = [options.signal, team?.stopping].filter(signal => signal !== undefined)
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0]
    await onOpen?.(run.next)
    await run.catchUp(signal)
    while (!run.finished && !signal?.aborted) await run.advance(signal)
    await run.save()
    const { finished, stoppedEarly, checkpoint } = run
    const interrupted = !finished || run.validationIsDue
    await options.team?.tell(interrupted ? 'interrupt' : 'finish')
    return { step: run.next - 1, interrupted, stoppedEarly, checkpoint }
  } finally {
    run.dispose()
  }
}
