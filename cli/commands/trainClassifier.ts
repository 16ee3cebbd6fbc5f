import { join } from 'node:path'
import type { Command, OptionValues } from 'commander'
import {
  checkClassifierSettings,
  classifierDefaults,
  classifierRunName,
  classifierSettingsTable,
  trainClassifier,
} from '../../model/index.js'
import { chosenDevice, deviceOptionFlags } from '../deviceOptions.js'
import { say } from '../progress.js'
import { optional, text, truth, whole } from '../schema.js'
import { resumeHelp, tableOptions, tableSettings } from '../settingFlags.js'
import { summarised } from '../summary.js'
import { resumedOptions, withProgress } from '../training.js'

const help = `
At the end, detector.safetensors in the run directory has the network and its scores, all higher for in-distribution
fragments:
  maxProbability, negEntropy     logarithm of the maximum softmax probability; minus the entropy (nats)
  odin                           the maximum after a step of --epsilon on the last hidden layer, if that is not 0
  mahalanobis, relMahalanobis    minus the squared distance of the last hidden layer to the nearest class; the same plus
                                 that to all classes together
  binary                         with --task mutated, instead of these: log-odds of a read against a mutated one
A fragment longer than --seq_len counts as the mean, on the last hidden layer, of as few windows as cover it; a shorter
one is filled up with unknown bases, which match no motif. Where fewer bases are known than a
motif has, there is no score (NA).`

const summary = {
  interrupted: truth('whether a signal has ended it before its end'),
  step: whole('the last step that was done, counting from 0; -1 before the first', -1),
  stoppedEarly: truth('whether it ended because --patience was'),
  checkpoint: text('the newest checkpoint'),
  run: text('the run directory'),
  detector: optional(text('the file with the network and its scores, once all steps are done')),
}

/** `xenograd train-classifier`: the reference's classifier.py, with its flags. */
export function register(program: Command): void {
  const command = program
    .command('train-classifier')
    .summary('train a classifier on reads, with the flags of the reference, and fit its scores')
    .description(
      'Train a classifier of reads by genus. The flags are those of the reference (google-research, genomics_ood, ' +
        'classifier.py) with its defaults, with underscores or dashes, and a few of ours. A run directory is made below ' +
        '--out_dir; the same command goes on from its newest checkpoint, bit for bit. Ctrl-C, SIGTERM and SIGHUP write a checkpoint first.',
    )
    .option('-q, --quiet', 'no banner, no progress')
    .addHelpText('after', help)
    .addHelpText('after', resumeHelp(classifierSettingsTable))
  for (const option of [...deviceOptionFlags(), ...tableOptions(classifierSettingsTable)])
    command.addOption(option)
  summarised(command, summary, async (given: OptionValues) => {
    const device = await chosenDevice(given)
    const settings = {
      ...tableSettings(classifierSettingsTable, classifierDefaults, given),
      device: given.device ? device.name : classifierDefaults.device,
    }
    checkClassifierSettings(settings) // before a device is opened for nothing
    const run = join(settings.out_dir, classifierRunName(settings))
    const deviceOptions = await resumedOptions(device, settings, run)
    const quiet = given.quiet === true
    const judged = settings.task === 'mutated' ? 'the log-odds' : 'the maximum probability'
    const told = { command: 'xenograd train-classifier', lossUnit: 'nats', judged }
    const result = await withProgress(settings, told, { quiet, deviceOptions }, hooks =>
      trainClassifier(settings, hooks),
    )
    if (!quiet && result.detector) say(`scores ${result.detector}`)
    return result
  })
}
