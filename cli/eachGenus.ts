import { join } from 'node:path'
import { numberGenera, openGenomes, trainingParts } from '../data/index.js'
import { checkSettings, runName, type Settings } from '../model/index.js'
import type { ChosenDevice } from './deviceOptions.js'
import { exitCodes, UsageError } from './failure.js'
import { interruptExitCode, interrupted, watchInterrupts } from './interrupt.js'
import { say } from './progress.js'
import { type ProcessFlags, type Training, trainUnfinished } from './trainingProcesses.js'

/**
 * Trains a model for each genus of the training genomes, on that genus alone, in processes of their own: its run is in
 * OUT_DIR/GENUS. What is finished is not repeated.
 * @throws UsageError without genomes; what `openGenomes`, `trainingParts` and `checkSettings` throw.
 */
export async function trainEachGenus(
  settings: Settings,
  flags: ProcessFlags,
  device: ChosenDevice,
): Promise<{ interrupted: boolean; trainings: { genus: string; run: string; outcome: string }[] }> {
  if (!settings.genomes) throw new UsageError('--each-genus trains on genomes; give --genomes')
  if (settings.filter_label !== -1)
    throw new UsageError('--each-genus trains on every genus; leave --filter-label out')
  checkSettings(settings)
  const genomes = await openGenomes(settings.genomes)
  const labels = numberGenera(genomes)
  const genera = new Set(trainingParts(genomes, settings.genomes).map(({ genome }) => genome.genus))
  const trainings = Array.from(genera, (genus): Training => {
    const ofGenus = { ...settings, filter_label: labels.get(genus)!, out_dir: join(settings.out_dir, genus) }
    return { name: genus, settings: ofGenus, run: join(ofGenus.out_dir, runName(ofGenus)) }
  })
  watchInterrupts()
  const outcomes = await trainUnfinished(settings.out_dir, trainings, flags, device)
  if (interrupted.aborted) {
    say('interrupted; the same command goes on')
    process.exitCode = interruptExitCode()
  } else if (outcomes.some(outcome => outcome !== 'done')) process.exitCode = exitCodes.failure
  else if (!flags.quiet)
    say(
      `networks of ${genera.size} genera in ${settings.out_dir}: xenograd fit --networks ${settings.out_dir} …`,
    )
  return {
    interrupted: interrupted.aborted,
    trainings: trainings.map(({ name, run }, i) => {
      const outcome = outcomes[i] ?? 'not begun'
      return { genus: name, run, outcome: typeof outcome === 'string' ? outcome : outcome.failed }
    }),
  }
}
