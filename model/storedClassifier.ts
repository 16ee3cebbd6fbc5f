import { mapTree, scope, tensor } from '../engine/index.js'
import {
  isClassifierScore,
  loadClassifierScore,
  type StorableScore,
  type StoredScore,
} from '../eval/scores/index.js'
import { expectTensor, type StoredTensors } from './checkpoint/index.js'
import { type ClassifierParameters, initialClassifier } from './classifier.js'
import { FragmentClassifier, type FragmentClassifierOptions } from './fragmentClassifier.js'
import type { ClassifierDescription } from './saved/index.js'

/** The network of a classifier as a detector holds it: what it is, and its parameters by their names. */
export type StoredClassifier = {
  readonly description: ClassifierDescription
  readonly tensors: StoredTensors
}

/**
 * The classifier of stored parameters; `path` names their file in errors.
 * @throws CheckpointError when they are not those of the description.
 */
export function openClassifier(
  path: string,
  { description, tensors }: StoredClassifier,
  options: FragmentClassifierOptions = {},
): FragmentClassifier {
  const valuesOf = (name: string, shape: readonly number[]): Float32Array =>
    expectTensor(path, tensors, name, 'F32', shape)
  const { hidden, classes } = description
  const lastLayer = {
    kernel: valuesOf('logits.kernel', [hidden, classes]),
    bias: valuesOf('logits.bias', [classes]),
  }
  const parameters = scope((): ClassifierParameters => {
    const untrained = initialClassifier(description, tensor(new Int32Array(2)))
    return mapTree(untrained, ({ shape }, name) => tensor(valuesOf(name, shape), { shape }))
  })
  return new FragmentClassifier(description, parameters, lastLayer, options)
}

/**
 * Scores of classifiers among stored ones, in their order; where there are several classifiers, of them together.
 * @throws RangeError for a score whose contents are not those of its kind.
 */
export const classifierScoresOf = (
  stored: readonly StoredScore[],
  models: readonly FragmentClassifier[],
): StorableScore[] => stored.filter(isClassifierScore).map(score => loadClassifierScore(score, models))
