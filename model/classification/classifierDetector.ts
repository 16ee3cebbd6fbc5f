import { entries } from '../../engine/index.js'
import {
  fitGaussians,
  logOdds,
  mahalanobis,
  maximumProbability,
  negativeEntropy,
  odin,
  relativeMahalanobis,
  type StorableScore,
} from '../../eval/scores/index.js'
import type { TrainingData } from '../batchFeed.js'
import { CheckpointError, type StoredTensor, tensorOf } from '../checkpoint/index.js'
import type { ClassifierSettings } from '../classifierSettings.js'
import { FragmentClassifier, type FragmentClassifierOptions } from '../fragmentClassifier.js'
import { loadClassifier } from '../saved/index.js'
import { loadDetector, saveDetector } from '../savedDetector.js'
import { classifierScoresOf, openClassifier } from '../storedClassifier.js'

/**
 * Write the detector of a trained classifier: the network of a checkpoint and its scores, the Gaussians of the
 * Mahalanobis distances fitted to the first `fit_reads` reads of the training (mutated, if the training's are).
 * @throws RangeError when they leave out a class; CheckpointError for a checkpoint that cannot be read; Error when the
 * file cannot be written.
 */
export async function writeClassifierDetector(
  path: string,
  checkpoint: string,
  settings: ClassifierSettings,
  data: TrainingData,
  device: string,
): Promise<void> {
  const { description, state } = await loadClassifier(checkpoint)
  const { batch_size: batch, num_steps, random_seed } = settings
  const model = await FragmentClassifier.open(description, state.parameters, { batch, device })
  const scores = await fittedScores(model, settings, data)
  model.dispose()
  const tensors = new Map<string, StoredTensor>()
  for (const [name, t] of entries(state.parameters))
    tensors.set(name, tensorOf(Float32Array.from(await t.data()), t.shape))
  await saveDetector(path, {
    classifier: { description, tensors },
    scores: scores.map(score => score.store()),
    metadata: {
      ...(settings.task === 'genera' && { genera: description.classNames.join(',') }),
      description: `a classifier trained for ${num_steps} steps of ${batch} reads of ${description.length} bases, seed ${random_seed}`,
    },
  })
}

/** The scores of a classifier, fitted to training reads where they need it. */
async function fittedScores(
  model: FragmentClassifier,
  { task, temperature, epsilon, fit_reads }: ClassifierSettings,
  data: TrainingData,
): Promise<StorableScore[]> {
  if (task === 'mutated') return [logOdds(model)]
  const { reads, classes } = firstReads(data, fit_reads)
  const gaussians = await fitGaussians(model, reads, classes)
  return [
    maximumProbability([model], { temperature }),
    negativeEntropy([model], { temperature }),
    ...(epsilon > 0 ? [odin(model, { temperature, epsilon })] : []),
    mahalanobis(model, gaussians),
    relativeMahalanobis(model, gaussians),
  ]
}

/** The first `count` reads that a training sees, with their classes. */
function firstReads(
  { batch, batchSize }: TrainingData,
  count: number,
): { reads: Uint8Array[]; classes: number[] } {
  const reads: Uint8Array[] = []
  const classes: number[] = []
  for (let step = 0; reads.length < count; step++) {
    const rows = batch(step)
    const width = rows.length / batchSize
    for (let i = 0; i < batchSize; i++) {
      const row = rows.subarray(i * width, (i + 1) * width)
      reads.push(Uint8Array.from(row.subarray(0, -1)))
      classes.push(row[width - 1])
    }
  }
  return { reads, classes }
}

/** The kinds of scores that several classifiers have together. */
const ensembleKinds: readonly string[] = ['maximumProbability', 'negativeEntropy']

/**
 * Read the classifiers of some detectors' files. One has all of its scores; several are an ensemble, which has those
 * of its averaged probabilities, at the temperature of the first.
 * @throws CheckpointError for a file that cannot be read or has no classifier; RangeError for classifiers of different
 * numbers of classes, and for several that tell reads from mutated ones.
 */
export async function openClassifierScores(
  paths: readonly string[],
  options: FragmentClassifierOptions = {},
): Promise<StorableScore[]> {
  const detectors = await Promise.all(paths.map(path => loadDetector(path)))
  const models = detectors.map(({ path, classifier }) => {
    if (!classifier) throw new CheckpointError(path, 'this detector has no classifier; give one that has')
    return openClassifier(path, classifier, options)
  })
  const stored = detectors[0]?.scores ?? []
  const shared = models.length === 1 ? stored : stored.filter(({ kind }) => ensembleKinds.includes(kind))
  if (shared.length === 0)
    throw new RangeError(
      `${paths.join(', ') || 'no files'}: no ensemble; give detectors whose classifiers tell genera apart`,
    )
  return classifierScoresOf(shared, models)
}
