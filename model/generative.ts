import {
  type Carry,
  type Cell,
  fold,
  glorotUniform,
  initialCarry,
  initialParameters,
  oneHot,
  type Parameters,
  runCell,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  zeros,
} from '../engine/index.js'

/** Bases of DNA: classes of the model's softmax. */
export const bases = 4

/** Parameters of the generative model: the cell's, the dense layer's, and the embedding if there is one. */
export type ModelParameters = {
  readonly cell: Parameters
  readonly logits: { readonly kernel: Tensor; readonly bias: Tensor }
  readonly embedding?: { readonly table: Tensor }
}

/** What a model is made of. */
export type ModelOptions = {
  readonly cell: Cell
  readonly hidden: number
  /** A trainable 4×4 table (it starts as the identity) in place of one-hot bases: the reference's `emb_variable`. */
  readonly embedding?: boolean
}

/** Fresh parameters: kernels (and the cell's bias) Glorot-uniform, the dense bias zero, as the reference has them. */
export function initialModel({ cell, hidden, embedding }: ModelOptions, key: Tensor): ModelParameters {
  return {
    cell: initialParameters(cell, { input: bases, hidden }, fold(key, 0)),
    logits: { kernel: glorotUniform([hidden, bases], fold(key, 1)), bias: zeros([bases]) },
    ...(embedding && { embedding: { table: tensor(identity) } }),
  }
}

const identity = Array.from({ length: bases }, (_, i) =>
  Array.from({ length: bases }, (_, j) => (i === j ? 1 : 0)),
)

/** Dropout in the cell: its rate, and the random key of its masks. */
export type Noise = { readonly rate: number; readonly key: Tensor }

/**
 * Logits of the next base after each given one. `tokens`: int32 [batch, steps], 0 to 3, or 4 for an unknown base (it
 * enters the cell as zeros); returns logits [steps, batch, 4] and the last carry.
 */
export function predict(
  { cell, hidden }: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
  carry: Carry = initialCarry(cell, tokens.shape[0], hidden, parameters.logits.bias.dtype),
  noise?: Noise,
): { logits: Tensor; carry: Carry } {
  const { kernel, bias } = parameters.logits
  const dtype = bias.dtype === 'float64' ? 'float64' : 'float32'
  const table = parameters.embedding?.table
  const steps = tokens.transpose()
  const x = table ? table.gather(steps) : oneHot(steps, bases, dtype)
  const denseLayer = (h: Tensor) => h.matmul(kernel).add(bias)
  const { out: logits, carry: last } = runCell(cell, parameters.cell, carry, x, noise, { read: denseLayer })
  return { logits, carry: last }
}

/**
 * The loss of a batch of reads (Ren et al. 2019, section 4): softmax cross-entropy of each next base in nats, mean over
 * the T-1 predictions and the reads; and the fraction of bases that were the likeliest ones. `tokens`: int32 [batch, T];
 * returns scalars.
 */
export function batchLoss(
  options: ModelOptions,
  parameters: ModelParameters,
  tokens: Tensor,
  noise?: Noise,
): { loss: Tensor; accuracy: Tensor } {
  const { logits } = predict(options, parameters, tokens.slice(1, 0, -1), undefined, noise)
  const targets = tokens.slice(1, 1).transpose()
  const targetLogits = logits.mul(oneHot(targets, bases).cast(logits.dtype)).sum(-1)
  const correct = logits.max(-1).detach().lessEqual(targetLogits)
  return { loss: softmaxCrossEntropy(logits, targets).mean(), accuracy: correct.mean() }
}

/**
 * Log-likelihoods of pieces of reads, for scoring reads of any length in bounded memory. `tokens`: int32
 * [batch, steps+1]; the first of them has been predicted before. Returns the log-likelihood in nats of every predicted
 * base, [steps, batch], and the carry to go on with. A prediction counts where its base and the base before are known
 * (below 4); elsewhere there is 0.
 */
export function logLikelihoodsOfPiece(
  options: ModelOptions,
  parameters: ModelParameters,
  carry: Carry,
  tokens: Tensor,
): { logLikelihoods: Tensor; carry: Carry } {
  const inputs = tokens.slice(1, 0, -1)
  const { logits, carry: next } = predict(options, parameters, inputs, carry)
  const targets = tokens.slice(1, 1)
  const counted = inputs.less(bases).mul(targets.less(bases)).cast(logits.dtype).transpose()
  const nll = softmaxCrossEntropy(logits, targets.transpose())
  return { logLikelihoods: nll.mul(counted).neg(), carry: next }
}
