import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import type { Device, DeviceBuffer, Kernel } from '../../../engine/index.js'
import { copyKernel } from '../../../engine/kernel/build.js'
import { contiguousView } from '../../../engine/kernel/shape.js'
import { Runtime } from '../../../engine/runtime/runtime.js'
import { accumulate, sum } from '../../../engine/testing/conformance/simpleKernels.js'

/** The reference device, which counts how often it compiles, and declines some kernels. */
function counting(declines: (kernel: Kernel) => boolean = () => false) {
  const compiled: Kernel[] = []
  const reference = referenceDevice()
  const device: Device = {
    ...reference,
    compile(kernel) {
      compiled.push(kernel)
      return declines(kernel) ? null : reference.compile(kernel)
    },
  }
  return { runtime: new Runtime(device, 'counting'), compiled }
}

const noScratch = (): DeviceBuffer => {
  throw new Error('no scratch is needed')
}

test('a kernel is compiled once, and others that look alike to JSON are not taken for it', t => {
  const { runtime, compiled } = counting()
  const [first, again] = [sum(4), structuredClone(sum(4))].map(kernel => runtime.prepare(kernel, noScratch))
  t.equal(first[0].program, again[0].program)
  t.deepEqual(first[0].args, [0, 1, 2])
  t.equal(compiled.length, 1)
  for (const value of [0, -0, Number.NaN]) runtime.prepare(copyKernel('float32', [1], value), noScratch)
  t.equal(compiled.length, 4)
  t.end()
})

const view = contiguousView([2, 2])
const accumulating = {
  kind: 'matmul',
  dtype: 'float32',
  batch: [],
  m: 2,
  n: 2,
  k: 2,
  a: view,
  b: view,
  accumulate: true,
} as const satisfies Kernel

test('what a device declines is split, with scratch memory of the caller', async t => {
  const { runtime, compiled } = counting(kernel => kernel.kind === 'matmul' && kernel.accumulate)
  const scratch: DeviceBuffer[] = []
  const prepared = runtime.prepare(accumulating, bytes => {
    const buffer = runtime.alloc(bytes)
    scratch.push(buffer)
    return buffer
  })
  t.deepEqual(
    prepared.map(({ program, args }) => [
      program.kernel.kind,
      args.map(arg => (typeof arg === 'number' ? arg : 'scratch')),
    ]),
    [
      ['matmul', [0, 1, 'scratch']],
      ['copy', ['scratch', 2]],
    ],
  )
  t.deepEqual(
    scratch.map(({ bytes }) => bytes),
    [16],
  )
  runtime.prepare(accumulating, bytes => runtime.alloc(bytes))
  t.equal(compiled.length, 3, 'nor is it asked again for what it declined')
  t.end()
})

test('what cannot be split further is refused by name, with the kernel', t => {
  const { runtime } = counting(() => true)
  t.throws(
    () => runtime.prepare(accumulate(3), noScratch),
    /device 'counting' cannot run this kernel:\ncopy int32 \[3\]/,
  )
  t.throws(
    () => runtime.prepare(copyKernel('float64', [3], 1), noScratch),
    /cannot run this kernel in float64; use float32, or the device reference:\n/,
  )
  t.end()
})

test('live buffers are counted; after closing nothing is given back any more', async t => {
  const { runtime } = counting()
  const [a, b] = [runtime.alloc(8), runtime.alloc(16)]
  t.deepEqual(runtime.stats(), { buffers: 2, bytes: 24 })
  runtime.free(a)
  t.deepEqual(runtime.stats(), { buffers: 1, bytes: 16 })
  await runtime.close()
  runtime.free(b)
  t.pass('the device has given it back')
})

test('a device that states no errors is taken for float32', t => {
  const runtime = new Runtime({ ...referenceDevice(), mapEps: 1e-3 }, 'rough')
  t.deepEqual([runtime.mapEps, runtime.matmulEps, runtime.name], [1e-3, 1e-6, 'rough'])
  t.match(runtime.description, /oracle/)
  t.end()
})
