import { readdir, readFile, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { interruptSignals } from '../../../cli/interrupt.js'
import { decode, syntheticReads } from '../../../data/index.js'
import { loadModel, settingsTable } from '../../../model/index.js'
import { sharedPath, testShared } from '../../shared.js'
import { command, inThisProcess, scratch, shell, start, xenograd } from '../support.js'
import { dataFlags, runIn } from '../trainingData.js'

const small = [
  '--hidden_lstm_size=5',
  '--batch_size=20',
  '--seq_len=40',
  '--num_steps=21',
  '--val_freq=10',
  '--log_freq=5',
]

test("train: the reference's command line runs as it is", async t => {
  const root = scratch()
  const out = join(root, 'out')
  const published = [
    '--mutation_rate=0.1',
    '--reg_weight=0.0001',
    '--model_type=background',
    '--norm_lstm=False',
  ]
  const { code, stdout, stderr } = await xenograd([
    'train',
    ...(await dataFlags(root)),
    ...small,
    ...published,
    `--out_dir=${out}`,
  ])
  t.equal(code, 0, stderr)
  t.equal(stdout, '', 'standard output is for data')
  t.match(
    stderr,
    /device wasm: WebAssembly.*\n.*cell lstm, 5 hidden units\n.*300 of 40 bases\n.*30 in-distribution, 30 out/,
  )
  t.match(
    stderr,
    /\nstep 20: validation loss 1\.\d{4} nats per base, AUROC of the likelihood 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]\n/,
  )
  const run = await runIn(out)
  t.ok(
    run.endsWith(
      'trbefore_2011_in_tr_oodbetween_2011-2016_ood_val_rnn_l40_bs20_lr0.0005_hr5_nrFalse_regl2_regw0.000100_fi-1_mt0.10',
    ),
    "the reference's name of the run",
  )
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.deepEqual(
    lines.map(line => line.step),
    [0, 5, 10, 15, 20],
  )
  const judged = lines.filter(line => 'auroc' in line)
  t.deepEqual(
    judged.map(line => line.step),
    [0, 10, 20],
  )
  t.ok(
    judged.every(
      line => line.auroc_ci[0] <= line.auroc && line.auroc <= line.auroc_ci[1] && line.val_loss > 1,
    ),
    'AUROC with its interval',
  )
  const params = JSON.parse(JSON.parse(await readFile(join(run, 'model', 'params.json'), 'utf8')))
  t.equal(params.hidden_lstm_size, 5, "params.json in the reference's form")
  t.deepEqual((await readdir(join(run, 'model'))).sort(), [
    'model_0.safetensors',
    'model_10.safetensors',
    'model_20.safetensors',
    'params.json',
  ])
  const { state, options } = await loadModel(run)
  t.deepEqual([await state.updates.item(), options.hidden], [21, 5], 'model_20 holds 21 updates')

  const again = await xenograd([
    'train',
    ...(await dataFlags(root)),
    ...small,
    ...published,
    `--out_dir=${out}`,
  ])
  t.match(again.stderr, /nothing left to do; model .*model_20\.safetensors/, 'a finished run is finished')
})

/** Starts a training, and returns when it has written its first line of metrics. */
async function startTraining(flags: readonly string[], out: string) {
  const child = start(['train', ...flags, `--out_dir=${out}`])
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const begun = async (): Promise<boolean> => {
    const run = await runIn(out).catch(() => undefined)
    return (
      run !== undefined && (await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '')).includes('\n')
    )
  }
  while (child.exitCode === null && !(await begun())) await new Promise(resolve => setTimeout(resolve, 5))
  return { child, ended, said: () => said }
}

test('train: interrupts write a checkpoint, and the same command goes on to the same end', async t => {
  const root = scratch()
  const flags = [...(await dataFlags(root)), ...small, '--num_steps=400', '--val_freq=1000']
  const straight = await xenograd(['train', ...flags, `--out_dir=${join(root, 'straight')}`])
  t.equal(straight.code, 0, straight.stderr)
  const last = async (folder: string) =>
    readFile(join(await runIn(join(root, folder)), 'model', 'model_399.safetensors'))

  for (const signal of interruptSignals) {
    const out = join(root, signal)
    const { child, ended, said } = await startTraining([...flags, '--save_every=0.001s'], out)
    // A terminal that is gone takes no messages either.
    if (signal === 'SIGHUP') child.stderr.destroy()
    child.kill(signal)
    t.equal(await ended, 128 + constants.signals[signal], `${signal} ${said()}`)
    t.deepEqual((await readdir(await runIn(out))).sort(), [
      'metrics.jsonl',
      'model',
      'params.json',
      'run.txt',
    ])
    const steps = (await readdir(join(await runIn(out), 'model'))).filter(name =>
      name.endsWith('.safetensors'),
    )
    t.ok(steps.length > 0 && !steps.includes('model_399.safetensors'), `stopped at ${steps}`)

    const resumed = await xenograd(['train', ...flags, `--out_dir=${out}`])
    t.equal(resumed.code, 0, resumed.stderr)
    t.match(resumed.stderr, /\n {2}goes on at step \d+\n/)
    t.ok((await last('straight')).equals(await last(signal)), 'bit for bit')
  }
})

test('train: a run that another process trains is left alone; one that was killed is taken over', async t => {
  const root = scratch()
  const out = join(root, 'out')
  const flags = [...(await dataFlags(root)), ...small, '--num_steps=100000']
  const { child, ended } = await startTraining(flags, out)
  child.kill('SIGSTOP')
  const contents = async () => readFile(join(await runIn(out), 'metrics.jsonl'), 'utf8')
  const before = await contents()
  const second = await xenograd(['train', ...flags, `--out_dir=${out}`])
  t.equal(second.code, 1)
  t.match(
    second.stderr,
    new RegExp(`: process ${child.pid} on .* works in this folder; wait until it has ended, or take another`),
  )
  t.equal(await contents(), before)
  child.kill('SIGKILL')
  await ended
  const resumed = await xenograd(['train', ...flags, '--num_steps=1', `--out_dir=${out}`])
  t.equal(resumed.code, 0, resumed.stderr)
})

test('train: the folder of a run means the run, for whatever takes a model', async t => {
  const root = scratch()
  const out = join(root, 'out')
  const data = await dataFlags(root)
  const flags = [...data, ...small, '--num_steps=1']
  t.equal((await xenograd(['train', ...flags, `--out_dir=${out}`])).code, 0)
  const reads = join(root, 'reads.fa')
  await writeFile(reads, Array.from({ length: 40 }, (_, i) => `>r${i}\nACGTACG${'ACGT'[i % 4]}\n`).join(''))
  const commands = [
    ['info', out],
    ['score', '-m', out, '-b', out, reads],
    ['evaluate', '--foreground', out, '--background', out, '--in', reads, '--ood', reads, '--runs', out],
    ['calibrate', '-m', out, reads, '--lengths', '8', '-o', join(root, 'detector.safetensors')],
    ['convert', out, join(root, 'copy.safetensors')],
    ['train', ...flags, '--init', out, `--out_dir=${join(root, 'other')}`],
  ]
  const runs = await Promise.all(commands.map(args => xenograd(args)))
  for (const [i, { code, stderr }] of runs.entries()) t.equal(code, 0, `${commands[i][0]}: ${stderr}`)
  const checkpoint = join(await runIn(out), 'model', 'model_0.safetensors')
  const replaced = await xenograd(['convert', out, checkpoint])
  t.match(replaced.stderr, /would replace .*out, which is read/)

  t.equal((await xenograd(['train', ...flags, '--batch_size=10', `--out_dir=${out}`])).code, 0)
  const several = await xenograd(['info', out])
  t.equal(several.code, 1)
  t.match(several.stderr, /out: 2 runs are in this folder; give one of them: .*_bs10_.*, .*_bs20_/)
})

test('train: what has changed is refused or told, as --help says', async t => {
  const root = scratch()
  const flags = [...(await dataFlags(root)), ...small, '--num_steps=2', `--out_dir=${join(root, 'out')}`]
  t.equal((await xenograd(['train', ...flags])).code, 0)
  const [refused, told, help] = [
    await xenograd(['train', ...flags, '--dropout_rate=0.2']),
    await xenograd(['train', ...flags, '--num_steps=3', '--val_freq=1', '--device=reference']),
    await xenograd(['train', '--help']),
  ]
  t.equal(refused.code, 1)
  t.match(refused.stderr, /this run began with --dropout_rate 0\.1, now 0\.2; .* \(--fresh starts anew\)/)
  t.equal(told.code, 0, told.stderr)
  t.match(
    told.stderr,
    /\n {2}num_steps was 2, is now 3\n {2}val_freq was 10, is now 1\n {2}device was wasm: .*, is now reference: .*\n {2}goes on at step 2\n/,
  )
  const others = /These may be others, and are told if they are: ([^.]*) \(with/.exec(help.stdout)?.[1]
  for (const [name, { resume }] of Object.entries(settingsTable))
    t.equal(new RegExp(`--${name}\\b`).test(others ?? ''), resume === 'told', name)
})

test('train: the number of threads changes nothing but the banner', async t => {
  const root = scratch()
  const data = await dataFlags(root)
  const large = ['--hidden_lstm_size=24', '--batch_size=40', '--seq_len=40', '--num_steps=3']
  const models = await Promise.all(
    ['1', '3'].map(async threads => {
      const out = join(root, threads)
      const { stderr } = await xenograd(['train', '-j', threads, ...data, ...large, `--out_dir=${out}`])
      t.match(stderr, new RegExp(`${threads} thread`))
      return readFile(join(await runIn(out), 'model', 'model_2.safetensors'))
    }),
  )
  t.ok(models[0].equals(models[1]), 'bit for bit')
})

test('train: what makes no sense is said before anything is done', async t => {
  const root = scratch()
  const cases: [string[], number, RegExp][] = [
    [
      ['--hiden_lstm_size=3'],
      2,
      /unknown option '--hiden-lstm-size=3' \(Did you mean --hidden-lstm-size\?\)/,
    ],
    [['--dropout_rate=1'], 2, /--dropout_rate 1: give 0 or more, less than 1/],
    [['--reg_type=l3'], 2, /--reg_type l3: give l1 or l2/],
    [['--norm_lstm=maybe'], 2, /Give true or false/],
    [['--model_type=middle'], 2, /--model_type middle: give background or foreground/],
    [
      ['--cell=nothing', ...(await dataFlags(root))],
      1,
      /--cell nothing: there is no such cell; give .*gru.*lstm/,
    ],
    [['--in_tr_data_dir=/nowhere'], 3, /--in_tr_data_dir: \/nowhere: no such file or folder/],
    [
      [...(await dataFlags(scratch())), '--in_val_data_dir=/nowhere'],
      3,
      /--in_val_data_dir: \/nowhere: no such file or folder/,
    ],
  ]
  for (const [flags, code, message] of cases) {
    const ended = await inThisProcess(['train', ...small, ...flags, `--out_dir=${join(root, 'out')}`])
    t.equal(ended.code, code, flags.join(' '))
    t.match(ended.stderr, message)
    t.equal(ended.stderr.trim().split('\n').length, 1, 'one line')
  }
})

test("train: a user's own cell from a file, and its models score", async t => {
  const root = scratch()
  const cell = join(root, 'leaky.mjs')
  const engine = new URL('../../../engine/index.js', import.meta.url)
  await writeFile(
    cell,
    `import { concat, defineCell } from '${engine}'
export const leaky = defineCell({
  name: 'leaky',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden], bias: [hidden] }),
  carry: ['h'],
  step: ({ kernel, bias }, { h }, x) => {
    const next = h.mul(0.5).add(concat([x, h], 1).matmul(kernel).add(bias).tanh().mul(0.5))
    return { carry: { h: next }, out: next }
  },
})
`,
  )
  const out = join(root, 'out')
  const ended = await xenograd([
    'train',
    ...(await dataFlags(root)),
    ...small,
    `--cell=${cell}`,
    `--out_dir=${out}`,
  ])
  t.equal(ended.code, 0, ended.stderr)
  const run = await runIn(out)
  const table = await shell(
    `printf '>a\\nACGTACGT\\n' | ${command} score --cell '${cell}' --foreground '${run}'`,
  )
  t.match(table.stdout, /^#read.*\na\t8\t0\.5000\t-\d/)
})

testShared("train: from the reference's checkpoint, with its optimiser state", async t => {
  const root = scratch()
  const init = sharedPath('data/tf1-oracle/model/model_500.ckpt')
  const data = [`--in_tr_data_dir=${sharedPath('data/tf1-oracle')}/in_tr_class_0.tfrecord`]
  const flags = ['--hidden_lstm_size=30', '--num_steps=2', `--init=${init}`, `--out_dir=${join(root, 'out')}`]
  const ended = await xenograd(['train', ...data, ...flags])
  t.equal(ended.code, 0, ended.stderr)
  const { state } = await loadModel(await runIn(join(root, 'out')))
  t.equal(await state.updates.item(), 503, '501 updates and two more')
})

test('train: a genome is sampled from, without validation and without a flag for that', async t => {
  const root = scratch()
  const [genome] = syntheticReads({ split: 'in_tr', count: 1, length: 2000, seed: 3 })
  const file = join(root, 'genome.fna')
  await writeFile(file, `>chromosome\n${decode(genome.bases)}\n`)
  const options = [
    '--windows=2',
    '--min_seq_len=20',
    '--optimiser=adamw',
    '--weight_decay=0.01',
    '--clip_norm=1',
  ]
  const schedule = ['--lr_schedule=cosine', '--warmup_steps=5']
  const ended = await xenograd([
    'train',
    ...small,
    `--in_tr_data_dir=${file}`,
    ...options,
    ...schedule,
    `--out_dir=${join(root, 'out')}`,
  ])
  t.equal(ended.code, 0, ended.stderr)
  t.match(
    ended.stderr,
    /training fragments of 2 windows of 20, 28, 40 bases from the records of .*genome\.fna \(1 genus, 2000 bases\), both strands, sampled on the fly\n {2}no validation reads\n/,
  )
  const { state } = await loadModel(await runIn(join(root, 'out')))
  t.deepEqual(Object.keys(state).sort(), ['adam', 'carry', 'parameters', 'updates'])
  t.equal(state.carry?.c.shape[0], 20)
})

test('train: stops early, and says so', async t => {
  const root = scratch()
  const flags = [...(await dataFlags(root)), ...small, `--out_dir=${join(root, 'out')}`]
  const ended = await xenograd([
    'train',
    ...flags,
    ...['--learning_rate=1e-12', '--patience=2', '--best_by=val_loss', '--num_steps=1000', '--val_freq=2'],
  ])
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.stderr, /stopped early, 2 validations without a better one; step \d+, loss/)
})

test('train --tensorboard: event files beside the metrics, and refused without', async t => {
  const root = scratch()
  const train = ['train', ...(await dataFlags(root)), ...small, `--out_dir=${join(root, 'out')}`, '-q']
  const refused = await xenograd([...train, '--tensorboard-histograms', '10'])
  t.equal(refused.code, 2)
  t.match(refused.stderr, /--tensorboard_histograms 10: give --tensorboard, too/)
  const { code, stderr } = await xenograd([...train, '--tensorboard', '--tensorboard-histograms', '10'])
  t.equal(code, 0, stderr)
  for (const folder of ['log', 'log/in_tr', 'log/in_val']) {
    const names = await readdir(join(await runIn(join(root, 'out')), folder))
    t.equal(names.filter(name => name.startsWith('events.out.tfevents.')).length, 1, folder)
  }
})
