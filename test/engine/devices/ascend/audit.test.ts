import { selfCheck } from '../../../../engine/devices/ascend/index.js'
import { compile, type Device, type DeviceBuffer, type Tensor, tensor } from '../../../../engine/index.js'
import { mapKernel } from '../../../../engine/kernel/build.js'
import { mul, neg } from '../../../../engine/kernel/expr.js'
import type { Kernel, LoopKernel } from '../../../../engine/kernel/kernel.js'
import { contiguousView } from '../../../../engine/kernel/shape.js'
import { trainFifty, trainingReads } from '../../../cli/onDevice.js'
import { Cann, setUpStub } from './cann.js'
import { failure, folder, growth, withStub } from './onStub.js'

// What was once wrong in the bridge, found by reading it against CANN's source: one test for each finding, which fails
// without its mend. Numbers are those of the audit (2 has a process of its own: auditLibraries.test.ts); what has none was
// found by the stub.

/** Run a kernel on new buffers: `values` of each, `NaN`s for results. All are read afterwards. */
async function run(device: Device, kernel: Kernel, ...values: Float32Array[]): Promise<Float32Array[]> {
  const program = device.compile(kernel)
  if (!program) throw new Error('declined')
  const buffers: DeviceBuffer[] = values.map(v => device.alloc(v.byteLength))
  try {
    values.forEach((v, i) => {
      device.write(buffers[i], v)
    })
    device.run(program, buffers)
    return await Promise.all(buffers.map(async b => new Float32Array(await device.read(b))))
  } finally {
    for (const buffer of buffers) device.free(buffer)
  }
}

const ones = (count: number): Float32Array => new Float32Array(count).fill(1)
const float32 = (shape: readonly number[]) => ({ dtype: 'float32', view: contiguousView(shape) }) as const

for (const keepExecutors of [true, false])
  withStub(
    `1. a kernel that fails is found by the next read (keepExecutors ${keepExecutors})`,
    { ASCEND_STUB_FAIL: 'kernel:8' },
    async (t, open) => {
      const { device, registered, close } = await open({ keepExecutors })
      const f = compile((x: Tensor) => x.tanh().mul(x), { device: registered })
      const results: number[] = []
      const message = await failure(async () => {
        for (let i = 0; i < 20; i++) {
          const y = f(tensor([i]))
          results.push(((await y.data()) as Float32Array)[0])
          y.dispose()
        }
      })
      t.match(message, /error 507015, a kernel failed on an AI core/)
      t.ok(
        results.every((y, i) => Math.abs(y - i * Math.tanh(i)) <= 1e-5 * i),
        `no wrong number was given out: ${results}`,
      )
      t.match(
        await failure(() => run(device, mapKernel([4], [float32([4])], neg), ones(4), ones(4))),
        /error 507015/,
        'and stays so',
      )
      await close().catch(() => {})
    },
  )

withStub("3. ACL is finalised only by who initialised it: the host's stays", {}, async (t, open) => {
  const cann = await Cann.load(folder)
  cann.open()
  const { close } = await open()
  await close()
  t.equal(cann.call('aclrtGetDeviceCount', new Uint32Array(1)), 0)
  // To be able to go on when it fails.
  if (cann.query()[0]) {
    cann.call('aclInit', null)
    cann.call('aclrtSetDevice', 0)
  }
  cann.close()
})

withStub('3. of two devices on one card the other goes on', {}, async (t, open) => {
  const [first, second] = [await open(), await open()]
  const negate = mapKernel([4], [float32([4])], neg)
  await first.close()
  const message = await failure(async () => {
    const [, y] = await run(second.device, negate, ones(4), ones(4))
    t.deepEqual([...y], [-1, -1, -1, -1])
  })
  t.equal(message, 'no failure')
  await second.close().catch(() => {})
})

withStub(
  'two cards in one process: both work, or the second is refused',
  { ASCEND_STUB_CARDS: '2' },
  async (t, open) => {
    const devices = [await open({ card: 0 })]
    const message = await failure(async () => {
      devices.push(await open({ card: 1 }))
    })
    t.match(message, /^no failure$|card 1: this process computes on card 0/)
    const negate = mapKernel([4], [float32([4])], neg)
    for (const { device } of [...devices, ...devices])
      t.equal(await failure(() => run(device, negate, ones(4), ones(4))), 'no failure')
    for (const { close } of devices) t.equal(await failure(close), 'no failure')
  },
)

for (const keepExecutors of [true, false])
  withStub(
    `4. an executor whose phase two failed (keepExecutors ${keepExecutors})`,
    { ASCEND_STUB_FAIL: 'launch:3' },
    async (t, open) => {
      const { device } = await open({ keepExecutors })
      const negate = mapKernel([4], [float32([4])], neg)
      const messages: string[] = []
      for (let i = 0; i < 4; i++) messages.push(await failure(() => run(device, negate, ones(4), ones(4))))
      t.match(messages[2], /error 361001/)
      t.deepEqual([messages[0], messages[1], messages[3]], Array(3).fill('no failure'))
    },
  )

for (const soc of ['Ascend910A', 'Ascend310P3'])
  withStub(`5. ${soc}: rows of a buffer keep their neighbours`, { ASCEND_STUB_SOC: soc }, async (t, open) => {
    const { device } = await open()
    const rows = 8
    // Backwards: each row would overwrite the beginning of those that are done.
    const loop: LoopKernel = {
      kind: 'loop',
      steps: rows,
      reverse: true,
      bytes: [12 * rows, 12 * rows],
      body: [
        {
          kernel: mapKernel([3], [float32([3])], neg),
          args: [0, 1].map(buffer => ({ even: buffer, odd: buffer, offset: 0, stride: 12 })),
        },
      ],
    }
    const values = Float32Array.from({ length: 3 * rows }, (_, i) => i + 1)
    const [, result] = await run(device, loop, values, ones(3 * rows))
    t.deepEqual(
      [...result],
      [...values].map(x => -x),
    )
  })

withStub('5. a slice is one for CANN, too', {}, async (t, open) => {
  const { device } = await open()
  const rows = { dtype: 'float32', view: { offset: 0, strides: [4, 1] } } as const
  const kernel = mapKernel([3, 2], [rows], neg)
  const values = Float32Array.from({ length: 12 }, (_, i) => i)
  t.deepEqual(
    await growth(['asStrided'], () => run(device, kernel, values, ones(6))),
    [0],
    'nothing is gathered element by element',
  )
})

withStub('6. temporary memory is padded', {}, async (t, open) => {
  const { device } = await open()
  const shape = [128]
  const square = (x: Parameters<typeof neg>[0]) => mul(neg(x), mul(x, x))
  const kernel = mapKernel(shape, [float32(shape)], square)
  t.deepEqual(await growth(['unpadded'], () => run(device, kernel, ones(128), ones(128))), [0])
})

withStub('7. 910: a training that diverges is seen, though nothing becomes NaN', {}, async t => {
  const reads = await trainingReads()
  const diverging = ['--learning_rate=1e30', '--num_steps=20']
  const wasm = await trainFifty(reads, ['--device=wasm', ...diverging])
  t.notEqual(wasm.code, 0, 'wasm sees it')
  setUpStub(folder, { ASCEND_STUB_SOC: 'Ascend910A' })
  const { code, stderr, losses } = await trainFifty(reads, ['--device=ascend', ...diverging])
  t.notEqual(code, 0, `after ${losses.length} steps of ${wasm.losses.length}: ${losses.at(-1)}`)
  t.match(stderr, /overflow|not finite|NaN|saturat/i)
})

withStub(
  'the self-check that fails frees nothing that copies still use',
  { ASCEND_STUB_REFUSE: 'Add' },
  async t => {
    const verdicts: string[] = []
    for await (const { verdict, what } of selfCheck({}, process.env)) verdicts.push(`${verdict} ${what}`)
    t.equal(verdicts.at(-1), 'FAIL computation')
  },
)

withStub('8. A2 with fp16: products above 65504', {}, async (t, open) => {
  const { device } = await open({ precision: 'fp16' })
  const view = contiguousView([1, 1])
  const kernel: Kernel = {
    kind: 'matmul',
    dtype: 'float32',
    accumulate: false,
    batch: [],
    m: 1,
    n: 1,
    k: 1,
    a: view,
    b: view,
  }
  const [, , [y]] = await run(device, kernel, Float32Array.of(300), Float32Array.of(300), ones(1))
  t.ok(
    Math.abs(y - 90000) < 90000 * device.matmulEps! || /results/.test(device.description),
    `${y}, and ${device.description}`,
  )
})
