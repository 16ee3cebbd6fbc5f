import { mkdtemp, rm } from 'node:fs/promises'
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
