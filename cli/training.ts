import { type DeviceOptions, openDevice, type ProcessGroup } from '../engine/index.js'
import {
  GuessingWatch,
  type MetricsLine,
  type TrainHooks,
  type TrainResult,
  withEarlierChoices,
} from '../model/index.js'
import type { ChosenDevice } from './deviceOptions.js'
import { interruptExitCode, interrupted, interruptedBy, watchInterrupts } from './interrupt.js'
import { say, startProgress } from './progress.js'

export type TrainingOptions = {
  /** No banner, no progress. */
  readonly quiet?: boolean
  /** What the device is opened with; give none if it is open already. */
  readonly deviceOptions?: DeviceOptions
  /** Those that train together. */
  readonly processes?: ProcessGroup
}

/**
 * What a training's device is opened with: where a run goes on, what it began with of what the device is to choose.
 * `run`: its directory.
 */
export const resumedOptions = async (
  { options }: ChosenDevice,
  { fresh }: { readonly fresh: boolean },
  run: string,
): Promise<DeviceOptions> => (fresh ? options : withEarlierChoices(run, options))

/** What this needs of a training's settings. */
type ToldSettings = { readonly device: string; readonly num_steps: number; readonly patience: number }

/** How a training is told: by which command, in which unit the loss is, and of which score the AUROC. */
type Told = { readonly command: string; readonly lossUnit: string; readonly judged: string }

/**
 * Train with a banner and progress on stderr, on the device of the settings, which is opened. An interrupt ends it
 * with a checkpoint, and the process with the exit code of the signal.
 * @throws what `train` and `openDevice` throw.
 */
export async function withProgress<Result extends TrainResult>(
  settings: ToldSettings,
  told: Told,
  { quiet = false, deviceOptions = {} }: TrainingOptions,
  train: (hooks: TrainHooks) => Promise<Result>,
): Promise<Result> {
  await openDevice(settings.device || undefined, deviceOptions)
  watchInterrupts()
  let progress = startProgress(undefined, { quiet: true }) // until the first step says where the run begins
  let started = false
  let latest = ''
  let watch: GuessingWatch | undefined
  let overflowTold = false
  const warn = (text: string | undefined) => {
    if (text !== undefined) (quiet ? say : progress.say)(`${told.command}: ${text}`)
  }
  try {
    const result = await train({
      signal: interrupted,
      onStart: (run, notes, next, guessing) => {
        watch = new GuessingWatch(guessing, told.lossUnit)
        const lines = [`run ${run}`, ...notes, ...(next > 0 ? [`goes on at step ${next}`] : [])]
        if (!quiet) say(lines.join('\n  '))
      },
      onStep: (step, metrics) => {
        if (!started)
          progress = startProgress(settings.num_steps, { quiet, start: step, goal: lastStep(settings) })
        started = true
        warn(watch?.see(step, metrics.loss))
        latest = `step ${step}, loss ${metrics.loss.toFixed(4)}`
        progress.update(step + 1, latest)
      },
      onMetrics: line => {
        if (line.overflows && !overflowTold) {
          overflowTold = true
          warn(describeOverflows(line))
        }
        if (line.val_loss !== undefined) progress.say(describeValidation(line, told))
      },
    })
    progress.stop()
    warn(watch?.atEnd())
    const early = result.stoppedEarly
      ? `stopped early, ${settings.patience} validations without a better one; `
      : ''
    if (!quiet) say(`${early}${latest || 'nothing left to do'}; model ${result.checkpoint}`)
    // Another process may have had the signal: that of a scheduler.
    if (result.interrupted)
      process.exitCode = interruptExitCode(interrupted.aborted ? interruptedBy() : 'SIGTERM')
    return result
  } finally {
    progress.stop()
  }
}

const lastStep = ({ num_steps, patience }: ToldSettings): string =>
  `step ${num_steps}${patience > 0 ? ' (earlier if validations get no better)' : ''}`

/** What it means that a device whose floats saturate reports overflows; told once, later ones stand in the metrics. */
const describeOverflows = ({ step, steps, overflows }: MetricsLine): string =>
  `step ${step}: the device reports an overflow in ${overflows} of ${steps} steps. Its floats saturate (NaN is 0, infinity the largest number), so the loss may not show it. False alarms happen; if the loss gets no better, lower learning_rate or loss_scale. Further ones are counted as overflows in metrics.jsonl`

/** `step 1000: validation loss 1.3512 nats per base, AUROC of the likelihood 0.605 [0.593, 0.617]` */
function describeValidation(
  { step, val_loss, val_acc, auroc, auroc_ci }: MetricsLine,
  { lossUnit, judged }: Told,
): string {
  const digits = (x: unknown, n: number) => (typeof x === 'number' ? x.toFixed(n) : String(x))
  const accuracy = val_acc === undefined ? '' : `, accuracy ${digits(val_acc, 3)}`
  const interval = Array.isArray(auroc_ci) ? ` [${auroc_ci.map(x => digits(x, 3)).join(', ')}]` : ''
  const ranked = auroc === undefined ? '' : `, AUROC of ${judged} ${digits(auroc, 3)}${interval}`
  return `step ${step}: validation loss ${digits(val_loss, 4)} ${lossUnit}${accuracy}${ranked}`
}
