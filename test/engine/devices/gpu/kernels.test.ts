import test from 'tape'
import { device, type Kernel, type Runtime } from '../../../../engine/index.js'
import { bitsAt } from '../../../../engine/kernel/threefry.js'
import { gpuOrSkip } from './support.js'

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
  const contents = await device.read(buffers[buffers.length - 1])
  for (const buffer of buffers) device.free(buffer)
  return new (out.constructor as new (bytes: ArrayBuffer) => T)(contents)
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

test('gpu: products of all tiles, in partial sums, of strided batches, and added to what is there', async t => {
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

test('gpu: loops whose maps read and write one buffer in some iterations', async t => {
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
  const row = (even: number, odd: number, first: number) => ({ even, odd, offset: 20 * first, stride: 20 })
  for (const args of [
    // In place, and a row further in the same buffer.
    [row(0, 0, 0), row(1, 1, 0), row(0, 0, 1), row(1, 1, 0)],
    // Both outputs in one buffer, always or every other time.
    [row(0, 0, 0), row(1, 1, 0), row(2, 2, 0), row(2, 2, 4)],
    [row(0, 0, 0), row(1, 1, 0), row(2, 0, 1), row(2, 2, 4)],
    // An output where an input is, every other time.
    [row(0, 1, 0), row(1, 1, 0), row(0, 0, 1), row(2, 2, 0)],
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
