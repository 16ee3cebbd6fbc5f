import { basename } from 'node:path'
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
import { settingsTable } from './settings.js'

const shared = settingsTable

/**
 * The settings of a classifier's training, as `settingsTable`: first the flags of the reference's classifier.py
 * (google-research, genomics_ood) by their names and with their defaults, then ours.
 */
export const classifierSettingsTable = {
  embedding: {
    ...flag,
    default: true,
    resume: 'same',
    meaning: 'a trainable 4x4 table instead of one-hot bases',
  },
  batch_size: shared.batch_size,
  num_steps: shared.num_steps,
  val_freq: shared.val_freq,
  learning_rate: { ...shared.learning_rate, default: 0.0001 },
  emb_size: shared.emb_size,
  hidden_lstm_size: {
    ...integerFrom(1),
    default: 2000,
    resume: 'any',
    meaning: 'accepted for the reference, which does not use it either',
  },
  hidden_dense_size: { ...integerFrom(1), default: 200, resume: 'same', meaning: 'units of the dense layer' },
  num_motifs: { ...integerFrom(1), default: 1000, resume: 'same', meaning: 'filters of the convolution' },
  len_motifs: { ...integerFrom(1), default: 20, resume: 'same', meaning: 'bases that a filter looks at' },
  temperature: {
    ...ofKind('number', 'a number above 0', x => x > 0),
    default: 1,
    resume: 'same',
    meaning: 'what logits are divided by, in training and in scores',
  },
  random_seed: shared.random_seed,
  reweight_sample: {
    ...flag,
    default: false,
    resume: 'same',
    meaning:
      'weigh classes by their size, which a file with "nsample" beside the training reads says (in_tr_nsample.json), or else the reads themselves',
  },
  save_meta: shared.save_meta,
  dropout_rate: {
    ...shared.dropout_rate,
    meaning: 'dropout after the maximum over positions and after the dense layer, 0 to 1',
  },
  l2_reg: {
    ...numberFrom0,
    default: 0,
    resume: 'same',
    meaning: 'weight of the L2 regulariser of non-bias parameters in the loss',
  },
  mutation_rate: shared.mutation_rate,
  epsilon: {
    ...numberFrom0,
    default: 0,
    resume: 'told',
    meaning: "ODIN's step on the last hidden layer; 0 is no step",
  },
  in_tr_data_dir: shared.in_tr_data_dir,
  in_val_data_dir: shared.in_val_data_dir,
  ood_val_data_dir: shared.ood_val_data_dir,
  label_dict_file: {
    ...text,
    default: '/tmp/data/label_dict.json',
    resume: 'told',
    meaning: 'numbers of the classes by their names; without such a file, the one beside the training folder',
  },
  out_dir: { ...shared.out_dir, default: '/tmp/out_classifier' },
  seq_len: shared.seq_len,
  master: shared.master,
  task: {
    ...oneOf('genera', 'mutated'),
    default: 'genera',
    resume: 'same',
    meaning:
      'what is told apart: the classes of the reads (genera), or reads from reads mutated at mutation_rate (mutated)',
  },
  genomes: shared.genomes,
  lr_schedule: shared.lr_schedule,
  warmup_steps: shared.warmup_steps,
  optimiser: shared.optimiser,
  momentum: shared.momentum,
  weight_decay: shared.weight_decay,
  clip_norm: shared.clip_norm,
  device: shared.device,
  memory: shared.memory,
  loss_scale: shared.loss_scale,
  val_batches: shared.val_batches,
  val_len: shared.val_len,
  save_every: shared.save_every,
  log_freq: shared.log_freq,
  tensorboard: shared.tensorboard,
  tensorboard_histograms: shared.tensorboard_histograms,
  keep: shared.keep,
  best_by: shared.best_by,
  patience: shared.patience,
  fit_reads: {
    ...integerFrom(1),
    default: 10_000,
    resume: 'told',
    meaning: "training reads that the Mahalanobis distances' Gaussians are fitted to at the end",
  },
  init: shared.init,
  fresh: shared.fresh,
} as const satisfies SettingsTable

/** The name of a classifier's setting. */
export type ClassifierSettingName = keyof typeof classifierSettingsTable

/** All settings' names, in the order of the table. */
export const classifierSettingNames = Object.keys(classifierSettingsTable) as readonly ClassifierSettingName[]

/** A value for every setting. */
export type ClassifierSettings = SettingsOf<typeof classifierSettingsTable>

/** Every setting's default, by its name. */
export const classifierDefaults: ClassifierSettings = column(classifierSettingsTable, 'default')

/** The run directory's name below `out_dir`, as the reference forms it; what it does not have comes last. */
export function classifierRunName(s: ClassifierSettings): string {
  const python = (value: boolean) => (value ? 'True' : 'False')
  return (
    `${basename(s.genomes || s.in_tr_data_dir)}_emb${python(s.embedding)}_l${s.seq_len}_bs${s.batch_size}` +
    `_lr${s.learning_rate.toFixed(4)}_nm${s.num_motifs}_lm${s.len_motifs}_hd${s.hidden_dense_size}` +
    `_t${s.temperature.toFixed(2)}_l2r${s.l2_reg.toFixed(6)}_rw${python(s.reweight_sample)}` +
    `_mr${s.mutation_rate.toFixed(2)}${s.task === 'genera' ? '' : `_${s.task}`}`
  )
}
