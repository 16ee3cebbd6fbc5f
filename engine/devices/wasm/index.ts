import type { Kernel } from '../../kernel/kernel.js'
import { argumentsWithin, dtypesOf } from '../../kernel/operands.js'
import type { Device, DeviceBuffer, Program } from '../device.js'
import { guarded } from '../guarded.js'
import { Allocator, OutOfMemory } from './allocator.js'
import type { WordAddress } from './assembly/assembler.js'
import { constantsIn } from './assembly/constants.js'
import { compileUnchecked, hostTarget, type Target } from './assembly/target.js'
import { calibratedBlas } from './calibration/index.js'
import { Blas } from './matmul/blas.js'
import { sgemmImport } from './matmul/sgemm.js'
import { mostPages, no64BitMemory } from './memory.js'
import type { WasmOptions } from './options.js'
import { isSmall } from './parallel/partition.js'
import { shareKernel } from './parallel/shares.js'
import { Scratch } from './scratch.js'
import { hostCores } from './threads/cores.js'
import { hasThreads } from './threads/host.js'
import { Linker, type ModuleCode } from './threads/linker.js'
import { noThreads, ThreadPool } from './threads/pool.js'

export { blasCalibrationFile, blasCalibrations, clearBlasCalibrations } from './calibration/index.js'

/**
 * The device wasm, from below upwards: options.ts (what users may choose), memory.ts (memories of 32-bit and 64-bit
 * addresses), allocator.ts (the device's) and scratch.ts (the part of it that kernels scribble on); assembly/ writes WebAssembly; kernels/ and
 * matmul/ emit the functions of kernels for one thread; parallel/ cuts a kernel into parts and makes one module of them;
 * threads/ runs modules on worker threads or on the caller; calibration/ compares a BLAS library with WebAssembly. This file joins these: it compiles each kernel, decides who
 * runs it, and moves data to the device and back.
 */

type WasmBuffer = DeviceBuffer & { readonly pointer: number }
/** What a program is made of: how it is run, and what has the workers forget it, if they have it. */
type Code = { readonly run: Run; forget?(): void }
/** Enqueues a kernel, or runs it at once, on arguments at these addresses. */
type Run = (pointers: readonly number[]) => void
type EmittedCode = ModuleCode & { readonly scratchBytes: number }

/**
 * How many arguments a kernel may have. Functions have at most 1000 parameters (the limit of the JavaScript interface of
 * WebAssembly); some are for packed operands.
 */
const mostArguments = 900

const pointerOf = (buffer: DeviceBuffer): number => (buffer as WasmBuffer).pointer

/**
 * The default device: every kernel becomes a WebAssembly module, emitted here, with shapes, strides and constants in
 * its code. Takes float32 and int32.
 *
 * `threads`: how many worker threads compute (by default one for each core); the caller's own thread stays free. Kernels
 * with enough work are cut into parts (parallel/) that the workers compute at the same time, to the same bits as one
 * thread does. The caller itself computes small kernels while nothing is under way, and all kernels where the host has no
 * threads that share memory. `blas`: the library that computes large products: `off` (the default, so that results are
 * the same on all machines), `auto` (where it is faster: calibration/), `on` or its path (matmul/blas.ts); with one,
 * results differ in their last bits.
 * `memory64`: whether addresses have 64 bits; `auto`, the default: from when more memory than 4 GiB is asked for;
 * `unchecked`: then without V8's checks of them (assembly/target.ts).
 *
 * `host`: what the modules may use; by default all that the host has, with vectors of `vectors` bits.
 * @throws Error where the host has no WebAssembly SIMD, no vectors of that width, no threads though several are asked for,
 * no 64-bit addresses though they are to be on, or when that library cannot be used.
 */
export function wasmDevice(options: WasmOptions = {}, host: Target = hostTarget(options.vectors)): Device {
  const { threads = hasThreads() ? hostCores() : 1, blas = 'off', memory64 = 'auto' } = options
  const library = blas === 'auto' ? calibratedBlas(host) : Blas.choose(blas)
  if (threads > 1 && !hasThreads()) throw new Error(noThreads)
  library.checkThreads(threads)
  const problem = memory64 === 'on' ? no64BitMemory() : undefined
  if (problem !== undefined)
    throw new Error(
      `wasm device: no memory with 64-bit addresses: ${problem}; or ask for memory64 auto or off`,
    )
  const chosen = /^auto\b/.test(blas) ? { blas: library.choice } : {}
  return guarded(new WasmDevice(host, threads, library, memory64, chosen))
}

class WasmDevice implements Device {
  readonly name = 'wasm'
  #target: Target
  #allocator: Allocator | undefined
  /** Where constants are in memory, on hosts that load them from there. */
  readonly #addressOf: WordAddress | undefined
  #linker: Linker
  /** Programs as they are in the memory that there is; those that are not run any more keep no earlier one. */
  #codes = new WeakMap<Program, Code>()
  /** The worker threads; they start with the first kernel for them. */
  #pool: ThreadPool | undefined
  /** The end of the threads that computed in an earlier memory. */
  #earlier: Promise<void> | undefined
  readonly #callerScratch: Scratch
  readonly #poolScratch: Scratch
  /** Where loops keep the operands that they pack. */
  readonly #packed: Scratch

  constructor(
    host: Target,
    readonly threads: number,
    readonly library: Blas,
    readonly memory64: NonNullable<WasmOptions['memory64']>,
    readonly chosen: WasmOptions,
  ) {
    const addressType = memory64 === 'on' ? 'i64' : 'i32'
    this.#target = { ...host, addressType, ...(library.isUsed && { sgemm: library }) }
    const allocator = new Allocator(mostPages[addressType], hasThreads(), addressType)
    this.#allocator = allocator
    this.#addressOf = host.loadsConstants ? constantsIn(allocator) : undefined
    this.#linker = new Linker(allocator.memory, addressType)
    this.#callerScratch = new Scratch(allocator)
    this.#poolScratch = new Scratch(allocator, threads)
    this.#packed = new Scratch(allocator)
  }

  get description(): string {
    const { vectors, relaxed, addressType } = this.#target
    const addresses = addressType === 'i64' ? ', 64-bit addresses' : ''
    const count = this.threads === 1 ? '1 thread' : `${this.threads} threads`
    const madd = relaxed ? 'fused multiply-add (relaxed SIMD)' : 'no fused multiply-add'
    return `WebAssembly SIMD, ${vectors}${addresses}, ${count}, ${madd}, ${this.library.description}`
  }

  alloc(bytes: number): WasmBuffer {
    return { bytes, pointer: this.#withMemory(() => this.#heap.alloc(bytes)) }
  }

  free(buffer: DeviceBuffer): void {
    this.#heap.free(pointerOf(buffer))
  }

  write(buffer: DeviceBuffer, data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (this.#isIdle) this.#bytesAt(buffer, data.byteLength).set(bytes)
    else this.#pool?.write(pointerOf(buffer), bytes)
  }

  async read(buffer: DeviceBuffer): Promise<ArrayBuffer> {
    if (this.#pool && !this.#isIdle) return this.#pool.read(pointerOf(buffer), buffer.bytes)
    // A copy in memory that is not shared.
    return new Uint8Array(this.#bytesAt(buffer, buffer.bytes)).buffer
  }

  mapped(buffer: DeviceBuffer): Uint8Array {
    return this.#bytesAt(buffer, buffer.bytes)
  }

  compile(kernel: Kernel): Program | null {
    const isDeclined = dtypesOf(kernel).has('float64') || argumentsWithin(kernel) > mostArguments
    if (isDeclined) return null
    const program = { kernel }
    this.#withMemory(() => this.#codeOf(program))
    return program
  }

  release(program: Program): void {
    this.#codes.get(program)?.forget?.()
  }

  run(program: Program, args: readonly DeviceBuffer[]): void {
    this.#withMemory(() => this.#codeOf(program).run(args.map(pointerOf)))
  }

  stats(): { buffers: number; bytes: number } {
    const { taken, takenBytes } = this.#heap
    return { buffers: taken, bytes: takenBytes }
  }

  async close(): Promise<void> {
    this.#allocator = undefined
    await Promise.all([this.#earlier, this.#pool?.close()])
  }

  /** The device's memory. @throws Error once the device is closed. */
  get #heap(): Allocator {
    if (!this.#allocator) throw new Error('wasm device: used after it was closed; open another')
    return this.#allocator
  }

  /** What `take` gives, which takes memory: where 4 GiB are too few, with 64-bit addresses. @throws RangeError when there is no more. */
  #withMemory<T>(take: () => T): T {
    try {
      return take()
    } catch (error) {
      if (!(error instanceof OutOfMemory) || this.#heap.addressType === 'i64') throw error
      const problem = this.memory64 === 'off' ? 'the option memory64 is off' : no64BitMemory()
      if (problem !== undefined)
        throw new RangeError(`${error.message}. Addresses of 32 bits reach 4 GiB; of 64 bits: ${problem}`)
      this.#widen()
      return take()
    }
  }

  /** Go on in a memory with 64-bit addresses, once what is under way is done. Programs are made anew when they next run. */
  #widen(): void {
    this.#pool?.drain()
    this.#heap.widen()
    const { memory, addressType } = this.#heap
    this.#earlier = this.#pool?.close()
    this.#pool = undefined
    this.#target = { ...this.#target, addressType }
    this.#linker = new Linker(memory, addressType)
    this.#codes = new WeakMap()
  }

  #bytesAt(buffer: DeviceBuffer, bytes: number): Uint8Array {
    // A new view every time: memory that has grown is another ArrayBuffer.
    return new Uint8Array(this.#heap.memory.buffer, pointerOf(buffer), bytes)
  }

  /** Whether nothing is under way, so that the caller may touch memory. @throws Error when a worker has failed. */
  get #isIdle(): boolean {
    return this.#pool?.isIdle ?? true
  }

  /** A program's code for the memory that there is. */
  #codeOf(program: Program): Code {
    const known = this.#codes.get(program)
    if (known) return known
    const code = this.#runnerOf(program.kernel)
    this.#codes.set(program, code)
    return code
  }

  /** Who runs a kernel: the workers, or if it is small the caller when it can. */
  #runnerOf(kernel: Kernel): Code {
    if (!hasThreads()) return { run: this.#onCaller(kernel) }
    if (!isSmall(kernel)) return this.#onPool(kernel)
    const onCaller = this.#onCaller(kernel)
    let onPool: Code | undefined
    return {
      run: pointers => {
        if (this.#isIdle) return onCaller(pointers)
        onPool ??= this.#onPool(kernel)
        onPool.run(pointers)
      },
      forget: () => onPool?.forget?.(),
    }
  }

  #onPool(kernel: Kernel): Code {
    const code = this.#emit(kernel, this.threads)
    const { memory, addressType } = this.#heap
    this.#pool ??= new ThreadPool(this.threads, memory, addressType)
    const pool = this.#pool
    this.#poolScratch.reserve(code.scratchBytes)
    const id = pool.load(code)
    return {
      run: pointers => pool.run(id, [...pointers, this.#packed.pointer], this.#poolScratch),
      forget: () => pool.forget(id),
    }
  }

  #onCaller(kernel: Kernel): Run {
    const code = this.#emit(kernel, 1)
    this.#callerScratch.reserve(code.scratchBytes)
    const run = this.#linker.link(code)
    return pointers => {
      this.#linker.scratch = this.#callerScratch.pointer
      run(...pointers, this.#packed.pointer, 0)
    }
  }

  /** Emit a kernel's module for so many threads; there is memory then for the operands that it packs. */
  #emit(kernel: Kernel, threads: number): EmittedCode {
    const { module, packedBytes } = shareKernel(this.#target, kernel, threads, this.#addressOf)
    this.#packed.reserve(packedBytes)
    const blas = module.imports.includes(sgemmImport) ? this.library.load() : undefined
    const { addressType } = this.#heap
    const bytes = module.encode(mostPages[addressType], hasThreads())
    const isUnchecked = addressType === 'i64' && this.memory64 === 'unchecked'
    return { module: isUnchecked ? compileUnchecked(bytes) : bytes, blas, scratchBytes: module.scratchBytes }
  }
}
