import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { device } from '../../engine/index.js'
import { RunDirectory, TrainingRun, train } from '../../model/index.js'
import { tinyData } from './tinyData.js'
import { tinyOptions } from './trainTiny.js'

test('a run is opened, advanced and saved, and goes on where it was saved', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-run-'))
  const data = tinyData(8, 20)
  const options = { ...tinyOptions, steps: 8, valFreq: 100 }
  const whole = await train(await RunDirectory.open(join(root, 'whole')), options, data)

  const directory = await RunDirectory.open(join(root, 'parts'))
  const before = device('wasm').stats()
  const first = await TrainingRun.open(directory, options, data)
  t.deepEqual([first.next, first.finished, first.checkpoint], [0, false, ''])
  for (let i = 0; i < 5; i++) await first.advance()
  await first.save()
  first.dispose()
  t.deepEqual(device('wasm').stats(), before, 'dispose frees everything')
  t.match(first.checkpoint, /model_4\.safetensors$/)

  const second = await TrainingRun.open(directory, options, data)
  t.deepEqual([second.next, second.checkpoint], [5, first.checkpoint])
  while (!second.finished) await second.advance()
  try {
    await second.advance()
    t.fail('went on after the end')
  } catch (error) {
    t.match(String(error), /^RangeError: advance: all 8 steps are done/)
  }
  second.dispose()
  t.ok((await readFile(second.checkpoint)).equals(await readFile(whole.checkpoint)), 'bit for bit')
  await rm(root, { recursive: true })
})
