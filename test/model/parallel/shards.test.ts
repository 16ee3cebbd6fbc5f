import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { device, type ProcessGroup } from '../../../engine/index.js'
import { lstm } from '../../../model/cells/lstm.js'
import { follow } from '../../../model/follow.js'
import {
  generativeNetwork,
  RunDirectory,
  type TrainingData,
  type TrainOptions,
  train,
} from '../../../model/index.js'
import { Team } from '../../../model/parallel/index.js'
import { shardsOf, shardsOfRank } from '../../../model/parallel/shards.js'
import { fakeGroups } from '../../engine/collective/fakeGroup.js'
import { tinyData } from '../tinyData.js'

test('shards: rows come out even but for one, and processes have neighbours', t => {
  const shards = shardsOf(100, 8)
  t.deepEqual(
    shards.map(({ rows }) => rows),
    [12, 13, 12, 13, 12, 13, 12, 13],
  )
  t.deepEqual(
    shards.map(({ first }) => first),
    [0, 12, 25, 37, 50, 62, 75, 87],
  )
  t.deepEqual(
    shardsOfRank(shards, 1, 4).map(({ index }) => index),
    [2, 3],
  )
  t.deepEqual(
    [0, 1].flatMap(rank => shardsOfRank(shards, rank, 2)),
    shards,
  )
  t.end()
})

/** Everything that a step may have: uneven shards, windows with a carry, dropout, a regulariser, clipping, a warm-up. */
const options = {
  cell: lstm,
  hidden: 5,
  learningRate: 0.02,
  schedule: { shape: 'constant', warmup: 3 },
  dropoutRate: 0.2,
  clipNorm: 0.5,
  lossScale: 64,
  regulariserType: 'l2',
  regulariserWeight: 1e-3,
  seed: 5,
  steps: 8,
  valFreq: 100,
  logFreq: 1,
  keep: 0,
  shards: 4,
} as const satisfies TrainOptions & { shards: number }

const data: TrainingData = { ...tinyData(9, 12), windows: 3 }

/** Train in a folder with the processes of some groups, all of them here; returns the last checkpoint's bytes. */
async function trainWith(
  folder: string,
  groups: readonly ProcessGroup[],
  changes: Partial<TrainOptions> = {},
): Promise<Buffer> {
  const all = { ...options, ...changes }
  const directory = await RunDirectory.open(folder)
  if (groups.length === 0) return readFile((await train(directory, all, data)).checkpoint)
  const [leader, ...others] = groups.map(group => new Team(group))
  const followers = others.map(team => follow(generativeNetwork(all), all, data, team))
  const { checkpoint, step, interrupted } = await train(directory, { ...all, team: leader }, data)
  for (const ended of await Promise.all(followers)) {
    if (ended.step !== step || ended.interrupted !== interrupted)
      throw new Error('processes ended differently')
  }
  return readFile(checkpoint)
}

test('shards: 1, 2 and 4 processes give the same bits, also where others have begun; nothing is left', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-shards-'))
  const before = device().stats()
  const one = await trainWith(join(root, 'one'), [])
  for (const size of [1, 2, 4])
    t.ok(one.equals(await trainWith(join(root, `${size}`), fakeGroups(size))), `${size} processes`)
  for (const [first, then] of [
    [[], fakeGroups(4)],
    [fakeGroups(4), fakeGroups(2)],
    [fakeGroups(2), []],
  ] as const) {
    const folder = join(root, `${first.length}-${then.length}`)
    // After four of eight steps: within a fragment.
    await trainWith(folder, first, { steps: 4 })
    t.ok(one.equals(await trainWith(folder, then)), `${first.length || 1} and then ${then.length || 1}`)
  }
  t.deepEqual(device().stats(), before)
  await rm(root, { recursive: true })
})

test('shards: their gradients are those of the whole batch', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-shards-'))
  const losses = async (name: string, changes: Partial<TrainOptions>) => {
    const seen: number[] = []
    const onStep = (_: number, { loss_total }: { loss_total: number }) => seen.push(loss_total)
    // Dropout masks are others.
    await trainWith(join(root, name), [], { dropoutRate: 0, onStep, ...changes })
    return seen
  }
  const whole = await losses('whole', { shards: undefined })
  const shards = await losses('shards', {})
  t.equal(whole.length, options.steps)
  t.ok(whole[0] - whole[7] > 0.01, `the loss falls, ${whole}`)
  for (const [i, loss] of whole.entries()) t.ok(Math.abs(loss - shards[i]) < 1e-5, `${loss} ${shards[i]}`)
  await rm(root, { recursive: true })
})

test('shards: an interrupt of any process ends all of them with a checkpoint', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-shards-'))
  const [leader, other] = fakeGroups(2).map(group => new Team(group))
  const stop = new AbortController()
  const follower = follow(generativeNetwork(options), options, data, other, stop.signal)
  const onStep = (step: number) => {
    if (step === 2) stop.abort()
  }
  const directory = await RunDirectory.open(root)
  const result = await train(directory, { ...options, team: leader, onStep }, data)
  const ended = await follower
  t.ok(result.interrupted && ended.interrupted)
  t.equal(result.step, ended.step)
  t.ok(result.step >= 2 && result.step < options.steps - 1, `step ${result.step}`)
  t.match(result.checkpoint, new RegExp(`model_${result.step}\\.safetensors$`))
  await rm(root, { recursive: true })
})

test('agree: who has something else is named, in every process', async t => {
  const fact = (value: string) => [
    { what: 'version', value: '1', advice: 'install it' },
    { what: 'training data', value, advice: 'give all the same' },
  ]
  const messages = (values: readonly string[]) =>
    Promise.all(
      fakeGroups(values.length).map(group =>
        new Team(group).agree(`host${group.rank}`, fact(values[group.rank])).then(
          () => '',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      ),
    )
  t.deepEqual(await messages(['a', 'a']), ['', ''])
  const same = 'x'.repeat(100)
  const said = await messages([`${same}1`, `${same}1`, `${same}2`, `${same}1`])
  t.equal(new Set(said).size, 1, 'all say the same')
  t.equal(
    said[0],
    `DisagreementError: process 2 (on host2) has training data '…${same.slice(0, 30)}2', process 0 (on host0) has '…${same.slice(0, 30)}1'; give all the same`,
  )
})
