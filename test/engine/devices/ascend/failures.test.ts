import type { Test } from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { type AscendOptions, ascendOptions } from '../../../../engine/devices/ascend/options.js'
import {
  compile,
  type Device,
  type DeviceOptions,
  openDevice,
  registerDevice,
  type Tensor,
  tensor,
} from '../../../../engine/index.js'
import { copyKernel } from '../../../../engine/kernel/build.js'
import type { CopyKernel, LoopKernel } from '../../../../engine/kernel/kernel.js'
import { failure, folder, withStub } from './onStub.js'
import { readCounters } from './stub.js'

/** A test of a device on the stub that is opened with `options`. */
const withDevice = (
  name: string,
  settings: Record<string, string>,
  body: (t: Test, device: Device, registered: string) => Promise<void>,
  options: AscendOptions = {},
): void =>
  withStub(name, settings, async (t, open) => {
    const { device, registered } = await open(options)
    await body(t, device, registered)
  })

/** Calls a compiled function until it fails; how often it did not. */
async function callUntilFailure(registered: string): Promise<{ calls: number; message: string }> {
  const f = compile((x: Tensor, w: Tensor) => x.matmul(w).tanh().mul(x), { device: registered })
  const [x, w] = [3, 4].map(k =>
    tensor(
      Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + k)),
      { shape: [4, 4] },
    ),
  )
  let calls = 0
  const message = await failure(async () => {
    for (; calls < 100; calls++) {
      const y = f(x, w)
      await y.data()
      y.dispose()
    }
  })
  return { calls, message }
}

withDevice('a phase one that fails', { ASCEND_STUB_FAIL: 'plan:5' }, async (t, _, registered) => {
  const { message } = await callUntilFailure(registered)
  t.match(
    message,
    /^ascend: .*(aclnn\w+\(float32\[16\].*: error 561103|no aclnn operators for '\w+' on Ascend910B4)/,
  )
})

withDevice(
  'a phase two that fails',
  { ASCEND_STUB_FAIL: 'launch:20' },
  async (t, _, registered) => {
    const { calls, message } = await callUntilFailure(registered)
    t.equal(calls, 6, 'three operators a call')
    t.match(
      message,
      /^ascend: aclnn\w+: error 361001, the runtime failed below the operator; .* \[\w+: injected failure/,
    )
  },
  { capture: 'off' },
)

withDevice('a card that is lost', { ASCEND_STUB_FAIL: 'device:20' }, async (t, device, registered) => {
  const { message } = await callUntilFailure(registered)
  t.match(
    message,
    /^ascend: waiting for kernels: error 507010, the card has stopped answering; .*last checkpoint/,
  )
  const again = [
    () => device.alloc(1 << 24),
    () => callUntilFailure(registered).then(({ message }) => Promise.reject(new Error(message))),
  ]
  for (const work of again) t.equal(await failure(work), message, 'and stays so')
})

withDevice('memory runs out', { ASCEND_STUB_MEMORY: '4000000' }, async (t, device) => {
  const [a, b] = [device.alloc(1_000_000), device.alloc(1_500_000)]
  device.free(a)
  // What is kept for reuse is given back when there is need.
  const c = device.alloc(2_000_000)
  t.match(
    await failure(() => device.alloc(2_000_000)),
    /^ascend: asked for \d+ bytes, free are 0\.00 GiB of 0\.00 GiB: error 207001, out of device memory; take a smaller batch/,
  )
  device.free(b)
  device.free(c)
})

withDevice('an allocation fails once', { ASCEND_STUB_FAIL: 'malloc:4' }, async (t, _, registered) => {
  t.equal(
    (await callUntilFailure(registered)).message,
    'no failure',
    'and works after giving back what was kept',
  )
})

withDevice('buffers that were freed', {}, async (t, device) => {
  const buffer = device.alloc(64)
  device.free(buffer)
  const reason = /^ascend.*: use of a buffer after it was freed$/
  t.match(await failure(() => device.free(buffer)), reason)
  t.match(await failure(() => device.write(buffer, new Float32Array(4))), reason)
  t.match(await failure(() => device.read(buffer)), reason)
})

const copyOf = (count: number): CopyKernel => copyKernel('float32', [count], { offset: 0, strides: [1] })
const floats = async (reading: Promise<ArrayBuffer>): Promise<number[]> => [
  ...new Float32Array(await reading),
]

withDevice('float64 is declined', {}, async (t, _, registered) => {
  const f = compile((x: Tensor) => x.cast('float64').mul(2), { device: registered })
  t.match(
    await failure(() => f(tensor([1, 2]))),
    /cannot run this kernel in float64; use float32, or the device reference/,
  )
})

withDevice('options', { ASCEND_STUB_SOC: 'Ascend910B2' }, async (t, device) => {
  t.equal(device.matmulEps, 2 ** -10)
  const name = 'ascend that is refused'
  registerDevice(name, options => ascendDevice(options), { options: ascendOptions })
  const refused = async (options: DeviceOptions) => failure(() => openDevice(name, options))
  t.equal(
    await refused({ precision: 'bf16' }),
    `device '${name}': precision bf16; give one of fp32, hf32, fp16`,
  )
  t.equal(await refused({ card: -1 }), `device '${name}': card -1; give a whole number, 0 or more`)
  t.equal(await refused({ keepExecutors: 'no' }), `device '${name}': keepExecutors no; give true or false`)
  t.equal(
    await refused({ colour: 1 }),
    `device '${name}' has no option 'colour'; there are card, precision, capture, keepExecutors`,
  )
})

for (const [precision, words, eps] of [
  ['hf32', 'operands rounded to HF32', 2 ** -9],
  ['fp16', 'matmul in fp16, operands and results', 2 ** -9 + 2 ** -11],
] as const)
  withDevice(
    `precision ${precision}`,
    {},
    async (t, device) => {
      t.ok(device.description.includes(words), device.description)
      t.equal(device.matmulEps, eps)
    },
    { precision },
  )

withDevice('transfers are in order with kernels', {}, async (t, device) => {
  const program = device.compile(copyOf(4))!
  const [a, b] = [device.alloc(16), device.alloc(16)]
  device.write(a, new Float32Array([1, 2, 3, 4]))
  device.run(program, [a, b])
  device.write(a, new Float32Array([5, 6, 7, 8]))
  const first = device.read(b)
  device.run(program, [a, b])
  const second = device.read(b)
  device.free(a)
  t.deepEqual(await floats(first), [1, 2, 3, 4], 'what was there when the reading began')
  t.deepEqual(await floats(second), [5, 6, 7, 8])
  device.free(b)

  // Larger than what goes through page-locked memory.
  const count = 1_500_000
  const [c, d] = [device.alloc(4 * count), device.alloc(4 * count)]
  const large = device.compile(copyOf(count))!
  device.write(c, new Float32Array(count).fill(1))
  device.run(large, [c, d])
  device.write(c, new Float32Array(count).fill(2))
  t.ok((await floats(device.read(d))).every(x => x === 1))
  t.ok((await floats(device.read(c))).every(x => x === 2))
  device.free(c)
  device.free(d)
})

withDevice('executors are kept: later calls plan nothing', {}, async (t, device) => {
  const [a, b] = [device.alloc(4096), device.alloc(4096)]
  device.write(
    a,
    Float32Array.from({ length: 1024 }, (_, i) => i),
  )
  // Rows of 12 bytes: eight ways to lie between multiples of 32.
  const arg = (buffer: number) => ({ even: buffer, odd: buffer, offset: 0, stride: 12 })
  const loop: LoopKernel = {
    kind: 'loop',
    steps: 100,
    reverse: false,
    bytes: [4096, 4096],
    body: [{ kernel: copyOf(3), args: [arg(0), arg(1)] }],
  }
  const program = device.compile(loop)!
  const plansOf = async (work: () => void) => {
    const before = await readCounters(folder)
    work()
    const after = await readCounters(folder)
    return [after.plans - before.plans, after.launches - before.launches]
  }
  t.deepEqual(await plansOf(() => device.run(program, [a, b])), [8, 100])
  t.deepEqual(await plansOf(() => device.run(program, [a, b])), [0, 100])
  t.deepEqual(
    (await floats(device.read(b))).slice(0, 300),
    Array.from({ length: 300 }, (_, i) => i),
  )
  // A copy onto itself is one that the library does not let be used again.
  const single = device.compile(copyOf(5))!
  t.deepEqual(await plansOf(() => device.run(single, [b, b])), [1, 1])
  t.deepEqual(await plansOf(() => device.run(single, [a, b])), [1, 1])
  t.deepEqual((await floats(device.read(b))).slice(0, 5), [0, 1, 2, 3, 4])
  device.free(a)
  device.free(b)
})

withDevice(
  'what is kept for a program goes when it is released, and work under way is still done',
  {},
  async (t, device) => {
    const { executors: before } = await readCounters(folder)
    const [a, b] = [device.alloc(32), device.alloc(32)]
    device.write(a, new Float32Array([1, 2, 3]))
    const program = device.compile(copyOf(3))!
    device.run(program, [a, b])
    t.equal((await readCounters(folder)).executors, before + 1)
    device.release!(program)
    const left = await readCounters(folder)
    t.deepEqual([left.executors, left.tensors], [before, 0])
    t.deepEqual((await floats(device.read(b))).slice(0, 3), [1, 2, 3])
    t.match(
      await failure(() => device.run(program, [a, b])),
      /run of a program that another device has compiled/,
    )
    device.free(a)
    device.free(b)
  },
)
