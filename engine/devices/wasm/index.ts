import { type Kernel, kernelKey } from '../../kernel/kernel.js'
import { dtypesOf } from '../../kernel/operands.js'
import type { Device, DeviceBuffer, Program } from '../device.js'
import { guarded } from '../guarded.js'
import { Allocator, alignment, maxPages } from './allocator.js'
import { constantsIn } from './assembly/constants.js'
import { hostTarget, type Target } from './assembly/target.js'
import { Blas } from './matmul/blas.js'
import { sgemmImport } from './matmul/sgemm.js'
import { isSmall } from './parallel/partition.js'
import { shareKernel } from './parallel/shares.js'
import { hostCores } from './threads/cores.js'
import { hasThreads } from './threads/host.js'
import { type Code, Linker } from './threads/linker.js'
import { noThreads, Team } from './threads/pool.js'

type WasmBuffer = DeviceBuffer & { pointer: number }
type WasmProgram = Program & { readonly run: Run }

/** How many threads compute unless `threads` says otherwise: XENOGRAD_THREADS, or one for each core. */
function defaultThreads(): number {
  const { process } = globalThis as { process?: NodeJS.Process }
  const asked = process?.env.XENOGRAD_THREADS
  if (asked === undefined || asked === '') return hasThreads() ? hostCores() : 1
  const threads = Number(asked)
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`XENOGRAD_THREADS=${asked}: give a whole number, 1 or more`)
  return threads
}

/** BLAS unless `blas` says otherwise: XENOGRAD_BLAS, or none, so that results are the same on all machines. */
function defaultBlas(): string {
  const { process } = globalThis as { process?: NodeJS.Process }
  return process?.env.XENOGRAD_BLAS || 'off'
}

type EmittedCode = Code & { readonly scratchBytes: number }

/** What enqueues work, or does it, on these addresses. */
type Run = (pointers: readonly number[]) => void

const pointerOf = (buffer: DeviceBuffer): number => (buffer as WasmBuffer).pointer

/**
 * The default device: every kernel becomes a WebAssembly module, emitted here, with shapes, strides and constants in
 * its code. Takes float32 and int32.
 *
 * `threads` worker threads compute while the caller's is free. Kernels with enough work are cut into parts
 * (partition.ts) that they compute at the same time, to the same bits as one thread does. Small kernels the caller
 * computes itself when nothing is under way; where the host has no threads that share memory, it computes everything.
 * `host`: what the modules may use; by default all that the host has. `blas`: which
 * library computes large products: `off`, `auto`, or its path (blas.ts); results differ in their last bits.
 * @throws Error where there is no WebAssembly SIMD, no threads though several are asked for, or not that library.
 */
export function wasmDevice(
  host: Target = hostTarget(),
  threads = defaultThreads(),
  blas = defaultBlas(),
): Device {
  const library = Blas.choose(blas)
  const target: Target = { ...host, ...(library.path !== undefined && { sgemm: library }) }
  if (threads > 1 && !hasThreads()) throw new Error(noThreads)
  let open: Allocator | undefined = new Allocator(maxPages, hasThreads())
  const addressOf = host.loadsConstants ? constantsIn(allocator) : undefined
  const linker = new Linker(open.memory)
  let team: Team | undefined
  const programs = new Map<string, WasmProgram>()
  /** Scratch memory: the caller's, and the workers', one after the other. */
  const callerScratch = { pointer: 0, bytes: 0 }
  const teamScratch = { pointer: 0, bytes: 0 }
  /** Right sides that loops have packed. */
  const packed = { pointer: 0, bytes: 0 }

  function allocator(): Allocator {
    if (!open) throw new Error('wasm device: used after it was closed; open another')
    return open
  }

  function bytesAt(buffer: DeviceBuffer, bytes: number): Uint8Array {
    // A new view every time: memory that has grown is another ArrayBuffer.
    return new Uint8Array(allocator().memory.buffer, pointerOf(buffer), bytes)
  }

  /** Make scratch memory larger if need be. Whatever is under way knows the memory that it began with. */
  function needScratch(scratch: { pointer: number; bytes: number }, bytes: number, threads: number): void {
    if (bytes <= scratch.bytes) return
    if (scratch.bytes) allocator().free(scratch.pointer)
    scratch.bytes = 0
    const size = Math.ceil(bytes / alignment) * alignment
    const pointer = allocator().alloc(size * threads)
    Object.assign(scratch, { pointer, bytes: size })
  }

  /** Code for so many threads, and the memory that it needs. */
  function emit(kernel: Kernel, threads: number): EmittedCode {
    const { module, packedBytes } = shareKernel(target, kernel, threads, addressOf)
    needScratch(packed, packedBytes, 1)
    const blas = module.imports.includes(sgemmImport) ? library.load() : undefined
    return { bytes: module.encode(maxPages, hasThreads()), blas, scratchBytes: module.scratchBytes }
  }

  function onTeam(code: EmittedCode): Run {
    team ??= new Team(threads, allocator().memory)
    const workers = team
    needScratch(teamScratch, code.scratchBytes, threads)
    const id = workers.load(code)
    return pointers => workers.run(id, [...pointers, packed.pointer], teamScratch)
  }

  function onCaller(code: EmittedCode): Run {
    needScratch(callerScratch, code.scratchBytes, 1)
    const run = linker.link(code)
    return pointers => {
      linker.scratch = callerScratch.pointer
      run(...pointers, packed.pointer, 0)
    }
  }

  /** What runs a kernel: the workers, or if it is small the caller when it can. */
  function runOf(kernel: Kernel): Run {
    if (!hasThreads()) return onCaller(emit(kernel, 1))
    if (!isSmall(kernel)) return onTeam(emit(kernel, threads))
    const own = onCaller(emit(kernel, 1))
    let queued: Run | undefined
    return pointers => {
      if (isIdle()) return own(pointers)
      queued ??= onTeam(emit(kernel, threads))
      queued(pointers)
    }
  }

  /** The program of a kernel, made once. */
  function programOf(kernel: Kernel, key: string): WasmProgram {
    const program = programs.get(key) ?? { kernel, run: runOf(kernel) }
    programs.set(key, program)
    return program
  }

  /** Whether nothing is under way, so that the caller may touch memory. @throws Error when a worker has failed. */
  const isIdle = (): boolean => team?.isIdle ?? true

  return guarded({
    name: 'wasm',
    get description() {
      const count = threads === 1 ? '1 thread' : `${threads} threads`
      const madd = target.relaxed ? 'fused multiply-add (relaxed SIMD)' : 'no fused multiply-add'
      return `WebAssembly SIMD, ${target.vectors}, ${count}, ${madd}, ${library.description}`
    },
    alloc(bytes) {
      return { bytes, pointer: allocator().alloc(bytes) } as WasmBuffer
    },
    free(buffer) {
      allocator().free(pointerOf(buffer))
    },
    write(buffer, data) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      if (isIdle()) bytesAt(buffer, data.byteLength).set(bytes)
      else team?.write(pointerOf(buffer), bytes)
    },
    async read(buffer) {
      if (team && !isIdle()) return team.read(pointerOf(buffer), buffer.bytes)
      // Memory that threads share is copied into memory of its own.
      return new Uint8Array(bytesAt(buffer, buffer.bytes)).buffer
    },
    compile(kernel) {
      const key = kernelKey(kernel)
      if (dtypesOf(kernel).has('float64')) return null
      return programOf(kernel, key)
    },
    run(program, args) {
      const { run } = program as WasmProgram
      run(args.map(pointerOf))
    },
    stats() {
      const { taken, takenBytes } = allocator()
      return { buffers: taken, bytes: takenBytes }
    },
    async close() {
      programs.clear()
      open = undefined
      await team?.close()
    },
  })
}
