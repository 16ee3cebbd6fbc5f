import {
  closeDevice,
  compile,
  type Device,
  type DeviceBuffer,
  dispose,
  type Tensor,
  tensor,
} from '../../index.js'
import { firstDifference } from '../compare.js'
import { accumulate, compileSimple, fill, sum } from './simpleKernels.js'
import type { Suite } from './suite.js'

/** Who may do what to memory, and when. */
export function testOwnership(suite: Suite): void {
  suite.test('misuse is refused', async ({ device }) => {
    const one = device.alloc(4)
    device.write(one, Int32Array.of(7))
    const two = device.alloc(8)
    const freed = device.alloc(8)
    device.free(freed)
    const add = compileSimple(device, sum(2))
    const misuses: readonly [what: string, misuse: () => unknown][] = [
      ['free of a buffer that was freed', () => device.free(freed)],
      ['write to a buffer that was freed', () => device.write(freed, new Int32Array(1))],
      ['read of a buffer that was freed', () => device.read(freed)],
      ['run with an input that was freed', () => device.run(add, [two, freed, two])],
      ['run with an output that was freed', () => device.run(add, [two, two, freed])],
      ['write of 8 bytes into a buffer of 4', () => device.write(one, new Int32Array(2))],
      ['run of a program of 3 arguments with 2', () => device.run(add, [two, two])],
      ['run of a program of 3 arguments with 4', () => device.run(add, [two, two, two, two])],
      ['run with an input that is too small', () => device.run(add, [one, two, two])],
      ['run with an output that is too small', () => device.run(add, [two, two, one])],
    ]
    for (const [what, misuse] of misuses) await refused(what, misuse)
    const [left] = new Int32Array(await device.read(one))
    if (left !== 7) throw new Error(`element 0 of a buffer that was misused is ${left}, it was 7`)
    for (const buffer of [one, two]) device.free(buffer)
    return misuses.map(([what]) => what).join(', ')
  })
  suite.test('buffers keep to themselves', async ({ device }) => {
    const sizes = [0, 4, 8, 12, 16, 20, 60, 64, 68, 252, 256, 260, 1000, 5000]
    const contents = sizes.map((bytes, i) => new Uint8Array(bytes).fill(i + 1))
    const buffers = sizes.map(bytes => device.alloc(bytes))
    buffers.forEach((buffer, i) => {
      if (buffer.bytes !== sizes[i])
        throw new Error(`alloc(${sizes[i]}) gave a buffer of ${buffer.bytes} bytes`)
      device.write(buffer, contents[i])
    })
    // Nothing, and the start only.
    device.write(buffers[10], new Float32Array(0))
    device.write(buffers[11], new Uint8Array(contents[11].buffer, 0, 4))
    for (const [i, buffer] of buffers.entries()) {
      const read = new Uint8Array(await device.read(buffer))
      const wrong = firstDifference(read, contents[i], () => 0, 'written was')
      if (wrong) throw new Error(`a buffer of ${sizes[i]} bytes among others: ${wrong}`)
    }
    for (const buffer of buffers) device.free(buffer)
    return `buffers of ${sizes.join(', ')} bytes`
  })
  suite.test('memory is given back', async runtime => {
    const { device } = runtime
    // What it keeps once and for all is none of our business.
    await useMemory(suite.name)
    const before = { device: device.stats?.(), runtime: runtime.stats() }
    await useMemory(suite.name)
    const { buffers, bytes } = runtime.stats()
    if (buffers !== before.runtime.buffers || bytes !== before.runtime.bytes)
      throw new Error(
        `the engine holds ${buffers} buffers, ${bytes} bytes; before ${JSON.stringify(before.runtime)}`,
      )
    if (before.device) {
      const after = device.stats!()
      if (after.buffers !== before.device.buffers || after.bytes !== before.device.bytes)
        throw new Error(`leak: it holds ${JSON.stringify(after)}, before ${JSON.stringify(before.device)}`)
      return `as before: ${JSON.stringify(after)}`
    }
    churn(device)
    return `${chunks} times ${chunk} bytes, one after the other`
  })
}

/** Closing comes last: the device of this name is another one afterwards. */
export function testClose(suite: Suite): void {
  suite.test('close', async ({ device }) => {
    const buffer = device.alloc(4)
    const program = compileSimple(device, fill(1, 1))
    device.run(program, [buffer])
    await closeDevice(suite.name)
    await refused('alloc after close', () => device.alloc(4))
    await refused('write after close', () => device.write(buffer, new Int32Array(1)))
    await refused('run after close', () => device.run(program, [buffer]))
    await refused('read after close', () => device.read(buffer))
    const again = await suite.reopen()
    if (again.device === device) throw new Error('the factory gave the device that was closed')
    const sum = again.device.alloc(4)
    again.device.write(sum, Int32Array.of(5))
    again.device.run(compileSimple(again.device, accumulate(1)), [sum, sum])
    again.device.free(sum)
    return 'refuses all further use; the factory gives another'
  })
}

/** @throws Error unless a misuse throws, or rejects, an Error. */
async function refused(what: string, misuse: () => unknown): Promise<void> {
  let error: unknown
  try {
    await misuse()
  } catch (thrown) {
    error = thrown
  }
  if (!(error instanceof Error)) throw new Error(`${what} was accepted; it must throw an Error`)
}

/** Programs, temporaries and results, made and disposed of. */
async function useMemory(device: string): Promise<void> {
  const f = compile((x: Tensor) => ({ y: x.exp().matmul(x).sum(0), z: x.flip(0).add(1) }), { device })
  const values = Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i))
  for (let i = 0; i < 20; i++) {
    const x = tensor(values, { shape: [64, 64] })
    const result = f(x)
    await result.y.data()
    dispose([x, result])
  }
  f.dispose()
}

/** Bytes, and how many times they are taken and given back: 4.5 GiB. */
const chunk = 2 ** 26
const chunks = 72

/** Take more memory than most devices have, and give it back, a chunk at a time. */
function churn(device: Device): void {
  for (let i = 0; i < chunks; i++) device.free(allocAfter(i, device))
}

/** @throws Error of a leak when there is no memory after `freed` chunks, all given back. */
function allocAfter(freed: number, device: Device): DeviceBuffer {
  try {
    return device.alloc(chunk)
  } catch (error) {
    const why = (error as Error).message
    throw new Error(`leak: alloc of ${chunk} bytes fails after ${freed} of them, all given back: ${why}`)
  }
}
