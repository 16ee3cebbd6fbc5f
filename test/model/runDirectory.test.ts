import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { syntheticReads, writeReads } from '../../data/index.js'
import { formatParams } from '../../model/checkpoint/index.js'
import {
  defaults,
  loadModel,
  RunDirectory,
  runName,
  type Settings,
  TrainingRun,
  toReference,
  train,
  trainFromSettings,
  writeTensorFlowCheckpoint,
} from '../../model/index.js'
import { tinyData } from './tinyData.js'
import { tinyOptions } from './trainTiny.js'

const scratch = (): string => mkdtempSync(join(tmpdir(), 'xenograd-run-'))

async function tinySettings(folder: string): Promise<Settings> {
  const reads = join(folder, 'in_tr.tfrecord')
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 20, seed: 3 }))
  const tiny = { hidden_lstm_size: 3, batch_size: 10, seq_len: 20, num_steps: 5, val_freq: 100, log_freq: 1 }
  const data = { in_tr_data_dir: reads, in_val_data_dir: '', ood_val_data_dir: '' }
  return { ...defaults, ...tiny, ...data, out_dir: join(folder, 'out') }
}

/** The model folder of a run that the reference has trained, up to the step 4; what it holds, by name. */
async function referenceRun(
  settings: Settings,
): Promise<{ models: string; files: () => Map<string, string> }> {
  const { run } = await trainFromSettings({ ...settings, out_dir: scratch() })
  const { path, options, state } = await loadModel(run)
  const models = join(settings.out_dir, runName(settings), 'model')
  mkdirSync(models, { recursive: true })
  await writeTensorFlowCheckpoint(join(models, 'model_4.ckpt'), await toReference(path, options, state))
  const { random_seed: _, ...ofReference } = settings
  writeFileSync(join(models, 'params.json'), formatParams({ ...ofReference, vocab_size: 4 }))
  writeFileSync(join(models, 'checkpoint'), 'model_checkpoint_path: "model_4.ckpt"\n')
  writeFileSync(join(models, 'model_4.ckpt.meta.tmp5'), 'unfinished')
  const files = () =>
    new Map(readdirSync(models).map(name => [name, readFileSync(join(models, name), 'latin1')]))
  return { models, files }
}

test('a directory of the reference: a run goes on from its newest checkpoint, and leaves its files as they are', async t => {
  const settings = await tinySettings(scratch())
  const { files } = await referenceRun(settings)
  const before = files()
  let [next, notes]: [number, readonly string[]] = [-1, []]
  const onStart = (_: string, said: readonly string[], step: number) => {
    next = step
    notes = said
  }
  const { run } = await trainFromSettings({ ...settings, num_steps: 8, random_seed: 5 }, { onStart })
  t.equal(next, 5, 'model_4 has had the updates of steps 0 to 4')
  t.ok(notes.includes('num_steps was 5, is now 8'))
  t.equal(await (await loadModel(run)).state.updates.item(), 8)
  const after = files()
  for (const [name, contents] of before) t.equal(after.get(name), contents, name)
  t.deepEqual(
    [...after.keys()].filter(name => !before.has(name)),
    ['model_7.safetensors'],
  )
  t.match(readFileSync(join(run, 'params.json'), 'utf8'), /"num_steps": 8/, 'ours is beside')

  await trainFromSettings({ ...settings, num_steps: 9, random_seed: 5 }, { onStart })
  t.equal(next, 8, 'and from its own')
  const failure = (change: Partial<Settings>) =>
    trainFromSettings({ ...settings, random_seed: 5, ...change }).catch((error: Error) => error.message)
  t.match(String(await failure({ dropout_rate: 0.5 })), /began with dropout_rate 0\.1, now 0\.5/)
  t.match(
    String(await failure({ fresh: true })),
    /model_4\.ckpt: a checkpoint of the TensorFlow program, which is never removed; give another out_dir/,
  )
  t.ok([...before].every(([name, contents]) => files().get(name) === contents))
})

test('a directory of the reference with other settings is refused, and stays as it is', async t => {
  const settings = await tinySettings(scratch())
  const { files } = await referenceRun(settings)
  const before = files()
  const refused = await trainFromSettings({ ...settings, dropout_rate: 0.3 }).catch((e: Error) => e.message)
  t.match(String(refused), /this run began with dropout_rate 0\.1, now 0\.3/)
  t.deepEqual(files(), before)
})

test('one process trains in a directory at a time', async t => {
  const folder = scratch()
  const data = tinyData(8, 20)
  const run = await TrainingRun.open(await RunDirectory.open(folder), tinyOptions, data)
  const open = async () => TrainingRun.open(await RunDirectory.open(folder), tinyOptions, data)
  const refused = await open().catch((error: Error) => `${error.name}: ${error.message}`)
  t.match(String(refused), /^FolderInUseError: .* works in this folder/)
  run.dispose()
  const next = await open()
  next.dispose()
  t.deepEqual(readdirSync(folder), ['metrics.jsonl', 'model'], 'nothing is left of it')
  const other = { ...tinyOptions, seed: 6, steps: 3 }
  await train(await RunDirectory.open(folder), { ...tinyOptions, steps: 3 }, data)
  await train(await RunDirectory.open(folder), other, data).then(
    () => t.fail('went on with another seed'),
    (error: Error) => t.match(error.message, /this run had seed '5'/),
  )
  await train(await RunDirectory.open(folder), { ...other, fresh: true }, data)
  t.pass('a run that was refused has given the directory back')
})

test('checkpoints by the clock: one at a time, beside those that are kept, and the same bits', async t => {
  const root = scratch()
  const data = tinyData(8, 20)
  const options = { ...tinyOptions, steps: 14, valFreq: 4, keep: 2 }
  const whole = await train(await RunDirectory.open(join(root, 'whole')), options, data)
  const directory = await RunDirectory.open(join(root, 'often'))
  const written: number[] = []
  const run = await TrainingRun.open(
    directory,
    { ...options, saveEvery: 1e-9, onCheckpoint: step => written.push(step) },
    data,
  )
  const steps = async () => (await directory.checkpoints()).map(({ step }) => step)
  const seen: number[][] = []
  while (!run.finished) {
    await run.advance()
    seen.push(await steps())
  }
  run.dispose()
  t.deepEqual(
    written,
    Array.from({ length: 14 }, (_, i) => i),
    'after every step',
  )
  t.deepEqual(seen.slice(8, 12), [
    [4, 8],
    [4, 8, 9],
    [4, 8, 10],
    [4, 8, 11],
  ])
  t.deepEqual(await steps(), [12, 13])
  t.ok(readFileSync(run.checkpoint).equals(readFileSync(whole.checkpoint)), 'bit for bit')
})
