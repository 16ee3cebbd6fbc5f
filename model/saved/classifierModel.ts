import { parseJson } from '../../data/index.js'
import { CheckpointError, readSafetensors } from '../checkpoint/index.js'
import { type ClassifierOptions, type ClassifierParameters, initialClassifier } from '../classifier.js'
import { SettingsError } from '../settingsError.js'
import { firstState, type TrainState } from '../trainState.js'
import { locateModel } from './locate.js'
import { optimiserOf, trainStateOf, writeTrainState } from './safetensorsModel.js'

const formatName = 'xenograd-classifier-1'

/** What no layer of a classifier is larger than: a damaged file is not to ask for terabytes. */
const largestSize = 1e6

/** What a file says of a classifier beside its tensors. */
export type ClassifierDescription = ClassifierOptions & {
  /** Bases of the reads that it is trained on: longer fragments are cut into windows of so many. */
  readonly length: number
  /** Names of the classes, in the order of the logits. */
  readonly classNames: readonly string[]
}

/** A classifier read from a file. */
export type SavedClassifier = {
  readonly path: string
  readonly description: ClassifierDescription
  readonly state: TrainState<ClassifierParameters>
  readonly metadata: Readonly<Record<string, string>>
}

/** Write a classifier's training state, whole or not at all. @throws Error when the file cannot be written. */
export const saveClassifier = async (
  path: string,
  description: ClassifierDescription,
  state: TrainState<ClassifierParameters>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> =>
  writeTrainState(path, state, {
    ...metadata,
    format: formatName,
    classifier: JSON.stringify(description),
  })

/**
 * Read a classifier: a file, or a run directory (its newest checkpoint, or that of `step`).
 * @throws CheckpointError for a missing, foreign or damaged file.
 */
export async function loadClassifier(given: string, step?: number): Promise<SavedClassifier> {
  const { path, format } = await locateModel(given, step)
  if (format === 'tensorflow')
    throw new CheckpointError(
      path,
      'a TensorFlow checkpoint; classifiers of the TensorFlow program cannot be read',
    )
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== formatName)
    throw new CheckpointError(
      path,
      `a safetensors file, but no classifier: its metadata has format '${metadata.format ?? 'none'}', wanted '${formatName}'`,
    )
  const description = parseDescription(path, metadata.classifier)
  const options = { seed: 0, optimiser: optimiserOf(tensors) }
  const untrained = firstState(options, key => initialClassifier(description, key))
  return { path, description, state: trainStateOf(path, tensors, untrained), metadata }
}

/**
 * Read a classifier to go on training it.
 * @throws SettingsError when it is not the one that is asked for; CheckpointError as `loadClassifier`.
 */
export async function loadClassifierToTrain(
  path: string,
  wanted: ClassifierDescription,
): Promise<SavedClassifier> {
  const saved = await loadClassifier(path)
  const had = describe(saved.description)
  const asked = describe(wanted)
  if (had !== asked)
    throw new SettingsError(
      name =>
        `${path}: a classifier with ${had}, but the settings ask for ${asked}; make them agree, or do without this one (${name('fresh')} starts a run anew)`,
    )
  return saved
}

const describe = (description: ClassifierDescription): string => {
  const { motifs, motifLength, hidden, embedding, length, classNames } = description
  return `${motifs} motifs of ${motifLength} bases, ${hidden} hidden units, ${embedding ? 'an' : 'no'} embedding, reads of ${length} bases and the classes ${classNames.join(', ')}`
}

/** The description in a file's metadata. @throws CheckpointError for anything but a description. */
export function parseDescription(path: string, text: string | undefined): ClassifierDescription {
  let value: unknown
  try {
    value = parseJson(text ?? '')
  } catch (cause) {
    throw new CheckpointError(
      path,
      `its metadata does not describe a classifier: ${(cause as Error).message}`,
      { cause },
    )
  }
  if (isDescription(value)) return value
  throw new CheckpointError(path, `its metadata does not describe a classifier: ${text?.slice(0, 200)}`)
}

function isDescription(value: unknown): value is ClassifierDescription {
  if (typeof value !== 'object' || value === null) return false
  const { motifs, motifLength, hidden, classes, length, embedding, classNames }: Record<string, unknown> = {
    ...value,
  }
  const sizes = [motifs, motifLength, hidden, classes, length]
  return (
    sizes.every(size => Number.isInteger(size) && Number(size) > 0 && Number(size) <= largestSize) &&
    Number(length) >= Number(motifLength) &&
    typeof embedding === 'boolean' &&
    Array.isArray(classNames) &&
    classNames.length === classes &&
    classNames.every(name => typeof name === 'string')
  )
}
