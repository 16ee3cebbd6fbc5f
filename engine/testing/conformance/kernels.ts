import { interpret } from '../../devices/reference/interpret.js'
import type { DeviceBuffer, Runtime } from '../../index.js'
import { type DType, dtypeOf, hostView, type TypedArray } from '../../kernel/dtype.js'
import { type Kernel, printKernel } from '../../kernel/kernel.js'
import { drawWith } from '../fastCheck.js'
import { firstDifference, tolerances } from './compare.js'
import { errorBounds } from './errorBounds.js'
import {
  type DrawKernel,
  drawCopy,
  drawGather,
  drawLoop,
  drawMap,
  drawMapInPlace,
  drawMatmul,
  drawRandomBits,
  drawReduce,
  drawScatterAdd,
  type KernelCase,
} from './kernelCases.js'
import type { Suite } from './suite.js'

const drawn: readonly (readonly [what: string, draw: DrawKernel, runs: number])[] = [
  ['map', drawMap, 150],
  ['map in place', drawMapInPlace, 60],
  ['reduce', drawReduce, 100],
  ['matmul', drawMatmul, 80],
  ['gather', drawGather, 50],
  ['scatterAdd', drawScatterAdd, 60],
  ['copy', drawCopy, 80],
  ['randomBits', drawRandomBits, 40],
  ['loop', drawLoop, 40],
]

/** Every kind of kernel, handed to the device as it is (and split where it declines), with all of its forms. */
export function testKernels(suite: Suite): void {
  for (const [what, draw, runs] of drawn)
    suite.test(`kernel ${what}`, async (runtime, check) => {
      const dtypes = dtypesOf(runtime)
      const cases = check.gen().map(gen => draw(drawWith(check, gen), dtypes))
      const eps = tolerances(runtime.device)
      const tried = await suite.check(check, cases, runs, async ({ kernel, buffers, args }) => {
        const positions = args ?? [...buffers.keys()]
        const expected = buffers.map(array => array.slice())
        const bounds = errorBounds(
          kernel,
          positions.map(i => buffers[i]),
          eps,
        )
        interpret(
          kernel,
          positions.map(i => ({ memory: expected[i].buffer as ArrayBuffer, offset: 0 })),
        )
        const found = await runKernel(runtime, { kernel, buffers, args: positions })
        for (const [i, array] of found.entries()) {
          const wrong = firstDifference(array, expected[i], (_, at) =>
            positions.reduce(
              (most, position, k) => (position === i ? Math.max(most, bounds[k][at]) : most),
              0,
            ),
          )
          if (wrong) throw new Error(`argument ${positions.indexOf(i)}, ${wrong}:\n${printKernel(kernel)}`)
        }
      })
      return `${tried}, ${dtypes.join(', ')}`
    })
}

/** Numbers that are easily taken for each other where programs are kept. */
const lookAlikes = [Number.NaN, Infinity, -Infinity, 0, -0]

/** Constants that JSON does not tell apart make programs of their own. */
export function testConstants(suite: Suite): void {
  suite.test('programs of constants that JSON does not tell apart', async runtime => {
    for (const value of lookAlikes) {
      const kernel: Kernel = {
        kind: 'copy',
        dtype: 'float32',
        shape: [1],
        source: value,
        to: { offset: 0, strides: [1] },
        accumulate: false,
      }
      const [[found]] = await runKernel(runtime, { kernel, buffers: [Float32Array.of(1)] })
      if (!Object.is(found, value))
        throw new Error(
          `argument 0, element 0 is ${found}, on the reference device ${Object.is(value, -0) ? '-0' : value}:\n${printKernel(kernel)}`,
        )
    }
    return lookAlikes.map(x => (Object.is(x, -0) ? '-0' : x)).join(', ')
  })
}

/** The dtypes that a device takes: float32 and int32, and float64 if it says so. */
export function dtypesOf(runtime: Runtime): DType[] {
  const fill: Kernel = {
    kind: 'copy',
    dtype: 'float64',
    shape: [1],
    source: 1,
    to: { offset: 0, strides: [1] },
    accumulate: false,
  }
  return ['float32', 'int32', ...(runtime.device.compile(fill) ? (['float64'] as const) : [])]
}

/** Run a kernel, or what it splits into, on copies of its buffers; returns what is in each afterwards. */
export async function runKernel(
  runtime: Runtime,
  { kernel, buffers, args = [...buffers.keys()] }: KernelCase,
): Promise<TypedArray[]> {
  const taken: DeviceBuffer[] = []
  const take = (bytes: number) => taken[taken.push(runtime.alloc(bytes)) - 1]
  try {
    const own = buffers.map(array => {
      const buffer = take(array.byteLength)
      runtime.device.write(buffer, array)
      return buffer
    })
    for (const { program, args: positions } of runtime.prepare(kernel, take))
      runtime.device.run(
        program,
        positions.map(position => (typeof position === 'number' ? own[args[position]] : position)),
      )
    const contents = await Promise.all(own.map(buffer => runtime.device.read(buffer)))
    return contents.map((bytes, i) => hostView(dtypeOf(buffers[i])!, bytes))
  } finally {
    for (const buffer of taken) runtime.free(buffer)
  }
}
