import { freemem } from 'node:os'
import test, { type TestCase } from 'tape'
import { Allocator } from '../../../../engine/devices/wasm/allocator.js'
import { mostPages, no64BitMemory } from '../../../../engine/devices/wasm/memory.js'
import {
  closeDevice,
  compile,
  gradients,
  openDevice,
  scan,
  type Tensor,
  tensor,
} from '../../../../engine/index.js'
import type { MapKernel } from '../../../../engine/kernel/kernel.js'
import { testUnless } from '../../../testUnless.js'
import { difference, integers, openWasm } from './support.js'

const problem = no64BitMemory()
/** A test of 64-bit addresses, that says so where the host has none. */
const test64 = (name: string, body: TestCase): void => testUnless(problem, name, body)

const gib = 2 ** 30

test64('allocator: blocks keep their addresses and contents in the wider memory', t => {
  const allocator = new Allocator(mostPages.i32, true)
  const write = (address: number, values: readonly number[]) =>
    new Int32Array(allocator.memory.buffer, address, values.length).set(values)
  const read = (address: number) => [...new Int32Array(allocator.memory.buffer, address, 3)]
  const first = allocator.alloc(100)
  write(first, [1, 2, 3])
  // Nobody touches what is between.
  allocator.free(allocator.alloc(2 * gib))
  const between = allocator.alloc(2 * gib)
  const last = allocator.alloc(100)
  write(last, [4, 5, 6])
  t.throws(() => allocator.alloc(3 * gib), /out of memory: asked for 3072.0 MB with 2048.0 MB in use/)
  allocator.widen()
  t.equal(allocator.addressType, 'i64')
  t.deepEqual(
    [read(first), read(last), read(between)],
    [
      [1, 2, 3],
      [4, 5, 6],
      [0, 0, 0],
    ],
  )
  const beyond = allocator.alloc(3 * gib)
  t.ok(beyond > last && beyond + 3 * gib > 4 * gib)
  write(beyond + 3 * gib - 12, [7, 8, 9])
  t.deepEqual(read(beyond + 3 * gib - 12), [7, 8, 9])
  allocator.free(first)
  t.equal(allocator.alloc(64), first, 'what is freed is used again')
  t.throws(() => allocator.alloc(14 * gib), /out of memory/)
  t.end()
})

/** Doubles the elements from `offset` on. */
const doubling = (count: number, offset: number): MapKernel => ({
  kind: 'map',
  shape: [count],
  inputs: [{ dtype: 'float32', view: { offset, strides: [1] } }],
  body: [
    { op: 'input', dtype: 'float32', args: [], value: 0 },
    { op: 'add', dtype: 'float32', args: [0, 0], value: 0 },
  ],
  outputs: [{ dtype: 'float32', view: { offset: 0, strides: [1] }, value: 1 }],
})

for (const memory64 of ['auto', 'unchecked'] as const)
  test64(`wasm: goes on with 64-bit addresses when 4 GiB are too few, ${memory64}`, async t => {
    const device = openWasm({ memory64 })
    t.doesNotMatch(device.description, /64-bit addresses/)
    const count = 100_000
    const [x, y] = [device.alloc(4 * count), device.alloc(4 * count)]
    const values = integers(count, 1)
    device.write(x, values)
    // By the workers, and by the caller or the workers.
    const [large, small] = [device.compile(doubling(count, 0))!, device.compile(doubling(8, 0))!]
    device.run(large, [x, y])
    device.run(small, [x, y])
    const before = device.read(y)
    const big = device.alloc(5 * gib)
    t.match(device.description, /, 64-bit addresses, /)
    t.deepEqual(
      new Float32Array(await before),
      values.map(value => 2 * value),
      'what was under way is done',
    )
    device.run(large, [y, x])
    t.deepEqual(
      new Float32Array(await device.read(x)),
      values.map(value => 4 * value),
      'programs go on',
    )
    const high = device.alloc(4 * count)
    device.run(large, [x, high])
    device.run(small, [x, high])
    t.deepEqual(
      new Float32Array(await device.read(high)),
      values.map(value => 8 * value),
    )
    // An offset of more than 32 bits: the buffer's last bytes are what the kernel reads.
    const offset = (4.5 * gib) / 4
    const last = device.compile(doubling(8, offset))!
    device.run(last, [big, x])
    t.deepEqual(
      [...new Float32Array(await device.read(x)).subarray(0, 8)],
      Array(8).fill(0),
      'nobody wrote there',
    )
    device.release?.(large)
    t.throws(() => device.alloc(12 * gib), /out of memory/)
    await device.close()
  })

test('wasm: an error says what would give more than 4 GiB', async t => {
  const device = openWasm({ memory64: problem === undefined ? 'off' : 'auto' })
  const reason = problem ?? 'the option memory64 is off'
  t.throws(
    () => device.alloc(5 * gib),
    (error: Error) => {
      t.match(
        error.message,
        /asked for 5120.0 MB .*give a budget \(memory\).* Addresses of 32 bits reach 4 GiB; of 64 bits: /,
      )
      return error.message.endsWith(reason)
    },
  )
  await device.close()
  if (problem === undefined) return
  t.throws(
    () => openWasm({ memory64: 'on' }),
    /no memory with 64-bit addresses: Node .* use Node 24 or later; or ask for memory64 auto or off/,
  )
})

/** Bytes that a test of the whole way takes, and that must be free, with some more for everybody else. */
const programBytes = 6 * gib
const why = problem ?? (freemem() < 1.5 * programBytes ? '9 GiB of free memory are needed' : undefined)

testUnless(why, "wasm: a program of 6 GiB gives the reference's numbers", async t => {
  // Elements do not depend on each other, so that the reference can compute some of them. The forward loop keeps every
  // h for the backward loop.
  const width = 1 << 22
  const steps = programBytes / (4 * width)
  const lossAndGradients = (w: Tensor, x: Tensor, inputs: Tensor) => {
    const { carry } = scan(
      ({ h }: { h: Tensor }, input: Tensor) => {
        const next = h.mul(w).add(input).tanh()
        return { carry: { h: next }, out: {} }
      },
      { h: x },
      inputs,
    )
    const loss = carry.h.mul(x).sum()
    return { h: carry.h, gradients: gradients(loss, [w, x]) }
  }
  const inputs = Float32Array.from({ length: steps }, (_, i) => Math.sin(i))
  const [w, x] = [1, 2].map(seed => Float32Array.from({ length: width }, (_, i) => Math.sin(seed * i)))
  const compute = async (device: string, w: Float32Array, x: Float32Array) => {
    const run = compile(lossAndGradients, { device })
    const { h, gradients } = run(tensor(w), tensor(x), tensor(inputs))
    return Promise.all([h, ...gradients].map(result => result.data()))
  }
  const device = await openDevice('wasm', { memory64: 'auto' })
  const all = await compute('wasm', w, x)
  t.match(device.description, /, 64-bit addresses, /)
  await closeDevice('wasm')
  for (const first of [0, width / 2 - 8, width - 16]) {
    const some = (values: ArrayLike<number>) => Float32Array.from({ length: 16 }, (_, i) => values[first + i])
    const wanted = await compute('reference', some(w), some(x))
    const worst = wanted.map((values, i) => difference(some(all[i]), Float32Array.from(values)))
    t.ok(Math.max(...worst) < 1e-4, `elements from ${first} on: ${worst.map(d => d.toExponential(1))}`)
  }
})
