import {
  arange,
  dropout,
  fold,
  glorotUniform,
  oneHot,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  uniform,
  where,
  zeros,
} from '../engine/index.js'
import type { Noise } from './generative.js'

/** How many bases there are: the size of a one-hot base. */
const baseCount = 4

/** Parameters of the classifier, all of one float dtype. */
export type ClassifierParameters = {
  /** If it has one: [4, 4], a row for each base. */
  readonly embedding?: { readonly table: Tensor }
  /** The convolution: kernel [motif length, 4, motifs], bias [motifs]. */
  readonly motifs: { readonly kernel: Tensor; readonly bias: Tensor }
  /** Kernel [motifs, hidden], bias [hidden]. */
  readonly dense: { readonly kernel: Tensor; readonly bias: Tensor }
  /** Kernel [hidden, classes], bias [classes]. */
  readonly logits: { readonly kernel: Tensor; readonly bias: Tensor }
}

/** What a classifier is made of. */
export type ClassifierOptions = {
  /** Filters of the convolution. */
  readonly motifs: number
  /** Bases that a filter looks at. */
  readonly motifLength: number
  /** Units of the dense layer. */
  readonly hidden: number
  readonly classes: number
  /** A trainable 4×4 table (it starts as the identity) in place of one-hot bases: the reference's `embedding`. */
  readonly embedding: boolean
}

/** What the loss of a classifier has beside its layers. */
export type ClassifierLoss = {
  /** Logits are divided by it (default 1). */
  readonly temperature?: number
  /** Weights of the classes, of any scale: those of a batch's reads are scaled to a mean of 1. By default all are equal. */
  readonly classWeights?: readonly number[]
}

/**
 * Parameters (float32) of an untrained classifier, drawn from a random key as the reference has them: Glorot-uniform
 * kernels, biases of zero. The fan out of a convolution counts every position of a filter, as in TensorFlow.
 */
export function initialClassifier(options: ClassifierOptions, key: Tensor): ClassifierParameters {
  const { motifs, motifLength, hidden, classes, embedding } = options
  const limit = Math.sqrt(6 / (motifLength * (baseCount + motifs)))
  const kernel = uniform(fold(key, 0), [motifLength, baseCount, motifs])
    .mul(2 * limit)
    .sub(limit)
  return {
    ...(embedding && { embedding: { table: tensor(identity) } }),
    motifs: { kernel, bias: zeros([motifs]) },
    dense: { kernel: glorotUniform([motifs, hidden], fold(key, 1)), bias: zeros([hidden]) },
    logits: { kernel: glorotUniform([hidden, classes], fold(key, 2)), bias: zeros([classes]) },
  }
}

const identity = Array.from({ length: baseCount }, (_, i) =>
  Array.from({ length: baseCount }, (_, j) => (i === j ? 1 : 0)),
)

/**
 * The last hidden layer of reads, without dropout. `tokens`: int32 [batch, length], bases 0 to 3, or 4 for an unknown
 * one, which enters as zeros; `length` is at least that of a motif. Returns [batch, hidden].
 */
export function hiddenLayer(parameters: ClassifierParameters, tokens: Tensor): Tensor {
  const { windows, filters } = convolution(parameters, tokens)
  const maxima = windows.matmul(filters).max(1)
  return denseLayer(parameters, activate(parameters, maxima))
}

/**
 * The loss of a batch (scalars): softmax cross-entropy of the classes in nats, weighted, mean over the reads; and the
 * accuracy, the fraction of reads whose class had the highest logit. `rows`: int32 [batch, length + 1], the bases of a
 * read and then its class. `noise`: dropout after the maximum over positions, and after the dense layer.
 */
export function classifierLoss(
  { temperature = 1, classWeights }: ClassifierLoss,
  parameters: ClassifierParameters,
  rows: Tensor,
  { rate, key }: Noise,
): { loss: Tensor; accuracy: Tensor } {
  const classes = rows.slice(1, -1).squeeze(1)
  const maxima = differentiableMaxima(parameters, rows.slice(1, 0, -1))
  const pooled = dropout(activate(parameters, maxima), rate, key, 0)
  const hidden = dropout(denseLayer(parameters, pooled), rate, key, 1)
  const logits = hidden.matmul(parameters.logits.kernel).add(parameters.logits.bias)
  const losses = softmaxCrossEntropy(logits.mul(1 / temperature), classes)
  const ofClass = logits.mul(oneHot(classes, logits.shape[1]).cast(logits.dtype)).sum(-1)
  const accuracy = logits.max(-1).detach().lessEqual(ofClass.detach()).mean()
  if (!classWeights) return { loss: losses.mean(), accuracy }
  const weights = tensor([...classWeights])
    .cast(logits.dtype)
    .gather(classes)
  return { loss: losses.mul(weights.div(weights.mean())).mean(), accuracy }
}

/**
 * The convolution as a product: windows of one-hot bases [batch, positions, motif length · 4], which are a view and never
 * written out, and filters [motif length · 4, motifs], in which the embedding, being linear, is multiplied in.
 */
function convolution(
  { motifs, embedding }: ClassifierParameters,
  tokens: Tensor,
): { windows: Tensor; filters: Tensor } {
  const [batch, length] = tokens.shape
  const [motifLength, , count] = motifs.kernel.shape
  const dtype = motifs.kernel.dtype === 'float64' ? 'float64' : 'float32'
  const overBases = embedding ? embedding.table.matmul(motifs.kernel) : motifs.kernel
  return {
    windows: oneHot(tokens, baseCount, dtype)
      .reshape(batch, length * baseCount)
      .windows(1, motifLength * baseCount, baseCount),
    filters: overBases.reshape(motifLength * baseCount, count),
  }
}

/**
 * The maximum of each motif over the positions, [batch, motifs]. Its derivative is that of the one position where a motif
 * matches best: those windows are looked up and multiplied once more, so that the backward pass is a product with one
 * window for each read and motif, where the derivative of the whole convolution has one for each position, nearly all
 * of them times zero.
 */
function differentiableMaxima(parameters: ClassifierParameters, tokens: Tensor): Tensor {
  const { windows, filters } = convolution(parameters, tokens)
  const [batch, positions, size] = windows.shape
  const matches = windows.matmul(filters.detach())
  const isBest = matches.equal(matches.max(1, true))
  const position = arange(positions).unsqueeze(-1).cast(matches.dtype)
  const best = where(isBest, position, 0).max(1).cast('int32')
  const firstWindow = arange(batch).mul(positions).unsqueeze(-1)
  const bestWindows = windows.reshape(batch * positions, size).gather(best.add(firstWindow))
  return bestWindows.mul(filters.transpose()).sum(-1)
}

/** ReLU commutes with the maximum, so it comes after it. */
const activate = ({ motifs }: ClassifierParameters, maxima: Tensor): Tensor => maxima.add(motifs.bias).relu()

const denseLayer = ({ dense }: ClassifierParameters, pooled: Tensor): Tensor =>
  pooled.matmul(dense.kernel).add(dense.bias).relu()
