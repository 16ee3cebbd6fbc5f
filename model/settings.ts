import { basename } from 'node:path'

/**
 * The settings of a training run: the flags of the reference's generative.py by their names and defaults (reference.md
 * section 4), then ours. One table: the command line, `params.json` and the library read it.
 */
export const defaults = {
  random_seed: 1234,
  batch_size: 100,
  num_steps: 1_000_000,
  val_freq: 1000,
  learning_rate: 0.0005,
  emb_variable: false,
  emb_size: 4,
  hidden_lstm_size: 2000,
  norm_lstm: false,
  dropout_rate: 0.1,
  reg_type: 'l2',
  reg_weight: 0,
  seq_len: 250,
  mutation_rate: 0,
  filter_label: -1,
  in_tr_data_dir: '/tmp/data/before_2011_in_tr',
  in_val_data_dir: '/tmp/data/between_2011-2016_in_val',
  ood_val_data_dir: '/tmp/data/between_2011-2016_ood_val',
  out_dir: '/tmp/out_generative',
  save_meta: false,
  master: '',
  model_type: '',
  cell: '',
  device: '',
  memory: 0,
  loss_scale: 1,
  val_batches: 0,
  log_freq: 50,
  keep: 5,
  init: '',
  fresh: false,
}

export type Settings = typeof defaults

/** What each setting means, for `--help`. */
export const meanings: Readonly<Record<keyof Settings, string>> = {
  random_seed:
    'seed of everything random: initialisation, order of reads, mutations, dropout (an integer up to 2^53)',
  batch_size: 'reads per training step',
  num_steps: 'training steps; model_i holds i+1 updates, as in the reference',
  val_freq: 'steps between checkpoints with validation',
  learning_rate: "Adam's learning rate",
  emb_variable: 'a trainable 4x4 table instead of one-hot bases',
  emb_size: 'columns of that table; the reference works with 4 only, and so does this',
  hidden_lstm_size: 'hidden units of the cell',
  norm_lstm: 'layer normalisation in the LSTM cell (the same as --cell layerNormLstm)',
  dropout_rate: 'dropout of the candidate in the cell, 0 to 1',
  reg_type: 'regulariser of non-bias parameters, l1 or l2',
  reg_weight: 'weight of the regulariser in the loss',
  seq_len: 'bases per read; longer reads are cut, shorter ones left out',
  mutation_rate: 'probability that a base of a training read is replaced by another one, anew in every epoch',
  filter_label: 'train on reads of this label only; -1 takes all',
  in_tr_data_dir: 'training reads: a folder in the reference\'s layout (files with "in_tr"), or a file',
  in_val_data_dir: 'in-distribution validation reads ("in_val")',
  ood_val_data_dir: 'out-of-distribution validation reads ("ood_val")',
  out_dir: 'where the run directory is made',
  save_meta: 'accepted for the reference: there is no graph to save, so nothing is written',
  master: 'accepted for the reference: must stay empty, there is no remote master',
  model_type:
    "accepted for the reference's published script, which TensorFlow ignored: background or foreground, changes nothing",
  cell: 'the recurrent cell: a name in model/cells, or a .js file that exports one (default lstm)',
  device: 'the device to train on (default wasm)',
  memory:
    'bytes that a training step may take (say 900e6); where it takes more, the backward pass keeps checkpoints and works the rest out again; 0 is no limit',
  loss_scale:
    'the loss is multiplied by it and the gradients divided: for devices that round them to fp16; a power of two, say 1024',
  val_batches: 'batches of each validation set to use; 0 takes all reads, 1 is what the reference does',
  log_freq: 'steps between lines of metrics.jsonl (means over those steps)',
  keep: 'checkpoints to keep, beside the one of the best AUROC; 0 keeps all',
  init: 'start from this model (safetensors, run directory or TensorFlow checkpoint) with its optimiser state',
  fresh:
    'start anew even if the run directory holds checkpoints (they are replaced); otherwise the run is resumed',
}

const python = (flag: boolean) => (flag ? 'True' : 'False')

/** The run directory's name below `out_dir`, as the reference forms it. */
export function runName(s: Settings): string {
  const data = `tr${basename(s.in_tr_data_dir)}_ood${basename(s.ood_val_data_dir)}_rnn`
  const cell = s.cell && s.cell !== 'lstm' ? `_cell${basename(s.cell).replace(/\W/g, '-')}` : ''
  return (
    `${data}_l${s.seq_len}_bs${s.batch_size}_lr${s.learning_rate.toFixed(4)}_hr${s.hidden_lstm_size}` +
    `_nr${python(s.norm_lstm)}_reg${s.reg_type}_regw${s.reg_weight.toFixed(6)}_fi${s.filter_label}` +
    `_mt${s.mutation_rate.toFixed(2)}${cell}`
  )
}

/** @throws RangeError that names the first setting that makes no sense, and what would. */
export function checkSettings(s: Settings): void {
  const whole = (name: keyof Settings, least: number) => {
    const value = s[name]
    if (!Number.isInteger(value) || Number(value) < least)
      throw new RangeError(`--${name} ${value}: give a whole number, ${least} or more`)
  }
  for (const name of ['batch_size', 'val_freq', 'hidden_lstm_size', 'log_freq', 'num_steps'] as const)
    whole(name, 1)
  for (const name of ['keep', 'val_batches', 'memory'] as const) whole(name, 0)
  whole('seq_len', 2)
  if (!Number.isSafeInteger(s.random_seed))
    throw new RangeError(`--random_seed ${s.random_seed}: give an integer up to 2^53`)
  if (!(s.dropout_rate >= 0 && s.dropout_rate < 1))
    throw new RangeError(`--dropout_rate ${s.dropout_rate}: give 0 or more, less than 1`)
  if (!(s.mutation_rate >= 0 && s.mutation_rate <= 1))
    throw new RangeError(`--mutation_rate ${s.mutation_rate}: give 0 to 1`)
  if (!(s.learning_rate > 0))
    throw new RangeError(`--learning_rate ${s.learning_rate}: give a number above 0`)
  if (!(s.loss_scale > 0 && Number.isFinite(s.loss_scale)))
    throw new RangeError(`--loss_scale ${s.loss_scale}: give a number above 0, best a power of two`)
  if (!(s.reg_weight >= 0)) throw new RangeError(`--reg_weight ${s.reg_weight}: give 0 or more`)
  if (s.reg_type !== 'l1' && s.reg_type !== 'l2')
    throw new RangeError(`--reg_type ${s.reg_type}: give l1 or l2`)
  if (s.emb_size !== 4)
    throw new RangeError(
      `--emb_size ${s.emb_size}: only 4 is possible (the reference fails with others, too)`,
    )
  if (s.master) throw new RangeError(`--master ${s.master}: there is no remote master; leave it empty`)
  if (!['', 'background', 'foreground'].includes(s.model_type))
    throw new RangeError(`--model_type ${s.model_type}: give background or foreground (it changes nothing)`)
  if (s.norm_lstm && s.cell && s.cell !== 'layerNormLstm')
    throw new RangeError(
      `--norm_lstm with --cell ${s.cell}: layer normalisation is the cell layerNormLstm; give one of the two`,
    )
}
