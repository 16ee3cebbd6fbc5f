import type { DeviceBuffer, Runtime } from '../../index.js'
import type { SimpleKernel } from '../../kernel/kernel.js'
import { firstDifference } from '../compare.js'
import { drawWith } from '../fastCheck.js'
import { accumulate, compileSimple, fill, sum } from './simpleKernels.js'
import type { Suite } from './suite.js'

/** Elements of a buffer, and buffers. */
const count = 5
const bufferCount = 3
const kinds = ['read', 'write', 'fill', 'sum', 'accumulate', 'renew'] as const

/** Something done to the buffers `a`, `b` and `c`, with a number. */
type Step = {
  readonly what: (typeof kinds)[number]
  readonly a: number
  readonly b: number
  readonly c: number
  readonly number: number
}

const printStep = ({ what, a, b, c, number }: Step): string =>
  ({
    read: `read #${a}`,
    write: `write ${number % (count + 1)} elements from ${number} to #${a}`,
    fill: `fill #${a} with ${number}`,
    sum: `#${c} = #${a} + #${b}`,
    accumulate: `#${a} += #${b}`,
    renew: `free #${a}, allocate it again`,
  })[what]

/** Writes, runs and reads in any order, none of them awaited: each sees what was done before it, and nothing else. */
export function testOrdering(suite: Suite): void {
  suite.test('order of writes, runs and reads', async (runtime, check) => {
    const cases = check.gen().map(gen => {
      const draw = drawWith(check, gen)
      return Array.from({ length: draw.int(1, 40) }, (): Step => {
        const [a, b, c] = [0, 0, 0].map(() => draw.int(0, bufferCount - 1))
        const what = draw.pick(kinds)
        // What is added to is not what is added.
        return {
          what,
          a,
          b: what === 'accumulate' && a === b ? (a + 1) % bufferCount : b,
          c,
          number: draw.int(0, 999),
        }
      })
    })
    return suite.check(check, cases, 60, async steps => {
      const expected = expectedReads(steps)
      const actual = await performedReads(runtime, steps)
      for (const [i, read] of actual.entries()) {
        const wrong = firstDifference(new Int32Array(read), expected[i], () => 0)
        if (wrong)
          throw new Error(`read ${i}, ${wrong}:\n${steps.map(step => `  ${printStep(step)}`).join('\n')}`)
      }
    })
  })
  suite.test('programs that are released', async ({ device }) => {
    const length = 1000
    const buffer = device.alloc(4 * length)
    // Each is released as soon as its work is enqueued, and compiled anew for the next round.
    for (let value = 1; value <= 20; value++)
      for (const kernel of [fill(length, value), accumulate(length)]) {
        const program = compileSimple(device, kernel)
        device.run(program, kernel.source === value ? [buffer] : [buffer, buffer])
        device.release?.(program)
      }
    const wrong = firstDifference(
      new Int32Array(await device.read(buffer)),
      new Int32Array(length).fill(40),
      () => 0,
    )
    device.free(buffer)
    if (wrong) throw new Error(`after 20 rounds, ${wrong}`)
    return device.release ? '40 programs, each released while its work may not be done' : 'it releases none'
  })
  suite.test('many reads at a time', async ({ device }) => {
    const [many, length] = [100, 1000]
    const buffer = device.alloc(4 * length)
    const step = device.alloc(4 * length)
    const [add, one, zero] = [accumulate(length), fill(length, 1), fill(length, 0)].map(kernel =>
      compileSimple(device, kernel),
    )
    device.run(one, [step])
    device.run(zero, [buffer])
    const reads = Array.from({ length: many }, () => {
      device.run(add, [step, buffer])
      return device.read(buffer)
    })
    for (const freed of [buffer, step]) device.free(freed)
    const contents = (await Promise.all(reads)).map(bytes => new Int32Array(bytes))
    contents.forEach((read, i) => {
      const wrong = firstDifference(read, new Int32Array(length).fill(i + 1), () => 0)
      if (wrong) throw new Error(`read ${i} of ${many} at a time, ${wrong}`)
    })
    if (new Set(contents.map(({ buffer }) => buffer)).size < many)
      throw new Error('two reads gave the same memory')
    return `${many} reads that nobody awaited, of a buffer that was freed`
  })
}

/** What a step of this number writes: as many elements as its remainder says. */
const valuesFrom = (number: number) => Int32Array.from({ length: number % (count + 1) }, (_, i) => number + i)

/** What the reads of some steps ought to give. */
function expectedReads(steps: readonly Step[]): Int32Array[] {
  const memory = Array.from({ length: bufferCount }, () => new Int32Array(count))
  const reads: Int32Array[] = []
  for (const { what, a, b, c, number } of steps)
    if (what === 'read') reads.push(memory[a].slice())
    else if (what === 'write') memory[a].set(valuesFrom(number))
    else if (what === 'fill') memory[a].fill(number)
    else if (what === 'sum') memory[c] = memory[a].map((x, i) => x + memory[b][i])
    else if (what === 'accumulate') memory[a] = memory[a].map((x, i) => x + memory[b][i])
    else memory[a] = new Int32Array(count)
  return reads
}

/** What they give. Arrays that the device was handed are spoiled as soon as it has returned. */
async function performedReads({ device }: Runtime, steps: readonly Step[]): Promise<ArrayBuffer[]> {
  const write = (to: DeviceBuffer, values: Int32Array) => {
    device.write(to, values)
    values.fill(-1)
  }
  const run = (kernel: SimpleKernel, ...args: DeviceBuffer[]) => {
    device.run(compileSimple(device, kernel), args)
    args.fill(elsewhere)
  }
  const zeroed = () => {
    const buffer = device.alloc(4 * count)
    write(buffer, new Int32Array(count))
    return buffer
  }
  const elsewhere = zeroed()
  const memory = Array.from({ length: bufferCount }, zeroed)
  const reads: Promise<ArrayBuffer>[] = []
  for (const { what, a, b, c, number } of steps)
    if (what === 'read') reads.push(device.read(memory[a]))
    else if (what === 'write') write(memory[a], valuesFrom(number))
    else if (what === 'fill') run(fill(count, number), memory[a])
    else if (what === 'sum') run(sum(count), memory[a], memory[b], memory[c])
    else if (what === 'accumulate') run(accumulate(count), memory[b], memory[a])
    else {
      device.free(memory[a])
      memory[a] = zeroed()
    }
  for (const buffer of [elsewhere, ...memory]) device.free(buffer)
  return Promise.all(reads)
}
