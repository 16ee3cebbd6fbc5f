import { spawnSync } from 'node:child_process'
import test from 'tape'
import { maxPages } from '../../../../../engine/devices/wasm/allocator.js'
import { i32, i32x4, ModuleBuilder, v128 } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { hostTarget } from '../../../../../engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../../../../../engine/devices/wasm/index.js'
import { meetImport } from '../../../../../engine/devices/wasm/parallel/shares.js'
import { startWorker, type WorkerThread } from '../../../../../engine/devices/wasm/threads/host.js'
import { Team } from '../../../../../engine/devices/wasm/threads/pool.js'
import { Ring } from '../../../../../engine/devices/wasm/threads/ring.js'
import {
  compile,
  concat,
  device,
  gradients,
  type Kernel,
  registerDevice,
  scan,
  type Tensor,
  tensor,
  uniformAt,
  zeros,
} from '../../../../../engine/index.js'
import { contiguousView } from '../../../../../engine/kernel/shape.js'
import { initialState, makeTrainStep, shippedCells } from '../../../../../model/index.js'
import { tinyData } from '../../../../model/tinyData.js'

for (const threads of [1, 2, 4]) registerDevice(`wasm${threads}`, () => wasmDevice(hostTarget(), threads))

test('threads: a loop that mixes rows of the batch is not cut, and is right', async t => {
  const body = (h: Tensor, x: Tensor) => {
    const next = h.add(x).add(h.flip(0)).tanh().add(h.sum(0, true).mul(0.01))
    return { carry: next, out: next }
  }
  const xs = Float32Array.from({ length: 30 * 64 * 32 }, (_, i) => uniformAt([5, 6], 0, i))
  const values = await Promise.all(
    [1, 2].map(async threads => {
      const f = compile((x: Tensor, h: Tensor) => scan(body, h, x).out, { device: `wasm${threads}` })
      const y = f(tensor(xs, { shape: [30, 64, 32] }), tensor(new Float32Array(64 * 32), { shape: [64, 32] }))
      const data = await y.data()
      return { data, explain: f.explain() }
    }),
  )
  t.deepEqual(values[0].data, values[1].data)
})

test('threads: a loop in pieces, turn by turn, gives the same bits', async t => {
  const [steps, batch, hidden] = [24, 32, 64]
  const draw = (shape: number[], stream: number) =>
    tensor(
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => uniformAt([7, 8], stream, i) - 0.5,
      ),
      { shape },
    )
  const values = await Promise.all(
    [1, 2, 4].map(async threads => {
      const f = compile(
        (w: Tensor, xs: Tensor) => {
          const step = (h: Tensor, x: Tensor) => {
            const next = h.matmul(w).add(x).tanh()
            return { carry: next, out: next }
          }
          const { out } = scan(step, zeros([batch, hidden]), xs, { checkpoint: 5 })
          return gradients(out.square().mean(), { w, xs })
        },
        { device: `wasm${threads}` },
      )
      const result = f(draw([hidden, hidden], 1), draw([steps, batch, hidden], 2))
      return { w: await result.w.data(), xs: await result.xs.data() }
    }),
  )
  t.ok(values[0].w.some(x => x !== 0))
  t.deepEqual(values[1], values[0], '2 threads')
  t.deepEqual(values[2], values[0], '4 threads')
})

test('threads: 1, 2 and 4 give the same bits in training, and in single operations', async t => {
  const data = tinyData(33, 40)
  for (const cell of await shippedCells()) {
    const runs = await Promise.all(
      [1, 2, 4].map(async threads => {
        const options = {
          cell,
          hidden: 24,
          learningRate: 0.01,
          dropoutRate: 0.1,
          regulariserType: 'l2' as const,
          regulariserWeight: 1e-4,
          seed: 1,
          device: `wasm${threads}`,
        }
        const step = makeTrainStep(options)
        let state = initialState(options)
        const losses: number[] = []
        for (let i = 0; i < 5; i++) {
          const result = await step(state, tensor(data.batch(i), { shape: [33, 40] }))
          state = result.state
          losses.push(result.metrics.loss_total)
        }
        const parameters = await Promise.all(Object.values(state.parameters.cell).map(p => p.data()))
        return { losses, parameters }
      }),
    )
    t.deepEqual(runs[1], runs[0], `${cell.name}: two threads`)
    t.deepEqual(runs[2], runs[0], `${cell.name}: four threads`)
  }
  const random = (shape: number[], seed: number) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { values: Float32Array.from({ length: size }, (_, i) => uniformAt([seed, 7], 0, i) - 0.5), shape }
  }
  const a = random([203, 301], 1)
  const b = random([301, 97], 2)
  const [u, v] = [random([1301, 61], 3), random([1301, 300], 4)]
  const operations: ((x: Tensor, y: Tensor, u: Tensor, v: Tensor) => Tensor)[] = [
    (x, y) => x.matmul(y),
    (x, y) => y.transpose().matmul(x.transpose()),
    x => x.transpose().matmul(x),
    x => x.tanh().add(x.flip(0)).mul(2),
    x => x.exp().sum(1),
    x => x.sum(0),
    x => concat([x, x.neg()], 1),
    x => x.max(1),
    // As gradients of weights: sums over many rows, of outputs of two widths.
    (_x, _y, u, v) => u.transpose().matmul(v),
    (_x, _y, u, v) => v.transpose().matmul(u),
  ]
  for (const [i, operation] of operations.entries()) {
    const found: unknown[] = []
    for (const threads of [1, 2, 4]) {
      const f = compile(operation, { device: `wasm${threads}` })
      const load = (given: typeof a) => tensor(given.values, given)
      found.push(await f(load(a), load(b), load(u), load(v)).data())
    }
    t.deepEqual(found[1], found[0], `operation ${i}: two threads`)
    t.deepEqual(found[2], found[0], `operation ${i}: four threads`)
  }
})

/** A team of two whose memory has one page, and a program that reads far beyond it on the second; the first may wait. */
function brokenTeam(waits: boolean) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
  const builder = new ModuleBuilder(waits ? [meetImport] : [])
  builder.export(
    'run',
    builder.define(1, f => {
      const [thread] = f.params
      f.local(i32.load(i32.times(thread, 0x7fffffff)))
      if (waits) f.call(0, [])
    }),
  )
  const team = new Team(2, memory)
  const id = team.load({ bytes: builder.encode(maxPages, true) })
  return { team, run: () => team.run(id, [], { pointer: 0, bytes: 0 }) }
}

for (const waits of [false, true])
  test(`threads: what a worker throws is thrown to whoever reads${waits ? ', though another waits for it' : ''}`, async t => {
    const { team, run } = brokenTeam(waits)
    const before = team.read(64, 4)
    run()
    const after = await team.read(64, 4).catch(String)
    t.equal((await before).byteLength, 4, 'what was read before is right')
    t.match(String(after), /wasm device: a worker thread failed: memory access out of bounds/)
    t.throws(run, /wasm device: a worker thread failed: memory access out of bounds/)
    t.match(String(await team.read(64, 4).catch(String)), /memory access out of bounds/)
    await team.close()
  })

test('threads: those that meet do so as often as they are told to', async t => {
  const [threads, meetings] = [3, 2000]
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
  const builder = new ModuleBuilder([meetImport])
  // In turn each adds what the one before has, so that a meeting too few gives another sum.
  builder.export(
    'run',
    builder.define(1, f => {
      const [thread] = f.params
      f.repeat(meetings, () => {
        for (let turn = 0; turn < threads; turn++) {
          const [own, last] = [4 * turn, 4 * ((turn + threads - 1) % threads)]
          f.when(i32.eq(thread, i32.const(turn)), () => {
            const sum = i32x4.add(v128.load32_zero(i32.const(own)), v128.load32_zero(i32.const(last)))
            f.do(v128.store32_lane(i32.const(own), 0, i32x4.add(sum, i32x4.const(1)), 0))
          })
          f.call(0, [])
        }
      })
    }),
  )
  const team = new Team(threads, memory)
  const id = team.load({ bytes: builder.encode(maxPages, true) })
  team.run(id, [], { pointer: 0, bytes: 0 })
  const found = new Int32Array(await team.read(0, 4 * threads))
  const want = new Int32Array(threads)
  for (let i = 0; i < meetings * threads; i++) want[i % threads] += want[(i + threads - 1) % threads] + 1
  t.deepEqual(found, want)
  await team.close()
})

const nothing = { bytes: new ModuleBuilder().encode(maxPages, true) }

test('threads: a worker that dies ends all waiting', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
  const threads: WorkerThread[] = []
  const team = new Team(2, memory, (...events) => {
    threads.push(startWorker(...events))
    return threads[threads.length - 1]
  })
  await team.read(0, 4)
  // No such message: the worker's uncaught error is its end, and what is enqueued after it is never done.
  threads[1].post(null)
  const id = team.load(nothing)
  team.run(id, [], { pointer: 0, bytes: 0 })
  const why = await team.read(64, 4).catch(String)
  t.match(
    String(why),
    /wasm device: a worker thread failed: it is there no more \(.*\); XENOGRAD_THREADS sets/,
  )
  t.throws(() => team.load(nothing), /it is there no more/)
  await team.close()
})

test('threads: a worker that never begins ends all waiting at the deadline', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
  let started = 0
  let late = () => {}
  const team = new Team(
    2,
    memory,
    // The second is one whose script never comes.
    (...events) => (started++ ? { post() {}, hold() {}, async stop() {} } : startWorker(...events)),
    call => {
      late = call
      return () => {}
    },
  )
  const waiting = team.read(0, 4).catch(String)
  late()
  t.match(
    String(await waiting),
    /failed: [01] of 2 have begun within 60 seconds; see whether \S+worker\.js loads/,
  )
  t.throws(() => team.load(nothing), /have begun within 60 seconds/)
  await team.close()
})

test('threads: at the deadline nothing happens to workers that have begun', async t => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
  let late = () => {}
  let calledOff = false
  const team = new Team(2, memory, startWorker, call => {
    late = call
    return () => {
      calledOff = true
    }
  })
  // It is answered when all workers are past what was enqueued before.
  await team.read(0, 4)
  late()
  t.equal((await team.read(0, 4)).byteLength, 4)
  await team.close()
  t.ok(calledOff)
})

/** `to` += `from`, of so many elements that it takes a worker. */
const elements = 1 << 15
const add: Kernel = {
  kind: 'copy',
  dtype: 'int32',
  shape: [elements],
  source: contiguousView([elements]),
  to: contiguousView([elements]),
  accumulate: true,
}

for (const threads of [1, 3])
  test(`threads: reads and writes keep their places among the work of ${threads}`, async t => {
    const own = wasmDevice(hostTarget(), threads)
    const program = own.compile(add)!
    const sum = own.alloc(4 * elements)
    own.write(sum, new Int32Array(elements))
    const data = new Int32Array(elements)
    const reads: Promise<ArrayBuffer>[] = []
    for (let i = 1; i <= 50; i++) {
      // Memory that is freed while work on it waits is taken by the next buffer.
      const addend = own.alloc(4 * elements)
      own.write(addend, data.fill(i))
      own.run(program, [addend, sum])
      own.free(addend)
      reads.push(own.read(sum))
    }
    const found = (await Promise.all(reads)).map(bytes => new Int32Array(bytes))
    const wrong = found.findIndex((values, i) => values.some(value => value !== ((i + 1) * (i + 2)) / 2))
    t.equal(wrong, -1)
    await own.close()
  })

test('threads: more than a mebibyte is written and read in its place', async t => {
  const own = wasmDevice(hostTarget(), 2)
  const program = own.compile(add)!
  const [from, large] = [own.alloc(4 * elements), own.alloc(3 << 20)]
  own.write(from, new Int32Array(elements).fill(5))
  for (let i = 0; i < 3; i++) {
    const data = new Uint8Array(3 << 20).fill(i)
    own.run(program, [from, large])
    own.write(large, data)
    const before = own.read(large)
    own.run(program, [from, large])
    const after = own.read(large)
    t.ok(Buffer.from(await before).equals(data))
    t.equal(new Int32Array(await after)[0], 0x01010101 * i + 5)
  }
  await own.close()
})

test("threads: the caller's event loop turns during a step, also with one thread", async t => {
  for (const threads of [1, 2]) {
    const x = zeros([1200, 1200])
    const f = compile((x: Tensor) => x.matmul(x), { device: `wasm${threads}` })
    let done = false
    const reading = f(x)
      .data()
      .then(() => {
        done = true
      })
    let turns = 0
    for (; !done; turns++) await new Promise(resolve => setImmediate(resolve))
    await reading
    t.ok(turns > 20, `${threads} threads: ${turns} turns`)
    f.dispose()
  }
})

test('threads: a ring that is full makes the caller wait', async t => {
  const ring = new Ring(1)
  const args = Array.from({ length: 1000 }, (_, i) => i)
  let end = 0
  for (let i = 0; i < 200; i++) end = ring.push(0, args)
  t.notOk(ring.isDone(end))
  // A worker that walks: it takes every entry, from another thread.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true })
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

test('threads: closing finishes what is under way, and leaves no worker', t => {
  const script = `const { wasmDevice } = await import('${new URL('../../../../../engine/devices/wasm/index.js', import.meta.url)}')
import { readdirSync } from 'node:fs'
const tasks = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0
const before = tasks()
const device = wasmDevice(undefined, 3)
const n = 600
const view = { offset: 0, strides: [n, 1] }
const program = device.compile({ kind: 'matmul', dtype: 'float32', batch: [], m: n, n, k: n, a: view, b: view, accumulate: false })
const [a, b] = [device.alloc(4 * n * n), device.alloc(4 * n * n)]
device.write(a, new Float32Array(n * n).fill(1))
for (let i = 0; i < 5; i++) device.run(program, [a, a, b])
const read = device.read(b)
await device.close()
console.log(new Float32Array(await read)[n], tasks() - before)`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.match(stdout, /^600 -?\d+$/m)
  // Node's own threads may come and go.
  t.ok(Number(stdout.trim().split(' ')[1]) < 3, stdout)
  t.end()
})

test('threads: a read that nobody awaits at the top keeps the process alive', t => {
  const url = new URL('../../../../../engine/index.js', import.meta.url)
  const script = `import { tensor } from '${url}'
const x = tensor(new Float32Array(250000).fill(1), { shape: [500, 500] })
x.matmul(x).data().then(y => console.log(y[7]))`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
    encoding: 'utf8',
  })
  t.equal(child.stdout, '500\n', child.stderr)
  t.end()
})

test('threads: a script that ends ends, with its workers asleep or busy', t => {
  const url = new URL('../../../../../engine/index.js', import.meta.url)
  const script = `import { tensor } from '${url}'
const x = tensor(new Float32Array(250000), { shape: [500, 500] })
await x.matmul(x).tanh().data()`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, XENOGRAD_THREADS: '3' },
    timeout: 60_000,
  })
  t.equal(child.status, 0, String(child.stderr))
  t.end()
})

test('threads: the number is checked, and named', t => {
  t.match(device('wasm4').device.description, /4 threads/)
  const script = `await import('${new URL('../../../../../engine/index.js', import.meta.url)}').then(x => x.device('wasm'))`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, XENOGRAD_THREADS: 'many' },
  })
  t.match(String(child.stderr), /XENOGRAD_THREADS=many: give a whole number, 1 or more/)
  t.end()
})
