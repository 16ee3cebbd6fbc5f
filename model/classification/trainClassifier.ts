import { join } from 'node:path'
import { openDevice } from '../../engine/index.js'
import { checkClassifierSettings } from '../checkSettings.js'
import { type ClassifierParameters, classifierLoss, initialClassifier } from '../classifier.js'
import { type ClassifierSettings, classifierRunName, classifierSettingsTable } from '../classifierSettings.js'
import type { Network } from '../network.js'
import { RunDirectory } from '../runDirectory.js'
import { type ClassifierDescription, loadClassifierToTrain, saveClassifier } from '../saved/index.js'
import { tensorBoardHooks } from '../tensorBoardHooks.js'
import { type TrainResult, trainNetwork } from '../train.js'
import { beginning, sharedOptions } from '../trainFromSettings.js'
import type { TrainHooks } from '../trainHooks.js'
import { aurocJudge, noValidation } from '../validationData.js'
import { type ClassifierData, loadClassifierData } from './classifierData.js'
import { writeClassifierDetector } from './classifierDetector.js'
import { ClassifierValidation } from './classifierValidation.js'
import { loadClassifierValidation } from './classifierValidationData.js'

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
 * SettingsError for data that cannot be read (with the InputError as its cause); CheckpointError for a checkpoint that cannot be read; DivergedError when the
 * loss is NaN or infinite; FolderInUseError while another process trains there; what `openDevice` throws.
 */
export async function trainClassifier(
  settings: ClassifierSettings,
  hooks: TrainHooks = {},
): Promise<ClassifierResult> {
  checkClassifierSettings(settings)
  const device = await openDevice(settings.device || undefined)
  const training = await loadClassifierData(settings)
  const description = describe(settings, training)
  const { validator, note } = await validatorOf(settings, description, training, device.name)
  const notes = [
    `device ${device.name}: ${device.description}`,
    `classifier of ${training.classNames.join(', ')}`,
    `${settings.num_motifs} motifs of ${settings.len_motifs} bases, ${settings.hidden_dense_size} hidden units`,
    training.note,
    note,
  ]
  const directory = await RunDirectory.open(join(settings.out_dir, classifierRunName(settings)))
  const options = {
    ...sharedOptions(settings, device.name, validator?.hasAuroc ?? false),
    regulariserType: 'l2' as const,
    regulariserWeight: settings.l2_reg,
  }
  const aurocTag = settings.task === 'mutated' ? 'AUROC_using_log_odds' : 'AUROC_using_max(p(y|x))'
  const logged = tensorBoardHooks(settings, options, aurocTag, hooks)
  const onOpen = await beginning(
    directory,
    classifierSettingsTable,
    settings,
    notes,
    Math.log(description.classes),
    logged,
  )
  const network = networkOf(settings, description, training)
  const hooked = { ...options, ...logged, onOpen }
  const result = await trainNetwork(network, directory, hooked, training.data, validator)
  logged.onEnd?.(result)
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

/** The validator, if there are validation reads, and a line about them for the terminal. */
async function validatorOf(
  settings: ClassifierSettings,
  description: ClassifierDescription,
  training: ClassifierData,
  device: string,
): Promise<{ validator?: ClassifierValidation; note: string }> {
  const data = await loadClassifierValidation(settings, training.labels)
  if (!data) return noValidation(settings)
  const { inDistribution, outOfDistribution } = data
  return {
    validator: new ClassifierValidation(description, settings, data, aurocJudge, device),
    note: `validation reads: ${inDistribution.reads.length} in-distribution, ${outOfDistribution.length} out-of-distribution`,
  }
}
