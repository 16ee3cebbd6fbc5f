import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { xenogradProgram } from '../../cli/program.js'
import { syntheticReads, writeReads } from '../../data/index.js'
import { startFakeNcbi } from '../data/fetch/server.js'
import { scratch, tinyModel, xenograd } from './support.js'

test('--json - of every command is one object of JSON on standard output, and nothing else', async t => {
  const folder = scratch()
  const path = (name: string) => join(folder, name)
  const [reads, others, genome, model] = [
    path('in.fa'),
    path('ood.fa'),
    path('genome.fa'),
    await tinyModel(folder),
  ]
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 30, seed: 1 }))
  await writeReads(others, syntheticReads({ split: 'ood_val', count: 40, length: 30, seed: 1 }))
  await writeReads(genome, syntheticReads({ split: 'in_tr', count: 1, length: 3000, seed: 2 }))
  writeFileSync(path('MANIFEST.tsv'), `file\tgenus\tset\tpart\ngenome.fa\tAa\tID\ttrain:0-0.7;val:0.7-1\n`)
  mkdirSync(path('tuned'))
  const server = await startFakeNcbi()
  const data = [`--in_tr_data_dir=${reads}`, `--in_val_data_dir=${reads}`, `--ood_val_data_dir=${others}`]
  const small = ['--num_steps=2', '--seq_len=30', '--batch_size=4', '-q']
  /** How each command is called, and what its summary says. */
  const calls: Readonly<Record<string, readonly [args: readonly string[], facts: object]>> = {
    train: [
      [...data, ...small, '--hidden_lstm_size=3', `--out_dir=${path('out')}`],
      { step: 1, interrupted: false },
    ],
    tune: [
      [
        ...[...data, ...small, '--hidden-sizes=3', '--mutation-rates=0,0.1', '--reg-weights=0'],
        `--out_dir=${path('tuned')}`,
      ],
      { folder: path('tuned') },
    ],
    'train-classifier': [
      [
        ...[...data, ...small, '--num_motifs=3', '--len_motifs=4', '--hidden_dense_size=3'],
        `--out_dir=${path('classes')}`,
      ],
      { step: 1, interrupted: false },
    ],
    fit: [
      ['kmers:k=4', '--reads', reads, '-o', path('fitted.safetensors'), '-q'],
      { detector: path('fitted.safetensors') },
    ],
    calibrate: [
      ['-m', model, reads, '--lengths=20', '-o', path('calibrated.safetensors'), '-q'],
      { detector: path('calibrated.safetensors'), bothStrands: false },
    ],
    score: [
      ['-m', model, reads, '-o', path('scores.tsv'), '-q'],
      { reads: 40, bases: 1200, undefinedScores: 0 },
    ],
    evaluate: [
      ['-m', model, '--in', reads, '--ood', others, '--replicates=0', '-q'],
      { inDistribution: { reads: 40, dropped: 0 } },
    ],
    sample: [
      [path('MANIFEST.tsv'), path('sampled'), '--per-genus=2', '--held-out=2', '--length=30', '-q'],
      { folder: path('sampled') },
    ],
    fetch: [
      ['GCF_000000001.1', '--email=me@example.org', '-o', path('genomes'), '--base-url', server.url, '-q'],
      { fetched: 1, kept: 0 },
    ],
    convert: [[model, path('converted.safetensors')], { from: model }],
    info: [[model], {}],
    check: [['--device', 'reference'], { passed: true }],
    completion: [['bash'], { shell: 'bash' }],
  }
  try {
    for (const command of xenogradProgram().commands.map(command => command.name())) {
      if (!calls[command]) {
        t.fail(`say in this test how ${command} is called`)
        continue
      }
      const [args, facts] = calls[command]
      const { code, stdout, stderr } = await xenograd([command, ...args, '--json', '-'])
      t.equal(code, 0, `${command}: ${stderr}`)
      const summary = JSON.parse(stdout)
      t.equal(summary.command, command)
      t.match(summary.xenograd, /^\d+\.\d+\.\d+/)
      t.ok(Object.keys(summary).length > 2, 'it says something')
      for (const [name, value] of Object.entries(facts))
        t.deepEqual(summary[name], value, `${command}: ${name}`)
    }
  } finally {
    await server.close()
  }
})
