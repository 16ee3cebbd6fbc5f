import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Kernel, kernelKey, printKernel } from '../../kernel.js'
import { Allocator, maxPages } from './allocator.js'
import { Blas, blasImports } from './blas.js'
import { argumentBytes } from './bounds.js'
import { emitKernel } from './emit.js'
import { type Part, partition } from './partition.js'
import { sgemmRows, usesSgemm } from './sgemm.js'
import { hostTarget, type Target } from './target.js'
import { type Assignment, availableThreads, mostArguments, Team } from './team.js'
import { forEachTurn, runsByTurns } from './turns.js'

type WasmBuffer = DeviceBuffer & { pointer: number }
type WasmProgram = Program & {
  /** The least bytes of each argument. */
  readonly bytes: readonly number[]
  readonly run: (pointers: number[]) => void
}

/** How many threads compute unless `threads` says otherwise: XENOGRAD_THREADS, or those that the host has, at most 8. */
function defaultThreads(): number {
  const { process } = globalThis as { process?: NodeJS.Process }
  const asked = process?.env.XENOGRAD_THREADS
  if (asked === undefined || asked === '') return Math.min(8, availableThreads())
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

function pointerOf(buffer: DeviceBuffer): number {
  const { pointer } = buffer as WasmBuffer
  if (pointer === 0) throw new Error('wasm device: use of a buffer after it was freed')
  return pointer
}

/** @throws RangeError when the arguments are not what the program was compiled for. */
function checkArguments({ kernel, bytes }: WasmProgram, args: readonly DeviceBuffer[]): void {
  if (args.length !== bytes.length)
    throw new RangeError(
      `wasm device: ${args.length} arguments for a kernel of ${bytes.length}:\n${printKernel(kernel)}`,
    )
  for (let i = 0; i < args.length; i++)
    if (args[i].bytes < bytes[i])
      throw new RangeError(
        `wasm device: argument ${i} has ${args[i].bytes} bytes, the kernel takes ${bytes[i]}:\n${printKernel(kernel)}`,
      )
}

/**
 * The default device: every kernel becomes a WebAssembly module, emitted here, with shapes, strides and constants in
 * its code. Takes float32 and int32. Work is done when `run` returns.
 *
 * Kernels with enough work are cut into parts (partition.ts) that `threads` threads compute at the same time, to the
 * same bits as one thread does. `host`: what the modules may use; by default all that the host has. `blas`: which
 * library computes large products: `off`, `auto`, or its path (blas.ts); results differ in their last bits.
 * @throws Error where there is no WebAssembly SIMD, no threads though several are asked for, or not that library.
 */
export function wasmDevice(
  host: Target = hostTarget(),
  threads = defaultThreads(),
  blas = defaultBlas(),
): Device {
  const library = Blas.choose(blas)
  const target: Target = { ...host, sgemm: library.path !== undefined }
  let open: Allocator | undefined = new Allocator(maxPages, threads > 1)
  let team: Team | undefined
  const programs = new Map<string, WasmProgram>()
  // Every thread has scratch memory of its own; the first is the caller's.
  const scratch = Array.from({ length: threads }, () => ({ pointer: 0, bytes: 0 }))
  const ownScratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
  let teamPrograms = 0

  function allocator(): Allocator {
    if (!open) throw new Error('wasm device: used after it was closed; open another')
    return open
  }

  function bytesAt(buffer: DeviceBuffer, bytes: number): Uint8Array {
    // A new view every time: memory that has grown is another ArrayBuffer.
    return new Uint8Array(allocator().memory.buffer, pointerOf(buffer), bytes)
  }

  /** Scratch memory of a thread, at least so much. */
  function scratchOf(thread: number, bytes: number): number {
    const own = scratch[thread]
    if (bytes > own.bytes) {
      const pointer = allocator().alloc(bytes)
      if (own.bytes) allocator().free(own.pointer)
      Object.assign(own, { pointer, bytes })
    }
    return own.pointer | 0
  }

  /** The module of a kernel, and the scratch memory of the thread that is to run it. */
  function compileModule(
    kernel: Kernel,
    thread: number,
  ): { module: WebAssembly.Module; scratch: number; blas: string | undefined } {
    const builder = emitKernel(target, kernel)
    const pointer = scratchOf(thread, builder.scratchBytes)
    const module = new WebAssembly.Module(builder.encode(maxPages, threads > 1))
    return { module, scratch: pointer, blas: builder.imports.length ? library.load() : undefined }
  }

  /** A kernel as a function for the calling thread. */
  function instantiate(kernel: Kernel): (...pointers: number[]) => void {
    const { module, scratch: pointer, blas } = compileModule(kernel, 0)
    ownScratch.value = pointer
    const { memory } = allocator()
    const env = { memory, scratch: ownScratch, ...blasImports(blas, memory) }
    return new WebAssembly.Instance(module, { env }).exports.run as (...pointers: number[]) => void
  }

  /** The program of a kernel, made once. */
  function programOf(kernel: Kernel, key = kernelKey(kernel)): WasmProgram {
    const program = programs.get(key) ?? makeProgram(kernel)
    programs.set(key, program)
    return program
  }

  /** The parts of a kernel for all threads; undefined if one thread runs it. */
  function partsOf(kernel: Kernel): readonly Part[] | undefined {
    const unit = usesSgemm(target, kernel) ? sgemmRows : 1
    const count = argumentBytes(kernel).length
    return count <= mostArguments ? partition(kernel, threads, undefined, unit) : undefined
  }

  function makeProgram(kernel: Kernel): WasmProgram {
    const bytes = argumentBytes(kernel)
    if (runsByTurns(kernel, inner => partsOf(inner) !== undefined)) {
      const body = kernel.body.map(launch => programOf(launch.kernel))
      return { kernel, bytes, run: pointers => forEachTurn(kernel, pointers, (i, own) => body[i].run(own)) }
    }
    const parts = partsOf(kernel)
    if (!parts) {
      const whole = instantiate(kernel)
      return { kernel, bytes, run: pointers => whole(...pointers) }
    }
    const [first, ...others] = parts
    const own = instantiate(first.kernel)
    const id = teamPrograms++
    const assignments = others.map(
      (part, i): Assignment => ({ id, offsets: part.offsets, ...compileModule(part.kernel, i + 1) }),
    )
    team ??= new Team(threads - 1, allocator().memory)
    const workers = team
    workers.load(assignments)
    return {
      kernel,
      bytes,
      run: pointers => workers.run(id, pointers, () => own(...pointers.map((p, i) => p + first.offsets[i]))),
    }
  }

  return {
    name: 'wasm',
    get description() {
      const count = threads === 1 ? '1 thread' : `${threads} threads`
      const madd = target.relaxed ? 'fused multiply-add (relaxed SIMD)' : 'no fused multiply-add'
      return `WebAssembly SIMD, ${count}, ${madd}, ${library.description}`
    },
    alloc(bytes) {
      return { bytes, pointer: allocator().alloc(bytes) } as WasmBuffer
    },
    free(buffer) {
      allocator().free(pointerOf(buffer))
      ;(buffer as WasmBuffer).pointer = 0
    },
    write(buffer, data) {
      if (data.byteLength > buffer.bytes)
        throw new RangeError(
          `wasm device: write of ${data.byteLength} bytes into a buffer of ${buffer.bytes}`,
        )
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      bytesAt(buffer, data.byteLength).set(bytes)
    },
    async read(buffer) {
      // Memory that threads share is copied into memory of its own.
      return new Uint8Array(bytesAt(buffer, buffer.bytes)).buffer
    },
    compile(kernel) {
      const key = kernelKey(kernel)
      // The only place where a dtype can be is in a `dtype` field, at any depth.
      if (key.includes('"dtype":"float64"')) return null
      return programOf(kernel, key)
    },
    run(program, args) {
      checkArguments(program as WasmProgram, args)
      ;(program as WasmProgram).run(args.map(pointerOf))
    },
    async close() {
      programs.clear()
      open = undefined
      await team?.close()
    },
  }
}
