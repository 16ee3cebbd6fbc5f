import { type DeviceOptions, openDevice } from '../engine/index.js'
import type { TrainHooks } from '../model/index.js'
import { exitCodes } from './failure.js'
import { interrupted, watchInterrupts } from './interrupt.js'
import { say, startProgress } from './progress.js'

export type TrainingOptions = {
  /** No banner, no progress. */
  readonly quiet?: boolean
  /** What the device is opened with; give none if it is open already. */
  readonly deviceOptions?: DeviceOptions
}

/** How a training ended, as far as it is told. */
type Ended = { readonly checkpoint: string; readonly interrupted: boolean }

/**
 * Train with a banner and progress on stderr, on the device of the settings, which is opened. SIGINT ends it with a
 * checkpoint, and the process with exit code 130.
 * @throws what `train` and `openDevice` throw.
 */
export async function withProgress<Result extends Ended>(
  { device, num_steps }: { readonly device: string; readonly num_steps: number },
  { quiet = false, deviceOptions = {} }: TrainingOptions,
  train: (hooks: TrainHooks) => Promise<Result>,
): Promise<Result> {
  await openDevice(device || undefined, deviceOptions)
  watchInterrupts()
  let progress = startProgress(undefined, { quiet: true }) // until the first step says where the run begins
  let started = false
  let latest = ''
  try {
    const result = await train({
      signal: interrupted,
      onStart: (run, notes) => {
        if (!quiet) say([`run ${run}`, ...notes].join('\n  '))
      },
      onStep: (step, metrics) => {
        if (!started) progress = startProgress(num_steps, { quiet, start: step })
        started = true
        latest = `step ${step}, loss ${metrics.loss.toFixed(4)}`
        progress.update(step + 1, latest)
      },
    })
    progress.stop()
    if (!quiet) say(`${latest || 'nothing left to do'}; model ${result.checkpoint}`)
    if (result.interrupted) process.exitCode = exitCodes.interrupted
    return result
  } finally {
    progress.stop()
  }
}
