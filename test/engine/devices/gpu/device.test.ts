import test from 'tape'
import {
  compile,
  device,
  dispose,
  gradients,
  type Kernel,
  openDevice,
  type Runtime,
  scan,
  scope,
  type Tensor,
  tensor,
} from '../../../../engine/index.js'
import { bitsAt } from '../../../../engine/kernel/threefry.js'
import { realise } from '../../../../engine/runtime/execute.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../effort.js'
import { gpuOrSkip } from './support.js'

deviceConformance(test, 'gpu', { unavailable: 'skip', effort: effort / 10 })

/** Run a kernel of one output, `out` being there before; the output's contents afterwards. */
async function runKernel<T extends Float32Array | Int32Array>(
  { device }: Runtime,
  kernel: Kernel,
  inputs: readonly ArrayBufferView[],
  out: T,
): Promise<T> {
  const buffers = [...inputs, out].map(data => {
    const buffer = device.alloc(data.byteLength)
    device.write(buffer, data)
    return buffer
  })
  device.run(device.compile(kernel)!, buffers)
  const found = await device.read(buffers[buffers.length - 1])
  for (const buffer of buffers) device.free(buffer)
  return new (out.constructor as new (bytes: ArrayBuffer) => T)(found)
}

test('gpu: random bits are exact', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  const key = [-123456789, 987654321] as const
  const streams = Int32Array.of(0, -1, 77)
  const kernel: Kernel = { kind: 'randomBits', streams: 3, count: 1001 }
  const bits = await runKernel(runtime, kernel, [Int32Array.from(key), streams], new Int32Array(3 * 1001))
  t.ok(
    bits.every((x, i) => x === bitsAt(key, streams[Math.floor(i / 1001)], i % 1001)),
    '3 streams of 1001',
  )
})

/** Small integers, so that sums of products are exact in any order. */
const integers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((bitsAt([seed, 0], 0, i) >>> 8) % 9) - 4)

test('gpu: products of all tiles, in parts, of strided batches, and added to what is there', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  const reference = device('reference')
  for (const [batch, m, k, n] of [
    [[], 67, 19, 70],
    [[], 61, 5, 33],
    [[2], 13, 7, 19],
    [[3], 5, 3, 9],
    [[], 3, 300, 2],
    [[2], 1, 65, 1],
    [[], 4, 0, 3],
  ] as const)
    for (const accumulate of [false, true]) {
      const size = batch.reduce((a, b) => a * b, 1)
      const kernel: Kernel = {
        kind: 'matmul',
        dtype: 'float32',
        batch,
        m,
        n,
        k,
        // a as it is, from its third element on; b transposed and one for all of the batch.
        a: { offset: 2, strides: [...batch.map(() => m * k), k, 1] },
        b: { offset: 0, strides: [...batch.map(() => 0), 1, k] },
        accumulate,
      }
      const inputs = [integers(2 + size * m * k, 1), integers(Math.max(1, k * n), 2)]
      const out = integers(size * m * n, 3)
      const [found, wanted] = [
        await runKernel(runtime, kernel, inputs, out),
        await runKernel(reference, kernel, inputs, out),
      ]
      t.deepEqual(found, wanted, `${[...batch, m]} x ${k} x ${n}${accumulate ? ', accumulating' : ''}`)
    }
})

test('gpu: long sums and maxima, whole and by rows', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  const reference = device('reference')
  for (const op of ['sum', 'max'] as const)
    for (const dtype of ['float32', 'int32'] as const)
      for (const [rows, length] of [
        [1, 10007],
        [3, 500],
        [200, 70],
        [2, 0],
      ]) {
        const kernel: Kernel = {
          kind: 'reduce',
          op,
          dtype,
          shape: [rows, length],
          axes: 1,
          inputs: [{ dtype, view: { offset: 0, strides: [1, rows] } }],
          body: [{ op: 'input', dtype, args: [], value: 0 }],
          value: 0,
        }
        const data = integers(Math.max(1, rows * length), 4)
        const input = dtype === 'int32' ? Int32Array.from(data) : data
        const out = dtype === 'int32' ? new Int32Array(rows) : new Float32Array(rows)
        const [found, wanted] = [
          await runKernel(runtime, kernel, [input], out),
          await runKernel(reference, kernel, [input], out),
        ]
        t.deepEqual(found, wanted, `${op} of ${rows} x ${length} ${dtype}`)
      }
})

test('gpu: loops whose maps read and write one buffer in some of the turns', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  const view = { offset: 0, strides: [1] }
  const line = (op: 'input' | 'add' | 'sub', args: number[], value = 0) =>
    ({ op, dtype: 'float32', args, value }) as const
  const map: Kernel = {
    kind: 'map',
    shape: [5],
    inputs: [
      { dtype: 'float32', view },
      { dtype: 'float32', view },
    ],
    body: [line('input', [], 0), line('input', [], 1), line('add', [0, 1]), line('sub', [0, 1])],
    outputs: [
      { dtype: 'float32', view, value: 2 },
      { dtype: 'float32', view, value: 3 },
    ],
  }
  const at = (even: number, odd: number, row: number) => ({ even, odd, offset: 20 * row, stride: 20 })
  for (const args of [
    // In place, and a row further in the same buffer.
    [at(0, 0, 0), at(1, 1, 0), at(0, 0, 1), at(1, 1, 0)],
    // Both outputs in one buffer, always or every other time.
    [at(0, 0, 0), at(1, 1, 0), at(2, 2, 0), at(2, 2, 4)],
    [at(0, 0, 0), at(1, 1, 0), at(2, 0, 1), at(2, 2, 4)],
    // An output where an input is, every other time.
    [at(0, 1, 0), at(1, 1, 0), at(0, 0, 1), at(2, 2, 0)],
  ]) {
    const kernel: Kernel = {
      kind: 'loop',
      steps: 4,
      reverse: false,
      bytes: [200, 200, 200],
      body: [{ kernel: map, args }],
    }
    const inputs = [1, 2, 3].map(seed => integers(50, seed))
    for (const [i, last] of inputs.entries()) {
      // The buffer looked at is the last one.
      const order = [...inputs.keys()].filter(j => j !== i)
      const rename = (j: number) => (j === i ? 2 : order.indexOf(j))
      const renamed = args.map(arg => ({ ...arg, even: rename(arg.even), odd: rename(arg.odd) }))
      const looked: Kernel = { ...kernel, body: [{ kernel: map, args: renamed }] }
      const rest = order.map(j => inputs[j])
      const [found, wanted] = [
        await runKernel(runtime, looked, rest, last),
        await runKernel(device('reference'), looked, rest, last),
      ]
      t.deepEqual(found, wanted, `buffer ${i} after ${args.map(a => `${a.even}/${a.odd}`).join(' ')}`)
    }
  }
})

test('gpu: functions keep their stated error over the whole range, NaN and infinities included', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  const edges = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    88.7,
    88.73,
    -87.3,
    -87.4,
    1e-30,
    -1e-30,
    3e38,
    -3e38,
    9,
    -9,
  ]
  const x = Float32Array.from([...edges, ...Array.from({ length: 4000 }, (_, i) => (i - 2000) / 20)])
  const view = { offset: 0, strides: [1] }
  for (const [op, exact] of [
    ['exp', Math.exp],
    ['log', Math.log],
    ['tanh', Math.tanh],
    ['sigmoid', (v: number) => 1 / (1 + Math.exp(-v))],
    ['sqrt', Math.sqrt],
  ] as const) {
    const kernel: Kernel = {
      kind: 'map',
      shape: [x.length],
      inputs: [{ dtype: 'float32', view }],
      body: [
        { op: 'input', dtype: 'float32', args: [], value: 0 },
        { op, dtype: 'float32', args: [0], value: 0 },
      ],
      outputs: [{ dtype: 'float32', view, value: 1 }],
    }
    const found = await runKernel(runtime, kernel, [x], new Float32Array(x.length))
    let worst = 0
    found.forEach((y, i) => {
      const want = Math.fround(exact(x[i]))
      // Denormals may be taken for zero.
      if (Object.is(y, want) || y === want || Math.abs(y - want) < 2 ** -126) return
      worst = Math.max(worst, Number.isFinite(want) ? Math.abs(y / want - 1) : Infinity)
    })
    t.ok(worst <= (runtime.device.mapEps ?? 1e-6), `${op}: largest relative error ${worst.toExponential(1)}`)
  }
})

/** Counts what a class of WebGPU is asked to do while `body` runs. */
async function counting<T>(
  targets: readonly { of: object; method: string }[],
  body: () => Promise<T>,
): Promise<number[]> {
  const counts = targets.map(() => 0)
  const originals = targets.map(
    ({ of, method }) => Reflect.get(of, method) as (...args: unknown[]) => unknown,
  )
  targets.forEach(({ of, method }, i) => {
    Reflect.set(of, method, function (this: unknown, ...args: unknown[]) {
      counts[i]++
      return originals[i].apply(this, args)
    })
  })
  try {
    await body()
  } finally {
    targets.forEach(({ of, method }, i) => {
      Reflect.set(of, method, originals[i])
    })
  }
  return counts
}

/** The prototypes of WebGPU's classes, which have no names in Node. */
async function prototypes() {
  const own = await (await navigator.gpu.requestAdapter())!.requestDevice()
  const buffer = own.createBuffer({ size: 4, usage: 0x80 })
  const found = {
    device: Object.getPrototypeOf(own) as object,
    queue: Object.getPrototypeOf(own.queue) as object,
    buffer: Object.getPrototypeOf(buffer) as object,
  }
  own.destroy()
  return found
}

test('gpu: a scan is one submission, and steps leave no buffers', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  if (!runtime.device.description.startsWith('gpu.js, WebGPU'))
    return t.skip('skipped: WebGL2 has no submissions; the test in the browser counts its textures')
  const { device: devices, queue, buffer } = await prototypes()
  const long = compile(
    (w: Tensor, xs: Tensor) =>
      scan(
        (h: Tensor, x: Tensor) => ({ carry: h.matmul(w).add(x).tanh(), out: h }),
        xs.slice(0, 0, 1).squeeze(0),
        xs,
      ).out,
    { device: 'gpu' },
  )
  const w = tensor([
    [0.5, -0.25],
    [0.25, 0.75],
  ])
  const xs = tensor(
    Float32Array.from({ length: 250 * 6 }, (_, i) => Math.sin(i)),
    { shape: [250, 3, 2] },
  )
  const run = () => scope(async () => void (await long(w, xs).data()))
  await run()
  const [submissions] = await counting([{ of: queue, method: 'submit' }], run)
  t.ok(submissions <= 2, `${submissions} submissions for 250 steps and the read`)
  long.dispose()

  const step = compile(
    (p: Tensor, xs: Tensor) => {
      const out = scan(
        (h: Tensor, x: Tensor) => ({ carry: h.mul(p).add(x).tanh(), out: h }),
        xs.slice(0, 0, 1).squeeze(0),
        xs,
      )
      const loss = out.carry.square().sum()
      return { p: p.sub(gradients(loss, p).mul(0.1)), loss }
    },
    { device: 'gpu', donate: [0] },
  )
  let p = tensor([0.5, -0.25, 1])
  const short = tensor(
    Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    { shape: [4, 3] },
  )
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const result = step(p, short)
      p = result.p
      await result.loss.item()
      result.loss.dispose()
    }
  }
  await steps(3)
  const before = device('gpu').stats()
  const [created, destroyed] = await counting(
    [
      { of: devices, method: 'createBuffer' },
      { of: buffer, method: 'destroy' },
    ],
    () => steps(1000),
  )
  t.deepEqual(device('gpu').stats(), before, 'the engine holds no more buffers after 1000 steps')
  t.equal(created, destroyed, 'nor does the device')
  dispose([p, short, w, xs])
  step.dispose()
})

test('gpu: what it cannot take, and use after free', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  t.throws(
    () => realise([tensor([1, 2]).cast('float64')], runtime),
    /device 'gpu' cannot run this kernel in float64; use float32, or the device reference/,
  )
  const buffer = runtime.device.alloc(8)
  runtime.device.free(buffer)
  t.throws(() => runtime.device.free(buffer), /gpu device: use of a buffer after it was freed/)
  t.throws(() => runtime.device.alloc(2 ** 50), /a buffer of 1125899906842624 bytes; this adapter's/)
  t.match((await openDevice('gpu')).device.description, /^gpu\.js, WebG(PU on|L2 (on|of)) \S/)
  await runtime.close()
})
