import type { Command, OptionValues } from 'commander'
import { type DeviceOptions, openDevice } from '../../engine/index.js'
import {
  checkSettings,
  GuessingWatch,
  type MetricsLine,
  type Settings,
  trainFromSettings,
} from '../../model/index.js'
import { chosenDevice, deviceOptionFlags } from '../deviceOptions.js'
import { trainEachGenus } from '../eachGenus.js'
import { exitCodes, UsageError } from '../failure.js'
import { interrupted, watchInterrupts } from '../interrupt.js'
import { say, startProgress } from '../progress.js'
import { settingOptions, settingsOf } from '../settingFlags.js'
import { processesOption } from '../trainingProcesses.js'

/** `xenograd train`: the reference's generative.py, with its flags. */
export function register(program: Command): void {
  const command = program
    .command('train')
    .summary('train a model on reads, with the flags of the reference')
    .description(
      'Train a generative model of reads. The flags are those of the reference (google-research, genomics_ood, ' +
        'generative.py) with its defaults, with underscores or dashes, and a few of ours. A run directory is made below ' +
        '--out_dir; the same command goes on from its newest checkpoint, bit for bit. Ctrl-C writes a checkpoint first.',
    )
    .option('-q, --quiet', 'no banner, no progress')
    .option(
      '--each-genus',
      'of --genomes: train a model for each genus, on its genomes alone, into OUT_DIR/GENUS, several at once',
    )
    .addOption(processesOption())
  for (const option of [...deviceOptionFlags(), ...settingOptions()]) command.addOption(option)
  command.action(async (given: OptionValues) => {
    const device = await chosenDevice(given)
    const settings = settingsOf(given, device.name)
    if (given.eachGenus) await trainEachGenus(settings, given, device)
    else if (given.processes)
      throw new UsageError('--processes goes with --each-genus; one training is one process')
    else await runTraining(settings, { quiet: given.quiet === true, deviceOptions: device.options })
  })
}

/**
 * Train with a banner and progress on stderr. SIGINT ends it with a checkpoint, and the process with exit code 130.
 * `deviceOptions`: what the device is opened with; give none if it is open already.
 * @throws what `trainFromSettings` and `openDevice` throw.
 */
export async function runTraining(
  settings: Settings,
  { quiet = false, deviceOptions = {} }: { quiet?: boolean; deviceOptions?: DeviceOptions } = {},
): ReturnType<typeof trainFromSettings> {
  checkSettings(settings) // before a device is opened for nothing
  await openDevice(settings.device || undefined, deviceOptions)
  watchInterrupts()
  let progress = startProgress(undefined, { quiet: true }) // until the first step says where the run begins
  let started = false
  let latest = ''
  const watch = new GuessingWatch()
  const warn = (text: string | undefined) => {
    if (text !== undefined) (quiet ? say : progress.say)(`xenograd train: ${text}`)
  }
  try {
    const result = await trainFromSettings(settings, {
      signal: interrupted,
      onStart: (run, notes, next) => {
        const lines = [`run ${run}`, ...notes, ...(next > 0 ? [`goes on at step ${next}`] : [])]
        if (!quiet) say(lines.join('\n  '))
      },
      onStep: (step, metrics) => {
        if (!started)
          progress = startProgress(settings.num_steps, { quiet, start: step, goal: lastStep(settings) })
        started = true
        warn(watch.see(step, metrics.loss))
        latest = `step ${step}, loss ${metrics.loss.toFixed(4)}`
        progress.update(step + 1, latest)
      },
      onMetrics: line => {
        if (line.val_loss !== undefined) progress.say(describeValidation(line))
      },
    })
    progress.stop()
    warn(watch.atEnd())
    const early = result.stoppedEarly
      ? `stopped early, ${settings.patience} validations without a better one; `
      : ''
    if (!quiet) say(`${early}${latest || 'nothing left to do'}; model ${result.checkpoint}`)
    if (result.interrupted) process.exitCode = exitCodes.interrupted
    return result
  } finally {
    progress.stop()
  }
}

const lastStep = ({ num_steps, patience }: Settings): string =>
  `step ${num_steps}${patience > 0 ? ' (earlier if validations get no better)' : ''}`

/** `step 1000: validation loss 1.3512 nats per base, AUROC 0.605 [0.593, 0.617]` */
function describeValidation({ step, val_loss, auroc, auroc_ci }: MetricsLine): string {
  const digits = (x: unknown, n: number) => (typeof x === 'number' ? x.toFixed(n) : String(x))
  const interval = Array.isArray(auroc_ci) ? ` [${auroc_ci.map(x => digits(x, 3)).join(', ')}]` : ''
  const judged = auroc === undefined ? '' : `, AUROC of the likelihood ${digits(auroc, 3)}${interval}`
  return `step ${step}: validation loss ${digits(val_loss, 4)} nats per base${judged}`
}
