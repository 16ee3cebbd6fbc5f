import { argumentBytes } from '../../bounds.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import { guarded } from '../../guarded.js'
import { type Kernel, kernelKey, type MatmulKernel } from '../../kernel.js'
import { Allocator, alignment, maxPages } from './allocator.js'
import type { ModuleBuilder } from './assembler.js'
import { Blas } from './blas.js'
import { cutColumns, hasSharedColumns, sharesColumns } from './columns.js'
import { constantsIn } from './constants.js'
import { hostCores } from './cores.js'
import { emitKernel, emitPacking } from './emit.js'
import { hasThreads } from './host.js'
import { type Code, Linker } from './linker.js'
import { cutPacking, packedBytes } from './packing.js'
import { isSmall, type Part, partition } from './partition.js'
import { otherSides, packsWithin, type RightSide, rightSides, sidesOfLaunch } from './rightSides.js'
import { sgemmRows, usesSgemm } from './sgemm.js'
import { hostTarget, type Target } from './target.js'
import { noThreads, Team } from './team.js'
import { forEachTurn, runsByTurns } from './turns.js'

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

type EmittedPart = { readonly code: EmittedCode; readonly offsets: readonly number[] }

/** What enqueues work, or does it, on these addresses. */
type Run = (pointers: readonly number[]) => void

/** `make`, called once for each key. */
function memoised<A, B>(keyOf: (argument: A) => string, make: (argument: A) => B): (argument: A) => B {
  const made = new Map<string, B>()
  return argument => {
    const key = keyOf(argument)
    const value = made.get(key) ?? make(argument)
    made.set(key, value)
    return value
  }
}

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

  /** A module's code, and the scratch memory that it needs. */
  function encode(builder: ModuleBuilder): EmittedCode {
    return {
      bytes: builder.encode(maxPages, hasThreads()),
      scratchBytes: builder.scratchBytes,
      blas: builder.imports.length ? library.load() : undefined,
    }
  }

  /** Code for the workers, a part each. */
  function onTeam(parts: readonly EmittedPart[]): Run {
    team ??= new Team(threads, allocator().memory)
    const workers = team
    for (const { code } of parts) needScratch(teamScratch, code.scratchBytes, threads)
    const id = workers.load(parts.map(({ code, offsets }) => ({ ...code, offsets })))
    return pointers => workers.run(id, pointers, teamScratch)
  }

  /** Code in one part for the caller's thread. */
  function onCaller([{ code }]: readonly EmittedPart[]): Run {
    needScratch(callerScratch, code.scratchBytes, 1)
    const run = linker.link(code)
    return pointers => {
      linker.scratch = callerScratch.pointer
      run(...pointers)
    }
  }

  /** Something that is run in parts for so many threads: by the workers, or if it is small by the caller when it can. */
  function runOfParts(isSmall: boolean, partsFor: (threads: number) => readonly EmittedPart[]): Run {
    if (!hasThreads()) return onCaller(partsFor(1))
    if (!isSmall) return onTeam(partsFor(threads))
    const own = onCaller(partsFor(1))
    let queued: Run | undefined
    return pointers => {
      if (isIdle()) return own(pointers)
      queued ??= onTeam(partsFor(threads))
      queued(pointers)
    }
  }

  /** The parts of a kernel, with its packed right sides, for all threads; undefined if one thread runs it. */
  function partsOf(kernel: Kernel, sides: readonly RightSide[]): readonly Part[] | undefined {
    const packing = sides[0]?.packing
    if (sharesColumns(target, kernel, packing)) return cutColumns(kernel, threads, packing)
    if (hasSharedColumns(target, kernel, sides)) return undefined
    const unit = usesSgemm(target, kernel) ? sgemmRows : 1
    return partition(kernel, threads, undefined, unit)?.map(({ kernel, offsets }) => ({
      kernel,
      offsets: [...offsets, ...sides.map(() => 0)],
    }))
  }

  /**
   * Runs a kernel whose `sides` are packed: their addresses follow those of its arguments. `end`: bytes of `packed`
   * that are taken.
   */
  function runOf(kernel: Kernel, sides: readonly RightSide[], end: number): Run {
    if (
      packsWithin(target, kernel, sides) ||
      runsByTurns(kernel, (inner, own) => partsOf(inner, own) !== undefined, sides)
    ) {
      const launches = kernel.body.map(({ kernel: inner }, launch) => {
        const own = sidesOfLaunch(sides, launch)
        const places = own.map(({ place }) => kernel.bytes.length + place)
        const isKnown = own.length === 0 && inner.kind !== 'loop'
        return { places, run: isKnown ? programOf(inner).run : packAndRun(inner, own, end) }
      })
      return pointers =>
        forEachTurn(kernel, pointers, (launch, own) => {
          const { places, run } = launches[launch]
          run([...own, ...places.map(place => pointers[place])])
        })
    }
    const emit = memoised(kernelKey, (part: Kernel) => encode(emitKernel(target, part, sides, addressOf)))
    return runOfParts(isSmall(kernel), threads => {
      const whole = { kernel, offsets: [...argumentBytes(kernel), ...sides].map(() => 0) }
      const parts = (threads > 1 && partsOf(kernel, sides)) || [whole]
      return parts.map(({ kernel, offsets }) => ({ code: emit(kernel), offsets }))
    })
  }

  /** Packs a right side, of one address to another. */
  function packingOf({ packing, kernel }: RightSide, isSmall: boolean): Run {
    const emit = memoised(kernelKey, (part: MatmulKernel) => encode(emitPacking(target, packing, part)))
    return runOfParts(isSmall, threads =>
      cutPacking(packing, kernel, threads).map(({ kernel, offsets }) => ({ code: emit(kernel), offsets })),
    )
  }

  /** The program of a kernel, made once. */
  function programOf(kernel: Kernel, key = kernelKey(kernel)): WasmProgram {
    const program = programs.get(key) ?? { kernel, run: packAndRun(kernel) }
    programs.set(key, program)
    return program
  }

  /**
   * Packs the right sides of a kernel that are not `given` packed (their addresses follow those of its arguments) and
   * runs it. `begin`: bytes of `packed` that are taken.
   */
  function packAndRun(kernel: Kernel, given: readonly RightSide[] = [], begin = 0): Run {
    const inAll = otherSides(rightSides(target, kernel), given)
    // Parts differ by a row at most: what is best for one is for all.
    const part = partsOf(kernel, [...given, ...inAll])?.[0].kernel ?? kernel
    const own = otherSides(rightSides(target, part), given)
    let end = begin
    const packings = own.map(side => {
      const place = end
      end += Math.ceil(packedBytes(side.packing, side.kernel) / alignment) * alignment
      return { place, run: packingOf(side, isSmall(kernel)), from: side }
    })
    needScratch(packed, end, 1)
    const run = runOf(kernel, [...given, ...own], end)
    if (!packings.length) return run
    return pointers => {
      for (const { place, run, from } of packings)
        run([pointers[from.buffer] + from.offset, packed.pointer + place])
      run([...pointers, ...packings.map(({ place }) => packed.pointer + place)])
    }
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
      // The only place where a dtype can be is in a `dtype` field, at any depth.
      if (key.includes('"dtype":"float64"')) return null
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
