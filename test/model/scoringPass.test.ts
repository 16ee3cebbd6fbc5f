import fc from 'fast-check'
import test from 'tape'
import { closeDevice, mapTree, registerDevice, type TypedArray, tensor } from '../../engine/index.js'
import { gru } from '../../model/cells/gru.js'
import { lstm } from '../../model/cells/lstm.js'
import { initialState } from '../../model/index.js'
import { ScoringPass } from '../../model/scoringPass.js'
import { runs } from '../effort.js'
import { openWasm, testTarget } from '../engine/devices/wasm/support.js'

/** Devices that are to give the same bits: by the number of threads, and with the code for vectors of 256 bits. */
const devices = {
  'one thread': () => openWasm({ threads: 1, blas: 'off' }),
  'three threads': () => openWasm({ threads: 3, blas: 'off' }),
  'wide vectors': () =>
    openWasm({ threads: 2, blas: 'off' }, { ...testTarget(), wide: true, loadsConstants: true }),
}
for (const [name, open] of Object.entries(devices)) registerDevice(name, open)

/** Large enough that threads share its products, and small. */
const models = [
  { cell: lstm, hidden: 48 },
  { cell: gru, hidden: 5 },
].map((options, i) => ({ options, parameters: initialState({ ...options, seed: i + 1 }).parameters }))

/** A pass with both models on a device. */
async function passOn(device: string, batch: number): Promise<ScoringPass> {
  const onDevice = models.map(async ({ options, parameters }) => {
    const values = new Map<string, TypedArray>()
    const reading: Promise<unknown>[] = []
    mapTree(parameters, (t, path) => {
      reading.push(t.data().then(data => values.set(path, data)))
      return t
    })
    await Promise.all(reading)
    return {
      options,
      parameters: mapTree(parameters, (t, path) => tensor(values.get(path)!, { shape: t.shape })),
    }
  })
  return new ScoringPass(await Promise.all(onDevice), batch, device)
}

/** Reads of a few to a few hundred bases, now and then an unknown one, now and then none at all. */
const arbitraryReads = fc.array(
  fc
    .tuple(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 100, max: 700 })), fc.nat())
    .map(([length, seed]) =>
      Uint8Array.from({ length }, (_, i) => {
        const mixed = Math.imul(i + 1, 2654435761) ^ Math.imul(seed + 1, 40503)
        return (mixed >>> 7) % 50 === 0 ? 4 : (mixed >>> 13) & 3
      }),
    ),
  { minLength: 1, maxLength: 30 },
)

test('scoring: a read has the same bits whatever it is scored with, in any order, rows and calls, on any number of threads', async t => {
  const alone = await passOn('one thread', 1)
  await fc.assert(
    fc.asyncProperty(
      arbitraryReads,
      fc.integer({ min: 1, max: 24 }),
      fc.constantFrom(...Object.keys(devices)),
      fc.array(fc.nat({ max: 29 }), { maxLength: 3 }),
      fc.infiniteStream(fc.nat()),
      async (reads, batch, device, cuts, keys) => {
        const wanted: number[][] = []
        for (const read of reads) wanted.push((await alone.score([read])).map(([{ sum }]) => sum))
        const order = reads
          .map((_, i) => ({ i, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ i }) => i)
        const bounds = [0, ...cuts.filter(cut => cut < reads.length).sort((a, b) => a - b), reads.length]
        const pass = await passOn(device, batch)
        const calls = bounds.slice(1).map((end, i) => order.slice(bounds[i], end))
        const scored = await Promise.all(calls.map(call => pass.score(call.map(i => reads[i]))))
        pass.dispose()
        return calls.every((call, c) =>
          call.every((read, k) =>
            wanted[read].every((sum, model) => Object.is(scored[c][model][k].sum, sum)),
          ),
        )
      },
    ),
    { numRuns: runs(12) },
  )
  alone.dispose()
  t.pass()
})

test('scoring: a call that is aborted disturbs no other, and leaves no state', async t => {
  const pass = await passOn('one thread', 4)
  const reads = [900, 1200, 2500, 40, 3000].map(length => Uint8Array.from({ length }, (_, i) => (i * i) % 4))
  const wanted = await pass.score(reads)
  const controller = new AbortController()
  const aborted = pass.score([...reads, ...reads], {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  const beside = pass.score(reads)
  t.match(await aborted.then(() => 'done', String), /abort/i)
  t.deepEqual(await beside, wanted)
  t.deepEqual(await pass.score(reads), wanted)
  pass.dispose()
})

test('scoring: what a hook throws ends the call, and the next one is as ever', async t => {
  const pass = await passOn('one thread', 4)
  const reads = [900, 50].map(length => Uint8Array.from({ length }, (_, i) => (i * i) % 4))
  const wanted = await pass.score(reads)
  const failed = pass.score(reads, {
    onProgress: () => {
      throw new Error('of the hook')
    },
  })
  t.match(String(await failed.then(() => 'done', String)), /of the hook/)
  t.deepEqual(await pass.score(reads), wanted)
  pass.dispose()
})

test('scoring: a batch of no rows is refused', t => {
  t.throws(() => new ScoringPass([], 0), /batch: got 0, give a whole number of reads, 1 or more/)
  t.end()
})

test.onFinish(async () => {
  for (const name of Object.keys(devices)) await closeDevice(name)
})
