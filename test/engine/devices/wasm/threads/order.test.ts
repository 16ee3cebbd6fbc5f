import test from 'tape'
import { compile, registerDevice, type Tensor, zeros } from '../../../../../engine/index.js'
import type { Kernel } from '../../../../../engine/kernel/kernel.js'
import { contiguousView } from '../../../../../engine/kernel/shape.js'
import { openWasm } from '../support.js'

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
  test(`order: reads and writes keep their places among the work (threads: ${threads})`, async t => {
    const device = openWasm({ threads })
    const program = device.compile(add)!
    const sum = device.alloc(4 * elements)
    device.write(sum, new Int32Array(elements))
    const data = new Int32Array(elements)
    const reads: Promise<ArrayBuffer>[] = []
    for (let i = 1; i <= 50; i++) {
      // Memory that is freed while work on it waits is taken by the next buffer.
      const addend = device.alloc(4 * elements)
      device.write(addend, data.fill(i))
      device.run(program, [addend, sum])
      device.free(addend)
      reads.push(device.read(sum))
    }
    const sums = (await Promise.all(reads)).map(bytes => new Int32Array(bytes))
    const wrong = sums.findIndex((values, i) => values.some(value => value !== ((i + 1) * (i + 2)) / 2))
    t.equal(wrong, -1)
    await device.close()
  })

test('order: more than a mebibyte is written and read in its place', async t => {
  const device = openWasm({ threads: 2 })
  const program = device.compile(add)!
  const [from, large] = [device.alloc(4 * elements), device.alloc(3 << 20)]
  device.write(from, new Int32Array(elements).fill(5))
  for (let i = 0; i < 3; i++) {
    const data = new Uint8Array(3 << 20).fill(i)
    device.run(program, [from, large])
    device.write(large, data)
    const before = device.read(large)
    device.run(program, [from, large])
    const after = device.read(large)
    t.ok(Buffer.from(await before).equals(data))
    t.equal(new Int32Array(await after)[0], 0x01010101 * i + 5)
  }
  await device.close()
})

test("order: the caller's event loop runs during a step, also with one thread", async t => {
  for (const threads of [1, 2]) {
    const x = zeros([1200, 1200])
    const name = `${threads} threads`
    registerDevice(name, () => openWasm({ threads }))
    const f = compile((x: Tensor) => x.matmul(x), { device: name })
    let done = false
    const reading = f(x)
      .data()
      .then(() => {
        done = true
      })
    let runs = 0
    for (; !done; runs++) await new Promise(resolve => setImmediate(resolve))
    await reading
    t.ok(runs > 20, `${name}: ${runs} runs`)
    f.dispose()
  }
})
