import { interpret } from '../../devices/reference/interpret.js'
import type { DeviceBuffer, Runtime } from '../../index.js'
import { copyKernel, mapKernel } from '../../kernel/build.js'
import { type DType, dtypeOf, hostView, type TypedArray } from '../../kernel/dtype.js'
import { add } from '../../kernel/expr.js'
import { type Input, printKernel } from '../../kernel/kernel.js'
import { fixedArg } from '../../kernel/loop.js'
import { contiguousView } from '../../kernel/shape.js'
import { firstDifference, largestShare } from '../compare.js'
import { drawWith } from '../fastCheck.js'
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
} from '../generators/index.js'
import { errorBounds, measuredError, type Tolerances } from './errorBounds.js'
import type { Suite } from './suite.js'

/** What is drawn, and how many random cases of it by default. */
const kinds: readonly (readonly [what: string, draw: DrawKernel, runs: number])[] = [
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
  for (const [what, draw, runs] of kinds)
    suite.test(`kernel ${what}`, async (runtime, check) => {
      const dtypes = dtypesTaken(runtime)
      const cases = check.gen().map(gen => draw(drawWith(check, gen), dtypes))
      const tolerances = suite.tolerances(runtime)
      let share = 0
      const tried = await suite.check(check, cases, runs, async drawn => {
        share = Math.max(share, await compareWithReference(runtime, drawn, tolerances))
      })
      const measured = measuredError(what === 'matmul' ? 'matmulEps' : 'mapEps', share, tolerances)
      return `${tried}, ${dtypes.join(', ')}${measured}`
    })
}

/**
 * The largest difference of what the device and the reference leave in the buffers, as a share of what rounding may do.
 * @throws Error when it is more.
 */
async function compareWithReference(
  runtime: Runtime,
  drawn: KernelCase,
  tolerances: Tolerances,
): Promise<number> {
  const { kernel, buffers, args = [...buffers.keys()] } = drawn
  const bounds = errorBounds(
    kernel,
    args.map(i => buffers[i]),
    tolerances,
  )
  const expected = buffers.map(array => array.slice())
  interpret(
    kernel,
    args.map(i => ({ memory: expected[i].buffer, offset: 0 })),
  )
  const actual = await runKernel(runtime, drawn)
  let share = 0
  for (const [i, array] of actual.entries()) {
    // A buffer that several arguments share may be off by what any of them may.
    const shared = bounds.filter((_, k) => args[k] === i)
    const limit = (value: number, element: number) =>
      tolerances.saturates && !Number.isFinite(value)
        ? Infinity
        : Math.max(...shared.map(bound => bound[element]))
    const wrong = firstDifference(array, expected[i], limit)
    if (wrong) throw new Error(`argument ${args.indexOf(i)}, ${wrong}:\n${printKernel(kernel)}`)
    share = Math.max(share, largestShare(array, expected[i], limit))
  }
  return share
}

/** How many arguments the widest kernels have: more than functions of JavaScript engines' WebAssembly have parameters. */
const manyArguments = 1100

/** A kernel of very many arguments, alone and in a loop: the sum of as many tensors makes one. */
export function testWideKernels(suite: Suite): void {
  suite.test(`kernels of ${manyArguments} arguments`, async runtime => {
    const dtype = 'float32'
    const input = { dtype, view: contiguousView([2]) } as const
    const map = mapKernel([2], new Array<Input>(manyArguments - 1).fill(input), (first, ...others) =>
      others.reduce(add, first),
    )
    const buffers = Array.from({ length: manyArguments }, (_, i) => Float32Array.of(i, -1))
    const body = [{ kernel: map, args: buffers.map((_, i) => fixedArg(i)) }]
    const bytes = buffers.map(b => b.byteLength)
    for (const kernel of [map, { kind: 'loop', steps: 2, reverse: false, bytes, body } as const])
      await compareWithReference(runtime, { kernel, buffers }, suite.tolerances(runtime))
    return 'a map, alone and in a loop'
  })
}

/** Numbers that JSON does not tell apart, so that their programs are easily taken for each other. */
const lookAlikes = [Number.NaN, Infinity, -Infinity, 0, -0]

/** Constants that JSON does not tell apart make programs of their own. */
export function testConstants(suite: Suite): void {
  suite.test('programs of constants that JSON does not tell apart', async runtime => {
    const constants = lookAlikes.filter(x => Number.isFinite(x) || !runtime.saturates)
    for (const value of constants) {
      const kernel = copyKernel('float32', [1], value)
      const [[actual]] = await runKernel(runtime, { kernel, buffers: [Float32Array.of(1)] })
      if (!Object.is(actual, value))
        throw new Error(
          `argument 0, element 0 is ${actual}, on the reference device ${Object.is(value, -0) ? '-0' : value}:\n${printKernel(kernel)}`,
        )
    }
    return constants.map(x => (Object.is(x, -0) ? '-0' : x)).join(', ')
  })
}

/** The dtypes that a device takes: float32 and int32, and float64 if it says so. */
export function dtypesTaken({ device }: Runtime): DType[] {
  const takesFloat64 = device.compile(copyKernel('float64', [1], 1)) !== null
  return ['float32', 'int32', ...(takesFloat64 ? (['float64'] as const) : [])]
}

/**
 * Run a kernel, or what it splits into, on copies of its buffers; returns what is in each afterwards. Where the device may
 * keep what it makes of repeated launches (`Device.runAll`), they are repeated, on the same contents.
 */
export async function runKernel(
  runtime: Runtime,
  { kernel, buffers, args = [...buffers.keys()] }: KernelCase,
): Promise<TypedArray[]> {
  const allocated: DeviceBuffer[] = []
  const alloc = (bytes: number) => allocated[allocated.push(runtime.alloc(bytes)) - 1]
  try {
    const deviceBuffers = buffers.map(({ byteLength }) => alloc(byteLength))
    const prepared = runtime.prepare(kernel, alloc)
    const launches = prepared.map(({ program, args: positions }) => ({
      program,
      args: positions.map(arg => (typeof arg === 'number' ? deviceBuffers[args[arg]] : arg)),
    }))
    const times = runtime.device.runAll ? 2 : 1
    for (let time = 0; time < times; time++) {
      for (const [i, array] of buffers.entries()) runtime.device.write(deviceBuffers[i], array)
      runtime.run(launches)
    }
    runtime.forget(launches)
    runtime.giveBack(prepared)
    const contents = await Promise.all(deviceBuffers.map(buffer => runtime.device.read(buffer)))
    return contents.map((bytes, i) => hostView(dtypeOf(buffers[i])!, bytes))
  } finally {
    for (const buffer of allocated) runtime.free(buffer)
  }
}
