import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openDevice } from '../../engine/index.js'
import { checkClassifierSettings } from '../checkSettings.js'
import { type ClassifierParameters, classifierLoss, initialClassifier } from '../classifier.js'
import { type ClassifierSettings, classifierDefaults, classifierRunName } from '../classifierSettings.js'
import type { Network } from '../network.js'
import { RunDirectory } from '../runDirectory.js'
import { type ClassifierDescription, loadClassifierToTrain, saveClassifier } from '../saved/index.js'
import { type TrainResult, type TrainSettings, trainNetwork } from '../train.js'
import { circumstances, type TrainHooks } from '../trainFromSettings.js'
import { type ClassifierData, loadClassifierData, loadSplit } from './classifierData.js'
import { writeClassifierDetector } from './classifierDetector.js'
import { ClassifierValidation } from './classifierValidation.js'

/** How a classifier's training ended; `detector`: the path of its scores, once all steps are done. */
export type ClassifierResult = TrainResult & { readonly run: string; readonly detector?: string }

/**
 * Train a classifier as the reference's classifier.py does, from its settings: read the data, make the run directory
 * below `out_dir`, go on from its newest checkpoint, train to `num_steps`; then fit the scores that need it, and write
 * all of them to `detector.safetensors` in the run directory.
 *
 * The device of the settings is opened if it is not open yet; the default device stays what it is.
 *
 * @throws InvalidSettingsError for settings that make no sense; SettingsError when the run began with other settings;
 * InputError for data that cannot be read; CheckpointError for a checkpoint that cannot be read; DivergedError when the
 * loss is NaN or infinite; what `openDevice` throws.
 */
export async function trainClassifier(
  settings: ClassifierSettings,
  hooks: TrainHooks = {},
): Promise<ClassifierResult> {
  checkClassifierSettings(settings)
  const device = await openDevice(settings.device || undefined)
  const training = await loadClassifierData(settings)
  const description = describe(settings, training)
  const validator = await loadValidation(settings, description, training, device.name)
  const notes = [
    `device ${device.name}: ${device.description}`,
    `classifier of ${training.classNames.join(', ')}`,
    `${settings.num_motifs} motifs of ${settings.len_motifs} bases, ${settings.hidden_dense_size} hidden units`,
    training.note,
    validator ? `validation reads: ${validator.size}` : 'no validation reads',
  ]
  const directory = await RunDirectory.open(join(settings.out_dir, classifierRunName(settings)))
  if (settings.fresh) await directory.clear()
  const onOpen = async () => {
    await directory.describe(settings, [...notes, ...circumstances()])
    hooks.onStart?.(directory.path, notes)
  }
  const options = { ...optionsOf(settings, device.name), ...hooks, onOpen }
  const network = networkOf(settings, description, training)
  const result = await trainNetwork(network, directory, options, training.data, validator)
  if (result.interrupted) return { ...result, run: directory.path }
  const detector = join(directory.path, 'detector.safetensors')
  await writeClassifierDetector(detector, result.checkpoint, settings, training.data, device.name)
  return { ...result, run: directory.path, detector }
}

const describe = (settings: ClassifierSettings, { classNames }: ClassifierData): ClassifierDescription => ({
  motifs: settings.num_motifs,
  motifLength: settings.len_motifs,
  hidden: settings.hidden_dense_size,
  classes: classNames.length,
  embedding: settings.embedding,
  length: settings.seq_len,
  classNames,
})

/** The classifier as a network to train. Classes weigh as much as they are small, as in the reference. */
function networkOf(
  { temperature, reweight_sample }: ClassifierSettings,
  description: ClassifierDescription,
  { classSizes }: ClassifierData,
): Network<ClassifierParameters> {
  const classWeights = reweight_sample && { classWeights: classSizes.map(size => 1 / size) }
  return {
    initial: key => initialClassifier(description, key),
    loss: (parameters, rows, noise) =>
      classifierLoss({ temperature, ...classWeights }, parameters, rows, noise),
    load: path => loadClassifierToTrain(path, description),
    save: (path, state, metadata) => saveClassifier(path, description, state, metadata),
  }
}

const optionsOf = (settings: ClassifierSettings, device: string): TrainSettings => ({
  device,
  learningRate: settings.learning_rate,
  dropoutRate: settings.dropout_rate,
  regulariserType: 'l2',
  regulariserWeight: settings.l2_reg,
  seed: settings.random_seed,
  lossScale: settings.loss_scale,
  ...(settings.memory && { memory: settings.memory }),
  steps: settings.num_steps,
  valFreq: settings.val_freq,
  logFreq: settings.log_freq,
  keep: settings.keep,
  ...(settings.init && { init: settings.init }),
})

/** The validator, if there are validation reads: the default folders may be missing, others may not. */
async function loadValidation(
  settings: ClassifierSettings,
  description: ClassifierDescription,
  { labels }: ClassifierData,
  device: string,
): Promise<ClassifierValidation | undefined> {
  const { in_val_data_dir, ood_val_data_dir, val_batches, batch_size, seq_len } = settings
  const present = (path: string, byDefault: string) => path !== '' && (path !== byDefault || existsSync(path))
  if (
    !present(in_val_data_dir, classifierDefaults.in_val_data_dir) ||
    !present(ood_val_data_dir, classifierDefaults.ood_val_data_dir)
  )
    return undefined
  const limit = val_batches * batch_size
  const data = {
    inDistribution: await loadSplit(in_val_data_dir, 'in_val', seq_len, labels, limit),
    outOfDistribution: await loadSplit(ood_val_data_dir, 'ood_val', seq_len, labels, limit),
  }
  // Loaded only here, because training without validation starts sooner without it.
  const { aurocEstimate } = await import('../../eval/index.js')
  const judge = (inDistribution: Float64Array, outOfDistribution: Float64Array) => {
    const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
    return { auroc: value, low, high }
  }
  return new ClassifierValidation(description, settings, data, judge, device)
}
