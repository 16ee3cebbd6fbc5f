import { unknown } from '../data/index.js'
import {
  type Carry,
  type Cell,
  fold,
  glorotUniform,
  initialCarry,
  initialParameters,
  mapTree,
  oneHot,
  type Parameters,
  runCell,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../engine/index.js'
import { checkModelOptions } from './checkArguments.js'

/** How many bases there are: the size of a one-hot base, and the classes of the softmax. */
const baseCount = 4

/** Parameters of the generative model, all of one float dtype. */
export type ModelParameters = {
  readonly cell: Parameters
  /** The dense layer over the cell's output: kernel [hidden, 4], bias [4]. */
  readonly logits: { readonly kernel: Tensor; readonly bias: Tensor }
  /** If the model has one: [4, 4], a row for each base. */
  readonly embedding?: { readonly table: Tensor }
}

/** What a model is made of. */
export type ModelOptions = {
  readonly cell: Cell
  readonly hidden: number
  /** A trainable 4×4 table (it starts as the identity) in place of one-hot bases: the reference's `emb_variable`. */
  readonly embedding?: boolean
}

/**
 * Parameters (float32) of an untrained model, drawn from a random key: kernels (and the cell's bias) Glorot-uniform, the
 * dense bias zero, as the reference has them.
 * @throws TypeError for options of no model.
 */
export function initialModel(options: ModelOptions, key: Tensor): ModelParameters {
  checkModelOptions('initialModel', options)
  const { cell, hidden, embedding } = options
  return {
    cell: initialParameters(cell, { input: baseCount, hidden }, fold(key, 0)),
    logits: { kernel: glorotUniform([hidden, baseCount], fold(key, 1)), bias: zeros([baseCount]) },
    ...(embedding && { embedding: { table: tensor(identity) } }),
  }
}

const identity = Array.from({ length: baseCount }, (_, i) =>
  Array.from({ length: baseCount }, (_, j) => (i === j ? 1 : 0)),
)

/** Dropout in the cell during training: its rate, and the random key of its masks. */
export type Noise = { readonly rate: number; readonly key: Tensor }

/**
 * Logits of the next base after each given one. `tokens`: int32 [batch, steps], bases 0 to 3, or 4 for an unknown one (it
 * enters the cell as zeros); `carry`: by default zeros, for the beginning of reads. Returns logits [steps, batch, 4] and
 * the carry after the last step.
 */
export function predict(
  { cell, hidden }: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
  carry: Carry = initialCarry(cell, tokens.shape[0], hidden, parameters.logits.bias.dtype),
  noise?: Noise,
): { logits: Tensor; carry: Carry } {
  return predictSteps({ cell, hidden }, parameters, tokens.transpose(), carry, { noise })
}

/** `predict`, of tokens [steps, batch]. `ends` as `runCell` has them. */
function predictSteps(
  { cell }: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
  carry: Carry,
  { noise, ends }: { noise?: Noise | undefined; ends?: Tensor } = {},
): { logits: Tensor; carry: Carry } {
  const { kernel, bias } = parameters.logits
  const dtype = bias.dtype === 'float64' ? 'float64' : 'float32'
  const table = parameters.embedding?.table
  const x = table ? table.gather(tokens) : oneHot(tokens, baseCount, dtype)
  const read = (h: Tensor) => h.matmul(kernel).add(bias)
  const { out: logits, carry: last } = runCell(cell, parameters.cell, carry, x, noise, {
    read,
    ...(ends && { ends }),
  })
  return { logits, carry: last }
}

/**
 * The loss of a batch of reads (Ren et al. 2019, section 4): softmax cross-entropy of each next base in nats, mean over
 * the T-1 predictions and the reads; and the accuracy, the fraction of predictions in which the next base had the
 * highest logit. `tokens`: int32 [batch, T]; returns scalars, and the carry after the last step. `carry`: for reads that
 * go on where another batch ended, that batch's (a constant to differentiation); by default zeros.
 */
export function batchLoss(
  options: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
  noise?: Noise,
  carry?: Carry,
): { loss: Tensor; accuracy: Tensor; carry: Carry } {
  const { logits, carry: last } = predict(options, parameters, tokens.slice(1, 0, -1), carry, noise)
  const targets = tokens.slice(1, 1).transpose()
  const targetLogits = logits.mul(oneHot(targets, baseCount).cast(logits.dtype)).sum(-1)
  const correct = logits.max(-1).detach().lessEqual(targetLogits)
  return { loss: softmaxCrossEntropy(logits, targets).mean(), accuracy: correct.mean(), carry: last }
}

/**
 * Log-likelihoods of a piece of many reads, one after the other in the rows of a batch, for scoring reads of any length in
 * bounded memory. `tokens`: int32 [3, steps, batch]: the bases that enter, those that are predicted, and 1 where a read
 * ends with the step, after which the state is zeros. `restarts`: whether any read begins after another one in the piece;
 * if none does, only the ends of the last step matter, and the loop need not ask for them. Returns the log-likelihood in nats
 * of each predicted base, [steps, batch], 0 where it is unknown, and the carry for the next piece.
 */
export function logLikelihoodsOfPiece(
  options: ModelOptions,
  parameters: ModelParameters,
  carry: Carry,
  tokens: Tensor,
  restarts: boolean,
): { logLikelihoods: Tensor; carry: Carry } {
  const [inputs, targets, ends] = [0, 1, 2].map(i => tokens.slice(0, i, i + 1).squeeze(0))
  const { logits, carry: last } = predictSteps(options, parameters, inputs, carry, restarts ? { ends } : {})
  const ended = ends.slice(0, -1).squeeze(0).unsqueeze(-1)
  const counted = targets.less(unknown).cast(logits.dtype)
  return {
    logLikelihoods: softmaxCrossEntropy(logits, targets).mul(counted).neg(),
    carry: restarts ? last : mapTree(last, part => where(ended, 0, part)),
  }
}

/**
 * Log-likelihoods of the bases of whole reads. `tokens`: int32 [batch, T]. Returns those in nats of the bases after the
 * first, [T-1, batch]. A prediction counts where its base and the base before are known; elsewhere it is 0.
 */
export function logLikelihoodsOfReads(
  options: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
): Tensor {
  const inputs = tokens.slice(1, 0, -1)
  const targets = tokens.slice(1, 1)
  const { logits } = predict(options, parameters, inputs)
  const counted = inputs.less(unknown).mul(targets.less(unknown)).cast(logits.dtype).transpose()
  return softmaxCrossEntropy(logits, targets.transpose()).mul(counted).neg()
}
