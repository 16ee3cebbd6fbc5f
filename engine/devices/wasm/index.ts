import type { Kernel } from '../../kernel/kernel.js'
import { argumentsWithin, dtypesOf } from '../../kernel/operands.js'
import type { Device, DeviceBuffer, Program } from '../device.js'
import { guarded } from '../guarded.js'
import { Allocator, maxPages } from './allocator.js'
import type { WordAddress } from './assembly/assembler.js'
import { constantsIn } from './assembly/constants.js'
import { hostTarget, type Target } from './assembly/target.js'
import { Blas } from './matmul/blas.js'
import { sgemmImport } from './matmul/sgemm.js'
import type { WasmOptions } from './options.js'
import { isSmall } from './parallel/partition.js'
import { shareKernel } from './parallel/shares.js'
import { Scratch } from './scratch.js'
import { hostCores } from './threads/cores.js'
import { hasThreads } from './threads/host.js'
import { Linker, type ModuleCode } from './threads/linker.js'
import { noThreads, ThreadPool } from './threads/pool.js'

/**
 * The device wasm, from below upwards: options.ts (what users may choose), allocator.ts (the
 * device's memory) and scratch.ts (the part of it that kernels scribble on); assembly/ writes WebAssembly; kernels/ and
 * matmul/ emit the functions of kernels for one thread; parallel/ cuts a kernel into parts and makes one module of them;
 * threads/ runs modules on worker threads or on the caller. This file joins these: it compiles each kernel, decides who
 * runs it, and moves data to the device and back.
 */

type WasmBuffer = DeviceBuffer & { readonly pointer: number }
type WasmProgram = Program & Code
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
 * the same on all machines), `auto`, or its path (matmul/blas.ts); with one, results differ in their last bits.
 *
 * `host`: what the modules may use; by default all that the host has, with vectors of `vectors` bits.
 * @throws Error where the host has no WebAssembly SIMD, no vectors of that width, no threads though several are asked for,
 * or when that library cannot be used.
 */
export function wasmDevice(options: WasmOptions = {}, host: Target = hostTarget(options.vectors)): Device {
  const { threads = hasThreads() ? hostCores() : 1, blas = 'off' } = options
  const library = Blas.choose(blas)
  if (threads > 1 && !hasThreads()) throw new Error(noThreads)
  library.checkThreads(threads)
  return guarded(new WasmDevice(host, threads, library))
}

class WasmDevice implements Device {
  readonly name = 'wasm'
  readonly #target: Target
  #allocator: Allocator | undefined = new Allocator(maxPages, hasThreads())
  /** Where constants are in memory, on hosts that load them from there. */
  readonly #addressOf: WordAddress | undefined
  readonly #linker: Linker
  /** The worker threads; they start with the first kernel for them. */
  #pool: ThreadPool | undefined
  readonly #callerScratch: Scratch
  readonly #poolScratch: Scratch
  /** Where loops keep the operands that they pack. */
  readonly #packed: Scratch

  constructor(
    host: Target,
    readonly threads: number,
    readonly library: Blas,
  ) {
    this.#target = { ...host, ...(library.path !== undefined && { sgemm: library }) }
    const allocator = this.#heap
    this.#addressOf = host.loadsConstants ? constantsIn(allocator) : undefined
    this.#linker = new Linker(allocator.memory)
    this.#callerScratch = new Scratch(allocator)
    this.#poolScratch = new Scratch(allocator, threads)
    this.#packed = new Scratch(allocator)
  }

  get description(): string {
    const { vectors, relaxed } = this.#target
    const count = this.threads === 1 ? '1 thread' : `${this.threads} threads`
    const madd = relaxed ? 'fused multiply-add (relaxed SIMD)' : 'no fused multiply-add'
    return `WebAssembly SIMD, ${vectors}, ${count}, ${madd}, ${this.library.description}`
  }

  alloc(bytes: number): WasmBuffer {
    return { bytes, pointer: this.#heap.alloc(bytes) }
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

  compile(kernel: Kernel): WasmProgram | null {
    const isDeclined = dtypesOf(kernel).has('float64') || argumentsWithin(kernel) > mostArguments
    return isDeclined ? null : { kernel, ...this.#codeOf(kernel) }
  }

  release(program: Program): void {
    ;(program as WasmProgram).forget?.()
  }

  run(program: Program, args: readonly DeviceBuffer[]): void {
    const { run } = program as WasmProgram
    run(args.map(pointerOf))
  }

  stats(): { buffers: number; bytes: number } {
    const { taken, takenBytes } = this.#heap
    return { buffers: taken, bytes: takenBytes }
  }

  async close(): Promise<void> {
    this.#allocator = undefined
    await this.#pool?.close()
  }

  /** The device's memory. @throws Error once the device is closed. */
  get #heap(): Allocator {
    if (!this.#allocator) throw new Error('wasm device: used after it was closed; open another')
    return this.#allocator
  }

  #bytesAt(buffer: DeviceBuffer, bytes: number): Uint8Array {
    // A new view every time: memory that has grown is another ArrayBuffer.
    return new Uint8Array(this.#heap.memory.buffer, pointerOf(buffer), bytes)
  }

  /** Whether nothing is under way, so that the caller may touch memory. @throws Error when a worker has failed. */
  get #isIdle(): boolean {
    return this.#pool?.isIdle ?? true
  }

  /** Who runs a kernel: the workers, or if it is small the caller when it can. */
  #codeOf(kernel: Kernel): Code {
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
    this.#pool ??= new ThreadPool(this.threads, this.#heap.memory)
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
    return { bytes: module.encode(maxPages, hasThreads()), blas, scratchBytes: module.scratchBytes }
  }
}
