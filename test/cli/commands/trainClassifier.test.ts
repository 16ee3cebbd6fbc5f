import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { loadClassifier, openClassifierScores } from '../../../model/index.js'
import { inThisProcess, scratch, start, xenograd } from '../support.js'
import { dataFlags, folders, runIn } from '../trainingData.js'

const small = [
  '--num_motifs=12',
  '--len_motifs=6',
  '--hidden_dense_size=8',
  '--batch_size=20',
  '--seq_len=40',
  '--learning_rate=0.01',
  '--num_steps=41',
  '--val_freq=20',
  '--log_freq=10',
  '--fit_reads=200',
]

test("train-classifier: the reference's flags, a run directory, and scores that detect", async t => {
  const root = scratch()
  const out = join(root, 'out')
  const flags = [
    ...(await dataFlags(root, 40)),
    ...small,
    '--epsilon=0.01',
    '--reweight_sample',
    `--out_dir=${out}`,
  ]
  const { code, stdout, stderr } = await xenograd(['train-classifier', ...flags])
  t.equal(code, 0, stderr)
  t.equal(stdout, '', 'standard output is for data')
  t.match(
    stderr,
    /12 motifs of 6 bases, 8 hidden units\n.*300 of 40 bases in \d+ classes\n.*40 in-distribution, 40 out/,
  )
  t.match(stderr, /step 40: validation loss .* nats, accuracy .*, AUROC of the maximum probability .*\n/)
  const run = await runIn(out)
  t.ok(
    run.endsWith('before_2011_in_tr_embTrue_l40_bs20_lr0.0100_nm12_lm6_hd8_t1.00_l2r0.000000_rwTrue_mr0.00'),
    "the reference's name of the run",
  )
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(l => JSON.parse(l))
  t.deepEqual(
    lines.map(line => line.step),
    [0, 10, 20, 30, 40],
  )
  const validated = lines.filter(line => 'val_acc' in line)
  t.deepEqual(
    validated.map(line => line.step),
    [0, 20, 40],
  )
  t.ok(validated.every(line => 'auroc' in line && 'auroc_odin' in line))
  t.ok(lines[4].acc > lines[0].acc && lines[4].loss < lines[0].loss, 'it learns')
  t.equal((await loadClassifier(run)).description.motifs, 12)

  const scores = await openClassifierScores([join(run, 'detector.safetensors')])
  t.deepEqual(
    scores.map(score => score.name),
    ['maxProbability', 'negEntropy', 'odin', 'mahalanobis', 'relMahalanobis'],
  )
  const reads = Array.from({ length: 3 }, (_, i) => new Uint8Array(90).fill(i))
  for (const score of scores) t.ok((await score.score(reads)).every(Number.isFinite), score.name)
  const file = join(run, 'detector.safetensors')
  const ensemble = await openClassifierScores([file, file])
  t.deepEqual(
    ensemble.map(score => score.name),
    ['maxProbability', 'negEntropy'],
  )
  const single = await scores[0].score(reads)
  const ofTwo = await ensemble[0].score(reads)
  t.ok(
    ofTwo.every((x, i) => Math.abs(x - single[i]) < 1e-12),
    'an ensemble of two equal ones is one of them',
  )

  const table = await xenograd(['score', '--foreground', file], '>a\nACGTACGTACGTAAGGTC\n>b\nACG\n')
  t.equal(table.code, 0, table.stderr)
  const [header, first, tooShort] = table.stdout
    .trim()
    .split('\n')
    .map(line => line.split('\t'))
  t.deepEqual(
    header.slice(3, 8),
    scores.map(score => score.name),
  )
  const expected = await scores[4].score([
    Uint8Array.from('ACGTACGTACGTAAGGTC', base => 'ACGT'.indexOf(base)),
  ])
  t.ok(Math.abs(Number(first[7]) / expected[0] - 1) < 1e-6, 'xenograd score has its columns')
  t.deepEqual(tooShort.slice(3, 8), new Array(5).fill('NA'), 'shorter than a motif')
  const info = await xenograd(['info', file])
  t.match(info.stdout, /classifier\tof .*: 12 motifs of 6 bases, 8 hidden units, windows of 40 bases/)

  const again = await xenograd(['train-classifier', ...flags])
  t.match(again.stderr, /nothing left to do; model .*model_40\.safetensors/, 'a finished run is finished')
  const other = await xenograd(['train-classifier', ...flags, '--random_seed=5'])
  t.equal(other.code, 1)
  t.match(other.stderr, /this run began with --random_seed 1234, now 5/)
})

test('train-classifier: Ctrl-C writes a checkpoint, and the same command goes on to the same end', async t => {
  const root = scratch()
  const flags = [
    ...(await dataFlags(root, 40)),
    ...small,
    '--num_steps=300',
    '--val_freq=1000',
    '--mutation_rate=0.1',
  ]
  const straight = await xenograd(['train-classifier', ...flags, `--out_dir=${join(root, 'straight')}`])
  t.equal(straight.code, 0, straight.stderr)

  const out = join(root, 'interrupted')
  const child = start(['train-classifier', ...flags, `--out_dir=${out}`])
  const ended = new Promise(resolve => child.once('close', resolve))
  child.stderr.resume()
  // The first line of metrics is written when the training has begun.
  const begun = async (): Promise<boolean> => {
    const run = await runIn(out).catch(() => undefined)
    return run !== undefined && (await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '')) !== ''
  }
  while (child.exitCode === null && !(await begun())) await new Promise(resolve => setTimeout(resolve, 5))
  child.kill('SIGINT')
  t.equal(await ended, 130)
  t.notOk((await readdir(join(await runIn(out), 'model'))).includes('model_299.safetensors'), 'interrupted')

  const resumed = await xenograd(['train-classifier', ...flags, `--out_dir=${out}`])
  t.equal(resumed.code, 0, resumed.stderr)
  for (const file of ['model/model_299.safetensors', 'detector.safetensors']) {
    const [a, b] = await Promise.all(
      ['straight', 'interrupted'].map(async name => readFile(join(await runIn(join(root, name)), file))),
    )
    t.ok(a.equals(b), `${file}: bit for bit`)
  }
})

test('train-classifier: reads from mutated reads, and weights from the file of sizes', async t => {
  const root = scratch()
  const data = await dataFlags(root, 40)
  const out = join(root, 'mutated')
  const flags = [...data, ...small, '--task=mutated', '--mutation_rate=0.3', `--out_dir=${out}`]
  const ended = await xenograd(['train-classifier', ...flags])
  t.equal(ended.code, 0, ended.stderr)
  const run = await runIn(out)
  t.ok(run.endsWith('_mr0.30_mutated'))
  const [score] = await openClassifierScores([join(run, 'detector.safetensors')])
  t.equal(score.name, 'binary')
  const file = join(run, 'detector.safetensors')
  await openClassifierScores([file, file]).then(
    () => t.fail('made an ensemble'),
    error => t.match(error.message, /no ensemble; give detectors whose classifiers tell genera apart/),
  )

  await writeFile(join(root, folders.in_tr, 'in_tr_nsample.json'), '{"class 0": 100}')
  const partial = await xenograd([
    'train-classifier',
    ...data,
    ...small,
    '--reweight_sample',
    `--out_dir=${out}2`,
  ])
  t.equal(partial.code, 3)
  t.match(partial.stderr, /--in_tr_data_dir: .*in_tr_nsample\.json: no size of class class 1/)
})

test('train-classifier: what makes no sense is said before anything is done', async t => {
  const root = scratch()
  const cases: [string[], number, RegExp][] = [
    [['--num_motif=3'], 2, /unknown option '--num-motif=3'/],
    [['--len_motifs=41'], 2, /--len_motifs 41: give at most --seq_len, which is 40/],
    [['--temperature=0'], 2, /--temperature 0: give a number above 0/],
    [['--task=genus'], 2, /--task genus: give genera or mutated/],
    [['--task=mutated'], 2, /--task mutated: mutated reads need a --mutation_rate above 0/],
    [['--in_tr_data_dir=/nowhere'], 3, /--in_tr_data_dir: \/nowhere/],
    [
      [...(await dataFlags(root, 40)), '--label_dict_file=/nowhere.json'],
      3,
      /--label_dict_file: \/nowhere\.json/,
    ],
  ]
  for (const [flags, code, message] of cases) {
    const ended = await inThisProcess([
      'train-classifier',
      ...small,
      ...flags,
      `--out_dir=${join(root, 'out')}`,
    ])
    t.equal(ended.code, code, flags.join(' '))
    t.match(ended.stderr, message)
    t.equal(ended.stderr.trim().split('\n').length, 1, 'one line')
  }
})

test('train-classifier: a loss far above that of guessing is said; a run of the reference is refused', async t => {
  const root = scratch()
  const out = join(root, 'out')
  const flags = [...(await dataFlags(root, 40)), ...small, '--num_steps=1', `--out_dir=${out}`]
  const diverged = await xenograd(['train-classifier', ...flags, '--num_steps=30', '--learning_rate=100'])
  t.equal(diverged.code, 0)
  t.match(
    diverged.stderr,
    /xenograd train-classifier: step 29: the loss is .* nats, far above the 1\.79 of guessing, at the end/,
  )
  t.equal((await xenograd(['train-classifier', ...flags])).code, 0)
  const run = join(out, (await readdir(out)).find(name => name.includes('_lr0.0100_'))!)
  await writeFile(join(run, 'model', 'model_900.ckpt.index'), '')
  const before = await readdir(join(run, 'model'))
  for (const change of [[], ['--fresh']]) {
    const { code, stderr } = await xenograd(['train-classifier', ...flags, ...change])
    t.equal(code, 1)
    t.match(
      stderr,
      /model_900\.ckpt: a (TensorFlow checkpoint; classifiers|checkpoint) of the TensorFlow program/,
    )
    t.deepEqual(await readdir(join(run, 'model')), before)
  }
})
