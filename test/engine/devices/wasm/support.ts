import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import type { TestCase } from 'tape'
import type { Device } from '../../../../engine/devices/device.js'
import { resolveOptions } from '../../../../engine/devices/options.js'
import { referenceDevice } from '../../../../engine/devices/reference/index.js'
import { ModuleBuilder } from '../../../../engine/devices/wasm/assembly/assembler.js'
import { hostTarget, plainTarget, type Target } from '../../../../engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../../../../engine/devices/wasm/index.js'
import { Blas } from '../../../../engine/devices/wasm/matmul/blas.js'
import { definePacking, type Packing } from '../../../../engine/devices/wasm/matmul/packing.js'
import type { Sgemm } from '../../../../engine/devices/wasm/matmul/sgemm.js'
import { mostPages } from '../../../../engine/devices/wasm/memory.js'
import { type WasmOptions, wasmOptions } from '../../../../engine/devices/wasm/options.js'
import { type Tensor, tensor } from '../../../../engine/index.js'
import { type DType, dtypeOf, hostView, type TypedArray } from '../../../../engine/kernel/dtype.js'
import type { Instr, ScalarOp } from '../../../../engine/kernel/expr.js'
import type { Kernel, MatmulKernel } from '../../../../engine/kernel/kernel.js'
import { contiguousView, sizeOf } from '../../../../engine/kernel/shape.js'
import { drawView, type Strided, values } from '../../../../engine/testing/generators/index.js'
import { drawWith } from '../../../../engine/testing/index.js'
import { testUnless } from '../../../testUnless.js'

export { values }

/**
 * Options of the device, those that are not given as the environment has them: continuous integration runs these tests
 * with wide vectors, too.
 */
const optionsWith = (given: WasmOptions): WasmOptions => resolveOptions('wasm', wasmOptions, given)

/** The host's target, with vectors as the environment has them. */
export const testTarget = (): Target => hostTarget(optionsWith({}).vectors)

/** A device of its own, with options that are not given as the environment has them. */
export const openWasm = (given: WasmOptions = {}, host?: Target): Device =>
  wasmDevice(optionsWith(given), host)

/** With and without fused multiply-add, and emitted for wide vectors with constants in memory, which is right everywhere. */
export const devices = [
  {},
  { host: plainTarget },
  { host: { ...testTarget(), wide: true, loadsConstants: true } },
].map(({ host }) => openWasm({}, host))

/** A kernel with its arguments. */
export type Case = { readonly kernel: Kernel; readonly args: readonly TypedArray[] }

/** All `devices` agree with the reference device to `tolerance`. */
export async function agrees({ kernel, args }: Case, tolerance: number): Promise<void> {
  const want = await runOn(referenceDevice(), kernel, args)
  for (const device of devices) {
    const got = await runOn(device, kernel, args)
    for (let i = 0; i < args.length; i++) {
      const worst = difference(got[i], want[i])
      if (worst > tolerance) throw new Error(`${device.description}: argument ${i} differs by ${worst}`)
    }
  }
}

/** Floats that are small integers: their sums of products are exact in any order. */
export const integers = (length: number, seed: number): Float32Array =>
  Float32Array.from(values('int32', length, seed))

/** A line of a kernel's body that reads an input. */
export const inputLine = (dtype: DType, value: number): Instr => ({ op: 'input', dtype, args: [], value })
/** A line of a kernel's body that computes in float32. */
export const line = (op: ScalarOp, ...args: number[]): Instr => ({ op, dtype: 'float32', args, value: 0 })

/** Run a script in a process of its own. `flags`: of Node; `args`: of the script. */
export function runScript(
  script: string,
  env: Record<string, string> = {},
  flags: readonly string[] = [],
  args: readonly string[] = [],
) {
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script, ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  })
}

/** Run `kernel` on a device with copies of `args`; returns the contents of every argument afterwards. */
export async function runOn(
  device: Device,
  kernel: Kernel,
  args: readonly TypedArray[],
): Promise<TypedArray[]> {
  const buffers = args.map(array => {
    const buffer = device.alloc(array.byteLength)
    device.write(buffer, array)
    return buffer
  })
  const program = device.compile(kernel)
  if (!program) throw new Error('the device declined the kernel')
  device.run(program, buffers)
  const contents: TypedArray[] = []
  for (const [i, buffer] of buffers.entries())
    contents.push(hostView(dtypeOf(args[i])!, await device.read(buffer)))
  for (const buffer of buffers) device.free(buffer)
  return contents
}

/** Views of a shape: axes in any order in memory, with gaps, flipped, and (unless `distinct`) broadcast. */
export const arbitraryView = (shape: readonly number[], distinct = false): fc.Arbitrary<Strided> =>
  fc.gen().map(gen => drawView(drawWith(fc, gen), shape, { distinct }))

/** Shapes of rank 0 to `rank`; some have an axis of size 0. */
export const arbitraryShape = (rank: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constantFrom(0, 17, 70)), {
    maxLength: rank,
  })

/** The largest difference, relative to `scale`; NaN and infinities must agree exactly. */
export function difference(got: TypedArray, want: TypedArray, scale = 1): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], want[i]) || got[i] === want[i]) continue
    const d = Math.abs(got[i] - want[i]) / scale
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d)
  }
  return worst
}

/** The machine's BLAS library, if there is one. */
export const hostBlas = Blas.choose('on')

/** Whether it is known to compute parts of a product to the bits of the whole: OpenBLAS with some kernels. Loads it. */
export function isHostBlasExact(): boolean {
  hostBlas.load()
  return /Haswell|Zen|SkylakeX|Cooperlake/.test(hostBlas.description)
}

/** The addresses of what scripts in processes of their own import. */
export const engineUrl = new URL('../../../../engine/index.js', import.meta.url).href
export const wasmUrl = new URL('../../../../engine/devices/wasm/index.js', import.meta.url).href

/** A test that needs a BLAS library; where there is none it says so and is skipped. */
export const testBlas = (name: string, body: TestCase): void =>
  testUnless(
    hostBlas.path === undefined ? `${hostBlas.description}; apt-get install libopenblas0-pthread` : undefined,
    name,
    body,
  )

/** A product of two matrices in row-major order. */
export const product = (m: number, k: number, n: number, over: Partial<MatmulKernel> = {}): MatmulKernel => ({
  kind: 'matmul',
  dtype: 'float32',
  batch: [],
  m,
  n,
  k,
  a: contiguousView([m, k]),
  b: contiguousView([k, n]),
  accumulate: false,
  ...over,
})

/** Memory with room for scratch, then arrays one after the other, and the address of each. */
export function memoryOf(arrays: readonly Float32Array[]) {
  const memory = new WebAssembly.Memory({ initial: 512, maximum: mostPages.i32 })
  const floats = new Float32Array(memory.buffer)
  let end = 1 << 20
  const pointers = arrays.map(array => {
    floats.set(array, end / 4)
    const pointer = end
    end += 4 * array.length
    return pointer
  })
  return { memory, floats, pointers, end }
}

/** The function that a module exports, on a memory. */
export function linked(builder: ModuleBuilder, memory: WebAssembly.Memory, sgemm?: Sgemm) {
  const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode(mostPages.i32)), {
    env: { memory, scratch, ...(sgemm && { sgemm }) },
  })
  return exports.run as (...pointers: number[]) => void
}

/** The packing of a product's B, as a function of two addresses. */
export function packingInto(
  memory: WebAssembly.Memory,
  target: Target,
  packing: Packing,
  kernel: MatmulKernel,
): (from: number, to: number) => void {
  const module = new ModuleBuilder()
  module.export('run', definePacking(target, module, packing, kernel))
  return linked(module, memory)
}

/** A BLAS library written here: sums in float64; counts its calls and keeps the size of the largest. */
export function ownSgemm(floats: () => Float32Array) {
  const largest = { madds: 0, calls: 0 }
  const sgemm: Sgemm = (transposedA, transposedB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    const memory = floats()
    largest.madds = Math.max(largest.madds, m * n * k)
    largest.calls++
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = accumulate ? memory[c / 4 + i * ldc + j] : 0
        for (let l = 0; l < k; l++)
          sum +=
            memory[a / 4 + (transposedA ? l * lda + i : i * lda + l)] *
            memory[b / 4 + (transposedB ? j * ldb + l : l * ldb + j)]
        memory[c / 4 + i * ldc + j] = sum
      }
  }
  return { sgemm, largest }
}

/** A random tensor. */
export const draw = (shape: number[], seed: number): Tensor =>
  tensor(values('float32', sizeOf(shape), seed) as Float32Array, { shape })
