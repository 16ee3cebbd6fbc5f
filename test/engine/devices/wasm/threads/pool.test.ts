import test from 'tape'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { i32x4, usize, v128 } from '../../../../../engine/devices/wasm/assembly/instructions.js'
import { mostPages } from '../../../../../engine/devices/wasm/memory.js'
import { barrierImport } from '../../../../../engine/devices/wasm/parallel/shares.js'
import { startWorker, type WorkerThread } from '../../../../../engine/devices/wasm/threads/host.js'
import { ThreadPool } from '../../../../../engine/devices/wasm/threads/pool.js'

/** A pool of two whose memory has one page, and a program that reads far beyond it on the second; the first may wait. */
function brokenPool(waits: boolean) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  const builder = new ModuleBuilder(waits ? [barrierImport] : [])
  builder.export(
    'run',
    builder.define(1, f => {
      const [thread] = f.params
      f.local(usize.load(usize.times(thread, 0x7fffffff)))
      if (waits) f.call(0, [])
    }),
  )
  const pool = new ThreadPool(2, memory)
  const id = pool.load({ module: builder.encode(mostPages.i32, true) })
  return { pool, run: () => pool.run(id, [], { pointer: 0, bytes: 0 }) }
}

for (const waits of [false, true])
  test(`pool: what a worker throws is thrown to whoever reads${waits ? ', though another waits for it' : ''}`, async t => {
    const { pool, run } = brokenPool(waits)
    const before = pool.read(64, 4)
    run()
    const after = await pool.read(64, 4).catch(String)
    t.equal((await before).byteLength, 4, 'what was read before is right')
    t.match(String(after), /wasm device: a worker thread failed: memory access out of bounds/)
    t.throws(run, /wasm device: a worker thread failed: memory access out of bounds/)
    t.match(String(await pool.read(64, 4).catch(String)), /memory access out of bounds/)
    await pool.close()
  })

test('pool: a barrier holds all threads until the last has come to it, every time', async t => {
  const [threads, barriers] = [3, 2000]
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  const builder = new ModuleBuilder([barrierImport])
  // One after the other, each adds what the one before has, so that a barrier too few gives another sum.
  builder.export(
    'run',
    builder.define(1, f => {
      const [thread] = f.params
      f.repeat(barriers, () => {
        for (let adder = 0; adder < threads; adder++) {
          const [sum, previous] = [4 * adder, 4 * ((adder + threads - 1) % threads)]
          f.when(usize.eq(thread, usize.const(adder)), () => {
            const both = i32x4.add(
              v128.load32_zero(usize.const(sum)),
              v128.load32_zero(usize.const(previous)),
            )
            f.do(v128.store32_lane(usize.const(sum), 0, i32x4.add(both, i32x4.const(1)), 0))
          })
          f.call(0, [])
        }
      })
    }),
  )
  const pool = new ThreadPool(threads, memory)
  const id = pool.load({ module: builder.encode(mostPages.i32, true) })
  pool.run(id, [], { pointer: 0, bytes: 0 })
  const sums = new Int32Array(await pool.read(0, 4 * threads))
  const want = new Int32Array(threads)
  for (let i = 0; i < barriers * threads; i++) want[i % threads] += want[(i + threads - 1) % threads] + 1
  t.deepEqual(sums, want)
  await pool.close()
})

const nothing = { module: new ModuleBuilder().encode(mostPages.i32, true) }

test('pool: a worker that dies ends all waiting', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  const threads: WorkerThread[] = []
  const pool = new ThreadPool(2, memory, undefined, (...events) => {
    threads.push(startWorker(...events))
    return threads[threads.length - 1]
  })
  await pool.read(0, 4)
  // No such message: the worker's uncaught error is its end, and what is enqueued after it is never done.
  threads[1].post(null)
  const id = pool.load(nothing)
  pool.run(id, [], { pointer: 0, bytes: 0 })
  const why = await pool.read(64, 4).catch(String)
  t.match(
    String(why),
    /wasm device: a worker thread failed: it has ended \(.*\); the option threads \(XENOGRAD_THREADS\) sets/,
  )
  t.throws(() => pool.load(nothing), /it has ended/)
  await pool.close()
})

test('pool: a worker that never begins ends all waiting at the deadline', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  let started = 0
  let late = () => {}
  const pool = new ThreadPool(
    2,
    memory,
    undefined,
    // The second is one whose script never comes.
    (...events) => (started++ ? { post() {}, hold() {}, async stop() {} } : startWorker(...events)),
    call => {
      late = call
      return () => {}
    },
  )
  const waiting = pool.read(0, 4).catch(String)
  late()
  t.match(
    String(await waiting),
    /failed: [01] of 2 have begun within 60 seconds; see whether \S+worker\.js loads/,
  )
  t.throws(() => pool.load(nothing), /have begun within 60 seconds/)
  await pool.close()
})

test('pool: at the deadline nothing happens to workers that have begun', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages.i32, shared: true })
  let late = () => {}
  let calledOff = false
  const pool = new ThreadPool(2, memory, undefined, startWorker, call => {
    late = call
    return () => {
      calledOff = true
    }
  })
  // It is answered when all workers are past what was enqueued before.
  await pool.read(0, 4)
  late()
  t.equal((await pool.read(0, 4)).byteLength, 4)
  await pool.close()
  t.ok(calledOff)
})
