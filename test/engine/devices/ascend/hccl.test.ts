import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type Test } from 'tape'
import { closeDevice, openDevice } from '../../../../engine/index.js'
import { RunDirectory, train } from '../../../../model/index.js'
import { Team } from '../../../../model/parallel/index.js'
import { treeSum } from '../../collective/fakeGroup.js'
import { setUpStub } from './cann.js'
import { numbersOf, sums, tinyTraining, trainingData } from './hcclTraining.js'
import { buildStub, liveObjects, noStub, readCounters } from './stub.js'
import { secondProcess } from './twoProcesses.js'

const missing = await noStub()
// Once: another process may be faster, and have it in another folder.
const folder = missing ? '' : buildStub()
const script = fileURLToPath(new URL('hcclRank.js', import.meta.url))

function withStub(name: string, body: (t: Test) => Promise<void>): void {
  if (missing) {
    test(`${name} (${missing})`, { skip: true }, () => {})
    return
  }
  test(name, async t => {
    setUpStub(folder)
    await openDevice('ascend')
    await body(t)
    await closeDevice('ascend')
    t.deepEqual(
      Object.entries(await liveObjects(folder)).filter(([, count]) => count !== 0),
      [],
      'nothing is left',
    )
  })
}

withStub('several cards: sums of two processes through HCCL', async t => {
  const { group, ended } = secondProcess(script, [folder, 'sums'])
  const [floats, words] = await sums(group, 'ascend')
  t.deepEqual(floats, treeSum([numbersOf(0), numbersOf(1)]))
  t.deepEqual([...(words as Int32Array)], [2, 1, -14])
  t.equal(await ended, 0)
})

withStub('several cards: a training in shards ends with the bits of one process', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-hccl-'))
  const options = tinyTraining('ascend')
  const alone = await train(await RunDirectory.open(join(root, 'alone')), options, trainingData)
  const { group, ended } = secondProcess(script, [folder, 'train'])
  const { replays: before } = await readCounters(folder)
  const two = await RunDirectory.open(join(root, 'two'))
  const together = await train(two, { ...options, team: new Team(group) }, trainingData)
  t.equal(await ended, 0)
  t.ok((await readFile(alone.checkpoint)).equals(await readFile(together.checkpoint)), 'the same checkpoint')
  t.ok((await readCounters(folder)).replays > before, 'steps are captured')
  await rm(root, { recursive: true })
})

withStub('several cards: a library that fails is named', async t => {
  process.env.ASCEND_STUB_FAIL = 'HcclGetRootInfo:1'
  await closeDevice('ascend')
  await openDevice('ascend')
  const { group, child, ended } = secondProcess(script, [folder, 'sums'])
  const error = await sums(group, 'ascend').catch((error: Error) => error)
  t.match(
    (error as Error).message,
    /^ascend: HcclGetRootInfo: HcclResult 15; see that all processes have a card of their own, [^\n]+$/,
  )
  child.kill()
  await ended
})
