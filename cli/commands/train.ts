import { join } from 'node:path'
import type { Command, OptionValues } from 'commander'
import { launchOf } from '../../engine/index.js'
import { checkSettings, runName, type Settings, settingsTable, trainFromSettings } from '../../model/index.js'
import { chosenDevice, deviceOptionFlags } from '../deviceOptions.js'
import { trainEachGenus } from '../eachGenus.js'
import { UsageError } from '../failure.js'
import { mpiOption, withProcesses, withSameChoices } from '../processes.js'
import { list, object, optional, text, truth, whole } from '../schema.js'
import { resumeHelp, settingOptions, settingsOf } from '../settingFlags.js'
import { summarised } from '../summary.js'
import { resumedOptions, type TrainingOptions, withProgress } from '../training.js'
import { processesOption } from '../trainingProcesses.js'

const summary = {
  interrupted: truth('whether a signal has ended it before its end'),
  step: optional(whole('the last step that was done, counting from 0; -1 before the first', -1)),
  stoppedEarly: optional(truth('whether it ended because --patience was')),
  checkpoint: optional(text('the newest checkpoint')),
  run: optional(text('the run directory')),
  trainings: optional(
    list(
      object(
        {
          genus: text('the genus'),
          run: text('its run directory'),
          outcome: text('done, interrupted, not begun, or why it failed'),
        },
        'the training of a genus',
      ),
      'with --each-genus: all trainings, instead of one',
    ),
  ),
}

/** `xenograd train`: the reference's generative.py, with its flags. */
export function register(program: Command): void {
  const command = program
    .command('train')
    .summary('train a model on reads, with the flags of the reference')
    .description(
      'Train a generative model of reads. The flags are those of the reference (google-research, genomics_ood, ' +
        'generative.py) with its defaults, with underscores or dashes, and a few of ours. A run directory is made below ' +
        '--out_dir; the same command goes on from its newest checkpoint, bit for bit. Ctrl-C, SIGTERM and SIGHUP write a checkpoint first. ' +
        'Processes that mpirun or srun starts train together.',
    )
    .addHelpText('after', resumeHelp(settingsTable))
    .option('-q, --quiet', 'no banner, no progress')
    .option(
      '--each-genus',
      'of --genomes: train a model for each genus, on its genomes alone, into OUT_DIR/GENUS, several at once',
    )
    .addOption(processesOption())
    .addOption(mpiOption())
  for (const option of [...deviceOptionFlags(), ...settingOptions()]) command.addOption(option)
  summarised(command, summary, async (given: OptionValues) => {
    const device = await chosenDevice(given)
    const settings = settingsOf(given, device.name)
    if (given.eachGenus) {
      const launch = given.mpi === 'off' ? undefined : launchOf()
      if (launch)
        throw new UsageError(
          `--each-genus starts processes of its own, and this is one of ${launch.size} of ${launch.launcher}; start it alone, or give --mpi off`,
        )
      return trainEachGenus(settings, given, device)
    }
    if (given.processes)
      throw new UsageError('--processes goes with --each-genus; one training is one process')
    const options = await resumedOptions(device, settings, join(settings.out_dir, runName(settings)))
    return withProcesses(given.mpi, async processes => {
      checkSettings(settings) // before a device is opened for nothing
      const deviceOptions = processes ? await withSameChoices(processes, settings.device, options) : options
      const follows = processes !== undefined && processes.rank > 0
      const quiet = given.quiet === true || follows
      const result = await runTraining(settings, { quiet, deviceOptions, processes })
      return follows ? undefined : result
    })
  })
}

/**
 * Train with a banner and progress on stderr. An interrupt ends it with a checkpoint, and the process with the exit code
 * of the signal.
 * @throws what `trainFromSettings` and `openDevice` throw.
 */
export async function runTraining(
  settings: Settings,
  options: TrainingOptions = {},
): ReturnType<typeof trainFromSettings> {
  checkSettings(settings) // before a device is opened for nothing
  const told = { command: 'xenograd train', lossUnit: 'nats per base', judged: 'the likelihood' }
  const { processes } = options
  return withProgress(settings, told, options, hooks =>
    trainFromSettings(settings, { ...hooks, ...(processes && { processes }) }),
  )
}
