import { entries, mapTree, scope, type Tensor, tensor } from '../../engine/index.js'
import {
  fitGaussians,
  isClassifierScore,
  loadClassifierScore,
  logOdds,
  mahalanobis,
  maximumProbability,
  negativeEntropy,
  odin,
  relativeMahalanobis,
  type StorableScore,
} from '../../eval/scores/index.js'
import type { TrainingData } from '../batchFeed.js'
import { CheckpointError, expectTensor, tensorOf } from '../checkpoint/index.js'
import { type ClassifierParameters, initialClassifier } from '../classifier.js'
import type { ClassifierSettings } from '../classifierSettings.js'
import { type DetectorFile, readDetectorFile, writeDetectorFile } from '../detectorFile.js'
import { type ClassifierDescription, loadClassifier, parseDescription } from '../saved/index.js'
import { FragmentClassifier, type FragmentClassifierOptions } from './fragmentClassifier.js'

/** What the names of the network's tensors begin with, in a detector's file. */
const prefix = 'classifier.'

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
  const tensors = new Map<string, ReturnType<typeof tensorOf>>()
  for (const [name, t] of entries(state.parameters))
    tensors.set(`${prefix}${name}`, tensorOf(Float32Array.from(await t.data()), t.shape))
  await writeDetectorFile(path, {
    scores: scores.map(score => score.store()),
    tensors,
    metadata: {
      classifier: JSON.stringify(description),
      ...(settings.task === 'genera' && { genera: description.classNames.join(', ') }),
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

/** A classifier out of a detector's file, and its scores. */
export type ClassifierDetector = {
  readonly model: FragmentClassifier
  readonly scores: readonly StorableScore[]
}

/** Whether a detector's file has a classifier in it. */
export const hasClassifier = ({ metadata }: DetectorFile): boolean => metadata.classifier !== undefined

/**
 * The classifier of a detector's file that has been read (`path` names it), and those of its scores that are a
 * classifier's.
 * @throws CheckpointError when it has none, or a damaged one.
 */
export function classifierOf(
  path: string,
  { scores, tensors, metadata }: DetectorFile,
  options: FragmentClassifierOptions = {},
): ClassifierDetector {
  const description = parseDescription(path, metadata.classifier)
  const parameters = scope(() => parametersOf(path, tensors, description))
  const { hidden, classes } = description
  const lastLayer = {
    kernel: valuesOf(path, tensors, 'logits.kernel', [hidden, classes]),
    bias: valuesOf(path, tensors, 'logits.bias', [classes]),
  }
  const model = new FragmentClassifier(description, parameters, lastLayer, options)
  try {
    return {
      model,
      scores: scores.filter(isClassifierScore).map(score => loadClassifierScore(score, [model])),
    }
  } catch (cause) {
    throw new CheckpointError(path, (cause as Error).message, { cause })
  }
}

function parametersOf(
  path: string,
  tensors: DetectorFile['tensors'],
  description: ClassifierDescription,
): ClassifierParameters {
  const shapes = initialClassifier(description, tensor(new Int32Array(2)))
  return mapTree(shapes, ({ shape }: Tensor, name) => tensor(valuesOf(path, tensors, name, shape), { shape }))
}

/** The values of a parameter in a detector's file. */
const valuesOf = (
  path: string,
  tensors: DetectorFile['tensors'],
  name: string,
  shape: readonly number[],
): Float32Array => expectTensor(path, tensors, `${prefix}${name}`, 'F32', shape)

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
  const files = await Promise.all(paths.map(path => readDetectorFile(path)))
  const detectors = files.map((file, i) => classifierOf(paths[i], file, options))
  if (detectors.length === 1) return [...detectors[0].scores]
  const averaged = files[0]?.scores.filter(({ kind }) => ensembleKinds.includes(kind)) ?? []
  if (averaged.length === 0)
    throw new RangeError(
      `${paths.join(', ') || 'no files'}: no ensemble; give detectors whose classifiers tell genera apart`,
    )
  const models = detectors.map(({ model }) => model)
  return averaged.map(score => loadClassifierScore(score, models))
}
