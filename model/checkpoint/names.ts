/**
 * Names of the variables in the reference's checkpoints (google-research/genomics_ood/generative.py under TensorFlow 1).
 *
 * With H hidden units, all F32: the kernel is [4 + H, 4H] (inputs first; gates i, j, f, o), its bias [4H]; the logits'
 * kernel is [H, 4], their bias [4]. Every variable has two slots of its shape: Adam's first and second moment.
 */
const cell = 'rnn/layer_norm_basic_lstm_cell'

export const referenceNames = {
  kernel: `${cell}/kernel`,
  /** Absent with layer normalisation. */
  bias: `${cell}/bias`,
  logitsKernel: 'logits/kernel',
  logitsBias: 'logits/bias',
  /** `emb_variable`: [4, emb_size]. The reference leaves it unnamed, and TensorFlow calls it so. */
  embedding: 'Variable',
  /** Adam's β₁ and β₂ to the power of (updates done + 1), scalars. */
  beta1Power: 'beta1_power',
  beta2Power: 'beta2_power',
} as const

/** The layer normalisations of `norm_lstm`: gates i, j, f, o, and the cell state. */
export const normScopes = ['input', 'transform', 'forget', 'output', 'state'] as const

/** `gamma` and `beta`, each [H], of one layer normalisation. */
export const normNames = (scope: (typeof normScopes)[number]): { gamma: string; beta: string } => ({
  gamma: `${cell}/${scope}/gamma`,
  beta: `${cell}/${scope}/beta`,
})

/** Adam's slots of a variable: first moment m and second moment v. */
export const adamSlots = (variable: string): { m: string; v: string } => ({
  m: `${variable}/Adam`,
  v: `${variable}/Adam_1`,
})
