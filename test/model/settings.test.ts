import test from 'tape'
import {
  checkSettings,
  defaults,
  InvalidSettingsError,
  meanings,
  runName,
  type Settings,
  SettingsError,
  settingNames,
  settingsTable,
} from '../../model/index.js'

test('settings: the defaults make sense, and everything derives from the table', t => {
  checkSettings(defaults)
  t.deepEqual(Object.keys(defaults), settingNames)
  t.deepEqual(Object.keys(meanings), settingNames)
  for (const name of settingNames)
    t.ok(settingsTable[name].valid(defaults[name]), `${name} ${defaults[name]}`)
  t.end()
})

test('settings: what makes no sense is named, with what would', t => {
  const cases: [change: Partial<Record<keyof Settings, unknown>>, message: string][] = [
    [{ batch_size: 0 }, 'batch_size 0: give a whole number, 1 or more'],
    [{ seq_len: 1 }, 'seq_len 1: give a whole number, 2 or more'],
    [{ hidden_lstm_size: '64' }, 'hidden_lstm_size 64: give a whole number, 1 or more'],
    [{ random_seed: 2 ** 60 }, `random_seed ${2 ** 60}: give an integer up to 2^53`],
    [{ dropout_rate: 1 }, 'dropout_rate 1: give 0 or more, less than 1'],
    [{ mutation_rate: Number.NaN }, 'mutation_rate NaN: give 0 to 1'],
    [{ learning_rate: 0 }, 'learning_rate 0: give a number above 0'],
    [
      { loss_scale: Number.POSITIVE_INFINITY },
      'loss_scale Infinity: give a number above 0, best a power of two',
    ],
    [{ reg_type: 'l3' }, 'reg_type l3: give l1 or l2'],
    [{ emb_size: 5 }, 'emb_size 5: give 4, the only possible one (the reference fails with others, too)'],
    [{ master: 'grpc://x' }, 'master grpc://x: give nothing: there is no remote master'],
    [{ fresh: 'yes' }, 'fresh yes: give true or false'],
    [
      { norm_lstm: true, cell: 'gru' },
      'norm_lstm with cell gru: layer normalisation is the cell layerNormLstm; give one of the two',
    ],
    [
      { in_val_data_dir: '', ood_val_data_dir: 'x' },
      'ood_val_data_dir x: give in_val_data_dir, too, for validation, or neither',
    ],
    [{ min_seq_len: 300 }, 'min_seq_len 300: give at most seq_len, which is 250'],
    [{ min_seq_len: 1 }, 'min_seq_len 1: give 0, or a whole number from 2 on'],
    [{ windows: 0 }, 'windows 0: give a whole number, 1 or more'],
    [{ optimiser: 'rprop' }, 'optimiser rprop: give adam, adamw or sgd'],
    [{ lr_schedule: 'step' }, 'lr_schedule step: give constant, cosine or linear'],
    [{ clip_norm: -1 }, 'clip_norm -1: give 0 or more'],
    [{ save_every: '10' }, 'save_every 10: give a time such as 90s, 10m or 1h, or nothing'],
    [{ momentum: 1 }, 'momentum 1: give 0 or more, less than 1'],
  ]
  for (const [change, message] of cases) {
    try {
      checkSettings({ ...defaults, ...(change as Partial<Settings>) })
      t.fail(`accepted: ${message}`)
    } catch (error) {
      t.ok(error instanceof InvalidSettingsError)
      t.equal((error as Error).message, message)
    }
  }
  t.end()
})

test("a run's name: the reference's, and what is not at its default", t => {
  t.match(runName(defaults), /^trbefore_2011_in_tr_ood.*_mt0\.00$/)
  const changed = { ...defaults, genomes: 'x/MANIFEST.tsv', windows: 4, optimiser: 'sgd', clip_norm: 0.5 }
  t.match(runName(changed), /^trMANIFEST\.tsv_ood.*_mt0\.00_w4_sgd_clip0\.5$/)
  t.end()
})

test('an error about settings is told with the names of whoever shows it', t => {
  const error = new SettingsError(name => `${name('cell')} x: give a cell, or ${name('norm_lstm')}`)
  t.equal(error.message, 'cell x: give a cell, or norm_lstm')
  t.equal(
    error.tell(name => `--${name}`),
    '--cell x: give a cell, or --norm_lstm',
  )
  t.end()
})
