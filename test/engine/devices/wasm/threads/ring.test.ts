import test from 'tape'
import { mostPages } from '../../../../../engine/devices/wasm/memory.js'
import { startWorker } from '../../../../../engine/devices/wasm/threads/host.js'
import { Ring } from '../../../../../engine/devices/wasm/threads/ring.js'

test('ring: a ring that is full makes the caller wait', async t => {
  const ring = new Ring(1)
  const args = Array.from({ length: 1000 }, (_, i) => i)
  let end = 0
  for (let i = 0; i < 200; i++) end = ring.push(0, args)
  t.notOk(ring.isDone(end))
  // A worker that walks: it takes every entry, from another thread.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  const walker = startWorker(
    () => {},
    why => t.fail(why),
  )
  walker.post({ kind: 'start', worker: 0, workers: 1, block: ring.block, memory })
  for (let i = 0; i < 2000; i++) end = ring.push(0, args)
  while (!ring.isDone(end)) await new Promise(resolve => setImmediate(resolve))
  t.pass('2200 entries of 1004 words through 262144 words')
  await walker.stop()
})
