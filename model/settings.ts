import { basename } from 'node:path'
import { secondsOf } from './duration.js'
import {
  column,
  flag,
  integerFrom,
  numberFrom0,
  ofKind,
  oneOf,
  type SettingsOf,
  type SettingsTable,
  text,
} from './settingKinds.js'

/**
 * The settings of a training run, one record each: first the flags of the reference's generative.py (google-research,
 * genomics_ood) by their names and with their defaults, then ours. Whatever else concerns a setting derives from this
 * table: `Settings`, `defaults`, `meanings`, `checkSettings`, `settingsOnResume`, the types in `params.json`, and the
 * command line's flags.
 */
export const settingsTable = {
  random_seed: {
    ...ofKind('integer', 'an integer up to 2^53', Number.isSafeInteger),
    default: 1234,
    resume: 'same',
    meaning:
      'seed of everything random: initialisation, order of reads, mutations, dropout (an integer up to 2^53)',
  },
  batch_size: { ...integerFrom(1), default: 100, resume: 'same', meaning: 'reads per training step' },
  num_steps: {
    ...integerFrom(1),
    default: 1_000_000,
    resume: 'told',
    meaning: 'training steps; model_i holds i+1 updates, as in the reference',
  },
  val_freq: {
    ...integerFrom(1),
    default: 1000,
    resume: 'told',
    meaning: 'steps between checkpoints with validation',
  },
  learning_rate: {
    ...ofKind('number', 'a number above 0', x => x > 0),
    default: 0.0005,
    resume: 'same',
    meaning: "the optimiser's learning rate",
  },
  emb_variable: {
    ...flag,
    default: false,
    resume: 'same',
    meaning: 'a trainable 4x4 table instead of one-hot bases',
  },
  emb_size: {
    ...ofKind('integer', '4, the only possible one (the reference fails with others, too)', n => n === 4),
    default: 4,
    resume: 'same',
    meaning: 'columns of that table; the reference works with 4 only, and so does this',
  },
  hidden_lstm_size: { ...integerFrom(1), default: 2000, resume: 'same', meaning: 'hidden units of the cell' },
  norm_lstm: {
    ...flag,
    default: false,
    resume: 'same',
    meaning: 'layer normalisation in the LSTM cell (the same as the cell layerNormLstm)',
  },
  dropout_rate: {
    ...ofKind('number', '0 or more, less than 1', rate => rate >= 0 && rate < 1),
    default: 0.1,
    resume: 'same',
    meaning: 'dropout of the candidate in the cell, 0 to 1',
  },
  reg_type: {
    ...oneOf('l1', 'l2'),
    default: 'l2',
    resume: 'same',
    meaning: 'regulariser of non-bias parameters, l1 or l2',
  },
  reg_weight: {
    ...ofKind('number', '0 or more', weight => weight >= 0),
    default: 0,
    resume: 'same',
    meaning: 'weight of the regulariser in the loss',
  },
  seq_len: {
    ...integerFrom(2),
    default: 250,
    resume: 'same',
    meaning: 'bases per read; longer reads are cut, shorter ones left out',
  },
  mutation_rate: {
    ...ofKind('number', '0 to 1', rate => rate >= 0 && rate <= 1),
    default: 0,
    resume: 'same',
    meaning: 'probability that a base of a training read is replaced by another one, anew in every epoch',
  },
  filter_label: {
    ...ofKind('integer', 'a whole number; -1 takes all'),
    default: -1,
    resume: 'same',
    meaning: 'train on reads of this label only; -1 takes all',
  },
  in_tr_data_dir: {
    ...text,
    default: '/tmp/data/before_2011_in_tr',
    resume: 'told',
    meaning: 'training reads: a folder in the reference\'s layout (files with "in_tr"), or a file',
  },
  in_val_data_dir: {
    ...text,
    default: '/tmp/data/between_2011-2016_in_val',
    resume: 'told',
    meaning:
      'in-distribution validation reads ("in_val"); without (or where the default folder is absent) there is no validation',
  },
  ood_val_data_dir: {
    ...text,
    default: '/tmp/data/between_2011-2016_ood_val',
    resume: 'told',
    meaning:
      'out-of-distribution validation reads ("ood_val"); without there is a validation loss, but no AUROC',
  },
  out_dir: {
    ...text,
    default: '/tmp/out_generative',
    resume: 'any',
    meaning: 'where the run directory is made',
  },
  save_meta: {
    ...flag,
    default: false,
    resume: 'any',
    meaning: 'accepted for the reference: there is no graph to save, so nothing is written',
  },
  master: {
    ...ofKind('string', 'nothing: there is no remote master', choice => [''].includes(choice)),
    default: '',
    resume: 'any',
    meaning: 'accepted for the reference: must stay empty, there is no remote master',
  },
  model_type: {
    ...ofKind('string', 'background or foreground (it changes nothing)', choice =>
      ['', 'background', 'foreground'].includes(choice),
    ),
    default: '',
    resume: 'any',
    meaning:
      "accepted for the reference's published script, which TensorFlow ignored: background or foreground, changes nothing",
  },
  cell: {
    ...text,
    default: '',
    resume: 'told',
    meaning:
      'the recurrent cell: a name in model/cells, or a .js or .ts file that exports one (default lstm)',
  },
  genomes: {
    ...text,
    default: '',
    resume: 'told',
    meaning:
      "train on fragments sampled from genomes on the fly, not on in_tr_data_dir's reads: a manifest (its parts 'train', and 'val' to validate), or a folder of FASTA files Genus_…; both strands, as many of every genus",
  },
  windows: {
    ...integerFrom(1),
    default: 1,
    resume: 'same',
    meaning:
      'of fragments: so many windows of seq_len bases, one batch each, one base in common; the state is carried on (truncated backpropagation)',
  },
  min_seq_len: {
    ...ofKind('integer', '0, or a whole number from 2 on', n => n === 0 || n >= 2),
    default: 0,
    resume: 'same',
    meaning:
      'of fragments: every batch has a length between this and seq_len, one of at most eight; 0 is always seq_len',
  },
  optimiser: {
    ...oneOf('adam', 'adamw', 'sgd'),
    default: 'adam',
    resume: 'same',
    meaning: 'adam, adamw or sgd (with momentum)',
  },
  momentum: {
    ...ofKind('number', '0 or more, less than 1', rate => rate >= 0 && rate < 1),
    default: 0.9,
    resume: 'same',
    meaning: 'of sgd',
  },
  weight_decay: {
    ...numberFrom0,
    default: 0,
    resume: 'same',
    meaning: 'of adamw and sgd, decoupled, for parameters without a bias in their name',
  },
  clip_norm: {
    ...numberFrom0,
    default: 0,
    resume: 'same',
    meaning: 'the most that the norm of all gradients together may be; longer ones are scaled; 0 is no limit',
  },
  lr_schedule: {
    ...oneOf('constant', 'cosine', 'linear'),
    default: 'constant',
    resume: 'same',
    meaning:
      'the learning rate after the warm-up: constant, or down to 0 at num_steps along a cosine or a line',
  },
  warmup_steps: {
    ...integerFrom(0),
    default: 0,
    resume: 'same',
    meaning: 'steps at the beginning in which the learning rate rises from 0',
  },
  patience: {
    ...integerFrom(0),
    default: 0,
    resume: 'told',
    meaning: 'stop after so many validations in a row without a better one than before; 0 never stops early',
  },
  best_by: {
    ...oneOf('auroc', 'val_loss'),
    default: 'auroc',
    resume: 'told',
    meaning: 'by what validations are compared, to stop early and to keep the best checkpoint',
  },
  val_len: {
    ...ofKind('integer', '0, or a whole number from 2 on', n => n === 0 || n >= 2),
    default: 0,
    resume: 'told',
    meaning: 'bases of a validation read; 0 is seq_len',
  },
  device: { ...text, default: '', resume: 'told', meaning: 'the device to train on (default wasm)' },
  memory: {
    ...integerFrom(0),
    default: 0,
    resume: 'same',
    meaning:
      'bytes that a training step may take (say 900e6); where it takes more, the backward pass keeps checkpoints and works the rest out again; 0 is no limit',
  },
  loss_scale: {
    ...ofKind(
      'number',
      'a number above 0, best a power of two',
      scale => scale > 0 && Number.isFinite(scale),
    ),
    default: 1,
    resume: 'same',
    meaning:
      'the loss is multiplied by it and the gradients divided: for devices that round them to fp16; a power of two, say 1024',
  },
  shards: {
    ...ofKind('integer', '0, or a power of two', n => n === 0 || Number.isInteger(Math.log2(n))),
    default: 0,
    resume: 'same',
    meaning:
      'parts that a batch is cut into, a power of two: any number of processes that divides it ends with the same bits; 0 is what the run began with, else 8 for several processes and whole batches for one',
  },
  val_batches: {
    ...integerFrom(0),
    default: 0,
    resume: 'told',
    meaning: 'batches of each validation set to use; 0 takes all reads, 1 is what the reference does',
  },
  save_every: {
    ...ofKind('string', 'a time such as 90s, 10m or 1h, or nothing', text => secondsOf(text) !== undefined),
    default: '',
    resume: 'any',
    meaning:
      'a checkpoint also whenever so much time has passed since the last one (90s, 10m, 1h), in place of the one before that was written for that reason',
  },
  log_freq: {
    ...integerFrom(1),
    default: 50,
    resume: 'told',
    meaning: 'steps between lines of metrics.jsonl (means over those steps)',
  },
  tensorboard: {
    ...flag,
    default: false,
    resume: 'any',
    meaning: "event files for TensorBoard beside the metrics: 'tensorboard --logdir OUT_DIR' shows them",
  },
  tensorboard_histograms: {
    ...integerFrom(0),
    default: 0,
    resume: 'any',
    meaning:
      'of --tensorboard: steps between histograms of parameters and gradients, each as costly as a step; 0 has none',
  },
  keep: {
    ...integerFrom(0),
    default: 5,
    resume: 'told',
    meaning: 'checkpoints to keep, beside the one of the best validation; 0 keeps all',
  },
  init: {
    ...text,
    default: '',
    resume: 'same',
    meaning:
      'start from this model (safetensors, run directory or TensorFlow checkpoint) with its optimiser state',
  },
  fresh: {
    ...flag,
    default: false,
    resume: 'any',
    meaning:
      'start anew even if the run directory holds checkpoints (they are replaced); otherwise the run is resumed',
  },
} as const satisfies SettingsTable

/** The name of a setting. */
export type SettingName = keyof typeof settingsTable

/** All settings' names, in the order of the table. */
export const settingNames = Object.keys(settingsTable) as readonly SettingName[]

/** A value for every setting. */
export type Settings = SettingsOf<typeof settingsTable>

/** Every setting's default, by its name. */
export const defaults: Settings = column(settingsTable, 'default')

/** What each setting means, for `--help`. */
export const meanings: Readonly<Record<SettingName, string>> = column(settingsTable, 'meaning')

const python = (flag: boolean) => (flag ? 'True' : 'False')

/** The run directory's name below `out_dir`, as the reference forms it. */
export function runName(s: Settings): string {
  const data = `tr${basename(s.genomes || s.in_tr_data_dir)}_ood${basename(s.ood_val_data_dir)}_rnn`
  const cell = s.cell && s.cell !== 'lstm' ? `_cell${basename(s.cell).replace(/\W/g, '-')}` : ''
  const others = laterSettings.map(([name, short]) =>
    s[name] === defaults[name] ? '' : `_${short}${s[name]}`,
  )
  return (
    `${data}_l${s.seq_len}_bs${s.batch_size}_lr${s.learning_rate.toFixed(4)}_hr${s.hidden_lstm_size}` +
    `_nr${python(s.norm_lstm)}_reg${s.reg_type}_regw${s.reg_weight.toFixed(6)}_fi${s.filter_label}` +
    `_mt${s.mutation_rate.toFixed(2)}${cell}${others.join('')}`
  )
}

/** Settings that the reference does not have and that make another run: with what they begin in its name. */
const laterSettings = [
  ['windows', 'w'],
  ['min_seq_len', 'min'],
  ['optimiser', ''],
  ['weight_decay', 'wd'],
  ['clip_norm', 'clip'],
  ['lr_schedule', ''],
  ['warmup_steps', 'wu'],
] as const satisfies readonly (readonly [SettingName, string])[]
