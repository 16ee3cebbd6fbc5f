/** What a training does beyond Adam at one rate on reads of one length: each of it resumed, bit for bit. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { device } from '../../engine/index.js'
import {
  loadModel,
  RunDirectory,
  type RunOptions,
  type TrainingData,
  TrainingRun,
  train,
} from '../../model/index.js'
import { tinyData } from './tinyData.js'
import { tinyOptions } from './trainTiny.js'

/** Fragments of `windows` windows of `length` bases, one in common, whose whole fragments `wholeData` has. */
function windowedData(windows: number, length: number, batchSize = 8): TrainingData {
  const whole = windows * (length - 1) + 1
  const data = tinyData(batchSize, whole)
  return {
    batchSize,
    windows,
    fingerprint: 'windows',
    batch: step => {
      const fragments = data.batch(Math.floor(step / windows))
      const start = (step % windows) * (length - 1)
      return Int32Array.from(
        { length: batchSize * length },
        (_, i) => fragments[Math.floor(i / length) * whole + start + (i % length)],
      )
    },
  }
}

/** Batches of two lengths in turn. */
const twoLengths: TrainingData = {
  ...tinyData(8, 20),
  fingerprint: 'two lengths',
  batch: step => tinyData(8, step % 2 ? 12 : 20).batch(step),
}

const cases: [what: string, options: Partial<RunOptions>, data: TrainingData][] = [
  ['windows, broken off within a fragment', {}, windowedData(3, 10)],
  ['batches of two lengths', {}, twoLengths],
  ['sgd', { optimiser: 'sgd', momentum: 0.8, weightDecay: 0.01 }, tinyData(8, 20)],
  ['adamw, clipped', { optimiser: 'adamw', weightDecay: 0.1, clipNorm: 0.05 }, tinyData(8, 20)],
  ['a cosine after a warm-up', { schedule: { shape: 'cosine', warmup: 3 } }, tinyData(8, 20)],
]

for (const [what, change, data] of cases)
  test(`resumed bit for bit: ${what}`, async t => {
    const root = await mkdtemp(join(tmpdir(), 'xenograd-long-'))
    const options = { ...tinyOptions, ...change, steps: 11, valFreq: 100 }
    const whole = await train(await RunDirectory.open(join(root, 'whole')), options, data)
    const directory = await RunDirectory.open(join(root, 'parts'))
    const before = device('wasm').stats()
    for (const steps of [5, 3, 3]) {
      const run = await TrainingRun.open(directory, options, data)
      for (let i = 0; i < steps; i++) await run.advance()
      await run.save()
      run.dispose()
    }
    t.deepEqual(device('wasm').stats(), before, 'all memory is free again')
    const newest = (await directory.checkpoints()).at(-1)
    t.equal(newest?.step, 10)
    t.ok((await readFile(newest!.path)).equals(await readFile(whole.checkpoint)))
    const plain = await train(
      await RunDirectory.open(join(root, 'plain')),
      { ...tinyOptions, steps: 11, valFreq: 100 },
      tinyData(8, 20),
    )
    const kernel = async (path: string) => (await loadModel(path)).state.parameters.cell.kernel.data()
    t.notDeepEqual(
      await kernel(whole.checkpoint),
      await kernel(plain.checkpoint),
      'and it is another training',
    )
    const refused = await train(directory, tinyOptions, tinyData(8, 20)).catch((e: Error) => e.name)
    t.equal(refused, 'SettingsError', 'a plain training does not go on with it')
    await rm(root, { recursive: true })
  })

test('the carry goes from window to window, and no further than the fragment', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-long-'))
  const losses = async (name: string, data: TrainingData, steps: number) => {
    const values: number[] = []
    // Parameters stay what they are, so that windows can be compared with whole fragments.
    const frozen = { ...tinyOptions, learningRate: 1e-30, dropoutRate: 0, regulariserWeight: 0, steps }
    await train(
      await RunDirectory.open(join(root, name)),
      { ...frozen, onStep: (_, { loss }) => values.push(loss) },
      data,
    )
    return values
  }
  const [windows, length] = [4, 6]
  const cut = await losses('cut', windowedData(windows, length), 2 * windows)
  const whole = await losses('whole', tinyData(8, windows * (length - 1) + 1), 2)
  const means = [0, 1].map(i => cut.slice(i * windows, (i + 1) * windows).reduce((a, b) => a + b) / windows)
  t.ok(
    means.every((mean, i) => Math.abs(mean - whole[i]) < 1e-6),
    `${means} and ${whole}`,
  )
  await rm(root, { recursive: true })
})

test('a schedule lowers the rate to almost nothing at the end', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-long-'))
  const changes = async (shape: 'constant' | 'linear') => {
    const directory = await RunDirectory.open(join(root, shape))
    const options = { ...tinyOptions, dropoutRate: 0, steps: 40, valFreq: 1, keep: 0, schedule: { shape } }
    await train(directory, options, tinyData(8, 20))
    const kernels = await Promise.all(
      [0, 1, 38, 39].map(async i =>
        (await loadModel((await directory.checkpoints())[i].path)).state.parameters.cell.kernel.data(),
      ),
    )
    const distance = (a: number, b: number) =>
      Math.hypot(...Array.from(kernels[a], (x, k) => x - kernels[b][k]))
    return distance(3, 2) / distance(1, 0)
  }
  const [constant, linear] = [await changes('constant'), await changes('linear')]
  t.ok(
    linear < constant / 10,
    `last over first change: ${linear.toFixed(4)}, at a constant rate ${constant.toFixed(4)}`,
  )
  await rm(root, { recursive: true })
})

test('training stops early at the same step, whether it was interrupted or not', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-long-'))
  const reads = Array.from({ length: 4 }, (_, i) => Uint8Array.from({ length: 20 }, (_, k) => (k * i) & 3))
  const data = { inDistribution: reads, outOfDistribution: reads }
  // Better, better, worse from then on.
  const aurocs = [0.5, 0.6, 0.55, 0.58, 0.57, 0.5]
  const judge = (step: () => number) => () => ({ auroc: aurocs[step() / 3], low: 0, high: 1 })
  const stop = async (folder: string, interrupts: number[]) => {
    const directory = await RunDirectory.open(join(root, folder))
    const checkpoints: number[] = []
    for (;;) {
      let step = 0
      const abort = new AbortController()
      const result = await train(
        directory,
        {
          ...tinyOptions,
          keep: 1,
          patience: 3,
          bestBy: 'auroc',
          signal: abort.signal,
          onStep: done => {
            step = done
            if (interrupts.includes(done)) abort.abort()
          },
          onCheckpoint: done => checkpoints.push(done),
        },
        tinyData(8, 20),
        { data, judge: judge(() => step) },
      )
      if (!result.interrupted) return { result, checkpoints, directory }
      interrupts.splice(interrupts.indexOf(step), 1)
    }
  }
  const straight = await stop('straight', [])
  t.deepEqual(
    [straight.result.step, straight.result.stoppedEarly],
    [12, true],
    'three validations after step 3',
  )
  t.deepEqual(straight.checkpoints, [0, 3, 6, 9, 12])
  t.deepEqual(
    (await straight.directory.checkpoints()).map(c => c.step),
    [3, 12],
    'the best checkpoint is kept',
  )
  const broken = await stop('broken', [4, 10])
  t.equal(broken.result.step, 12)
  t.ok((await readFile(broken.result.checkpoint)).equals(await readFile(straight.result.checkpoint)))
  const again = await stop('straight', [])
  t.deepEqual([again.result.step, again.result.stoppedEarly], [12, true], 'it stays stopped')
  await rm(root, { recursive: true })
})

test("a model of another optimiser begins with a fresh optimiser's state", async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-long-'))
  const options = { ...tinyOptions, steps: 3 }
  const first = await train(await RunDirectory.open(join(root, 'a')), options, tinyData(8, 20))
  const second = await train(
    await RunDirectory.open(join(root, 'b')),
    { ...options, optimiser: 'sgd', init: first.checkpoint },
    tinyData(8, 20),
  )
  const { state } = await loadModel(second.checkpoint)
  t.deepEqual([Object.keys(state).sort(), await state.updates.item()], [['parameters', 'sgd', 'updates'], 6])
  await rm(root, { recursive: true })
})
