import test from 'tape'
import {
  allReduce,
  collectiveOf,
  device,
  gatherTexts,
  launchOf,
  openDevice,
  type ProcessGroup,
  tensor,
} from '../../../engine/index.js'
import { fakeGroups, treeSum } from './fakeGroup.js'

test('launchOf: what launchers say, the innermost first; who is alone is alone', t => {
  const openMpi = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3' }
  const slurm = { SLURM_STEP_NUM_TASKS: '8', SLURM_PROCID: '5' }
  t.deepEqual(launchOf(openMpi), { launcher: "Open MPI's mpirun", rank: 3, size: 4 })
  t.deepEqual(launchOf({ PMI_SIZE: '2', PMI_RANK: '0' }), { launcher: "MPICH's mpirun", rank: 0, size: 2 })
  t.deepEqual(launchOf(slurm), { launcher: 'srun', rank: 5, size: 8 })
  t.deepEqual(
    launchOf({ ...slurm, ...openMpi })?.launcher,
    "Open MPI's mpirun",
    'mpirun within a step of Slurm',
  )
  t.equal(launchOf({}), undefined)
  t.equal(launchOf({ ...slurm, SLURM_STEP_NUM_TASKS: '1' }), undefined, 'a step of one process')
  t.equal(launchOf({ SLURM_PROCID: '0' }), undefined, 'a batch script, which is no step')
  t.end()
})

test('gatherTexts: every text reaches every process as it was', async t => {
  const texts = ['', 'one', 'zwölf – 12', '\0']
  const gathered = await Promise.all(fakeGroups(4).map(group => gatherTexts(group, texts[group.rank])))
  for (const all of gathered) t.deepEqual(all, texts)
})

/** What tensors of some processes are after a sum over them, on a device. */
async function summed(groups: readonly ProcessGroup[], name: string, values: readonly Float32Array[]) {
  const runtime = await openDevice(name)
  return Promise.all(
    groups.map(async group => {
      const collective = collectiveOf(group, runtime)
      const t = await tensor(values[group.rank]).to(name)
      await allReduce(collective, [t])
      const result = await t.data()
      t.dispose()
      collective.dispose()
      return result
    }),
  )
}

test("allReduce: sums on the device, in the tree, whether its memory is the host's or not", async t => {
  const values = Array.from({ length: 4 }, (_, rank) =>
    Float32Array.from({ length: 7 }, (_, i) => Math.fround(Math.sin(10 * rank + i) * 10 ** (i - 3))),
  )
  const want = treeSum(values)
  for (const result of await summed(fakeGroups(4), 'wasm', values)) t.deepEqual(result, want)
  t.notEqual(device().device.mapped, undefined, "the memory of wasm is the host's")
  for (const result of await summed(fakeGroups(2), 'reference', values.slice(0, 2)))
    t.deepEqual(result, treeSum(values.slice(0, 2)))
})
