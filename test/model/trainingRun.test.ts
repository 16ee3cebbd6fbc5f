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

test('an interrupt does not wait for a validation; the next process does it', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-run-'))
  const data = tinyData(8, 20)
  const options = { ...tinyOptions, steps: 7, valFreq: 3, logFreq: 1 }
  const reads = (seed: number) => {
    const tokens = tinyData(8, 20, seed).batch(0)
    return Array.from({ length: 8 }, (_, i) => Uint8Array.from(tokens.subarray(20 * i, 20 * i + 20)))
  }
  const validation = {
    data: { inDistribution: [...reads(1), ...reads(2)], outOfDistribution: reads(3) },
    judge: (a: Float64Array, b: Float64Array) => ({ auroc: a[0] - b[0], low: 0, high: 1 }),
  }
  const whole = await RunDirectory.open(join(root, 'whole'))
  const { checkpoint } = await train(whole, options, data, validation)

  const parts = await RunDirectory.open(join(root, 'parts'))
  let resumed = { interrupted: true, step: -1, checkpoint: '' }
  const stops: number[] = []
  // Each process is interrupted in the last step that it does, before its validation if there is one.
  for (const stop of [0, 2, 3, 6, 7]) {
    const controller = new AbortController()
    const onStep = (step: number) => step === stop && controller.abort()
    const hooks = { onStep: (step: number) => void onStep(step), signal: controller.signal }
    resumed = await train(parts, { ...options, ...hooks }, data, validation)
    stops.push(resumed.step)
  }
  t.deepEqual(stops, [0, 2, 3, 6, 6])
  t.notOk(resumed.interrupted)
  t.ok((await readFile(resumed.checkpoint)).equals(await readFile(checkpoint)), 'bit for bit')
  const validations = async (run: RunDirectory) =>
    (await run.readMetrics()).flatMap(({ step, val_loss, auroc }) =>
      val_loss ? [[step, val_loss, auroc]] : [],
    )
  t.deepEqual(await validations(parts), await validations(whole), 'the same validations')
  const steps = (await parts.readMetrics()).map(({ step }) => step)
  t.deepEqual(steps, [0, 1, 2, 3, 4, 5, 6], 'every line once')
  await rm(root, { recursive: true })
})
