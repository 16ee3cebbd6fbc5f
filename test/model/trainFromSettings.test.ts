import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { syntheticReads, writeReads } from '../../data/index.js'
import { device } from '../../engine/index.js'
import { defaults, type Settings, trainFromSettings } from '../../model/index.js'

async function tinySettings(folder: string): Promise<Settings> {
  const reads = join(folder, 'in_tr.tfrecord')
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 20, seed: 3 }))
  const tiny = { hidden_lstm_size: 3, batch_size: 10, seq_len: 20, num_steps: 2 }
  const data = { in_tr_data_dir: reads, in_val_data_dir: reads, ood_val_data_dir: reads }
  return { ...defaults, ...tiny, ...data, out_dir: join(folder, 'out') }
}

test('trainFromSettings: computes on the device of the settings alone; the default one stays what it is', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = await tinySettings(folder)
  const before = device()
  const untouched = before.stats()
  let notes: readonly string[] = []
  const result = await trainFromSettings(
    { ...settings, device: 'reference' },
    {
      onStart: (_, lines) => {
        notes = lines
      },
    },
  )
  t.match(notes[0], /^device reference: /)
  t.equal(device(), before, 'the default device is the same')
  t.equal(before.name, 'wasm')
  t.deepEqual(before.stats(), untouched, 'nothing was allocated on it')
  t.deepEqual(device('reference').stats(), { buffers: 0, bytes: 0 }, 'nothing is left on the other')
  t.deepEqual([result.step, result.interrupted], [1, false])
  await rm(folder, { recursive: true })
})

test('trainFromSettings: a run that is refused leaves what its directory says as it was', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = await tinySettings(folder)
  const { run } = await trainFromSettings(settings)
  const files = ['params.json', 'model/params.json', 'run.txt']
  const contents = () => Promise.all(files.map(file => readFile(join(run, file), 'utf8')))
  const before = await contents()
  let started = false
  const refused = await trainFromSettings(
    { ...settings, random_seed: 5 },
    {
      onStart: () => {
        started = true
      },
    },
  ).catch((error: Error) => error.message)
  t.match(String(refused), /this run had seed '1234', now it is '5'/)
  t.deepEqual(await contents(), before)
  t.notOk(started)
  await rm(folder, { recursive: true })
})
