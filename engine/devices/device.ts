import type { DType } from '../kernel/dtype.js'
import type { Kernel } from '../kernel/kernel.js'
import type { DeviceOptions } from './options.js'

/**
 * A device that cannot be opened here: a package is not installed, a library not found, an adapter missing. Factories
 * throw it; the message says in one line what is missing and how to get it.
 */
export class DeviceUnavailableError extends Error {
  override readonly name = 'DeviceUnavailableError'
}

/** Memory of a device. Only the device that made it looks inside. */
export interface DeviceBuffer {
  /** As asked of `alloc`. */
  readonly bytes: number
}

/**
 * A kernel that a device has compiled. Only the device that made it looks inside. Programs are kept and used again until
 * the device is closed, or, where there are very many, until it is told to `release` those that are not used.
 */
export interface Program {
  readonly kernel: Kernel
}

/** A program with its arguments: the unit of work that is enqueued. */
export type Launch = { readonly program: Program; readonly args: readonly DeviceBuffer[] }

/** Sums with the device of one other process. */
export type DevicePair = {
  /** Enqueue: add the other's buffer to this one, in both; both do so in the same order, with as many bytes. */
  add(buffer: DeviceBuffer, dtype: DType): void
  /** Part from the other, once all sums are done. */
  close(): void
}

/** How devices of two processes come together. */
export type Pairing = {
  /** What the first of a pair hands to the second. @throws Error when the device's library fails. */
  invitation(): Uint8Array
  /** Join the other; both do so at the same time, and wait. `rank`: 0 for who invites. @throws Error when they cannot. */
  join(invitation: Uint8Array, rank: 0 | 1): DevicePair
}

/**
 * The device trait. A device sees bytes and kernels (kernel.ts), never tensors, never gradients.
 *
 * **What it must take**: `map`s of a single operation into a contiguous output, `reduce` of one input as it is, `matmul`
 * without `accumulate`, `gather`, `scatterAdd`, `copy` and `randomBits`, of float32 and int32. Maps of several
 * operations, reductions with a body, accumulating matmuls, strided outputs of maps, whole loops and float64 are
 * optional speed: the engine splits what `compile` declines and asks again.
 *
 * **Order**: `write`, `run` and `read` take effect in the order in which they are called, as if each were done at once.
 * A device may put work off; nobody can tell, except by the time that `read` takes.
 *
 * **Ownership**: the engine owns every buffer from `alloc` to `free` and gives each back once. The device does not keep
 * the arrays that it is handed (`data`, `args`): they may be changed as soon as the call returns.
 *
 * **Errors**: misuse throws an Error at the call and changes nothing: a buffer used or freed after `free`, data that does
 * not fit, too few, too many or too small arguments, anything after `close`. What goes wrong later, in work that was put
 * off (a lost GPU, say), rejects the next `read`, with a message that says what to do. `guarded` (guarded.ts) puts the
 * checks of misuse around a device that has none.
 *
 * `deviceConformance` of `xenograd/testing` tests all of this.
 */
export interface Device {
  /** What it is: a word. Users choose a device by the name that it is registered with. */
  readonly name: string
  /** One line on what it really runs on, for banners. */
  readonly description: string
  /** Largest relative rounding of a matmul's operands and sums; 1e-6 (float32) if not given. */
  readonly matmulEps?: number
  /** Largest relative error of one scalar operation of a map or a sum; 1e-6 (float32) if not given. */
  readonly mapEps?: number
  /**
   * Options whose choice was left to it, as it has chosen: opened with these it is the same again, wherever it can be. A run
   * that goes on is given them.
   */
  readonly chosen?: DeviceOptions
  /**
   * Whether floats saturate: infinity becomes the largest number, and NaN 0. So results do not show that a computation has
   * gone wrong; `overflowed` may. Without, floats are those of IEEE 754.
   */
  readonly saturates?: boolean
  /**
   * New memory of `bytes` bytes (a multiple of 4, or 0), contents undefined, aligned for any dtype: to 8 bytes or more.
   * @throws Error when there is no more.
   */
  alloc(bytes: number): DeviceBuffer
  /** Give memory back. Work already enqueued may still use it; the caller enqueues nothing more on it. */
  free(buffer: DeviceBuffer): void
  /** Copy `data` (a multiple of 4 bytes, which may be fewer than the buffer has, or none) to the start of `buffer`. */
  write(buffer: DeviceBuffer, data: ArrayBufferView): void
  /**
   * A copy of all the buffer's bytes, as they are once all work enqueued before this call is done: the only call that
   * waits. Others may follow before it is settled, further reads and even `free` of the buffer among them.
   */
  read(buffer: DeviceBuffer): Promise<ArrayBuffer>
  /**
   * The buffer's own bytes, where the device's memory is the host's, for sums over processes without copies. Whoever
   * touches them waits for a `read` before, and enqueues nothing that concerns them until it is done. Optional.
   */
  mapped?(buffer: DeviceBuffer): Uint8Array
  /**
   * Sums over processes without the host, where the device's libraries have them: undefined where they are not installed.
   * Optional.
   */
  pairing?(): Pairing | undefined
  /**
   * Compile a kernel, or return `null`: "not this one", for a kind, a form or a dtype that it does not take; the same
   * answer every time. Then the engine asks for simpler kernels that come to the same, and where there are none it tells
   * the user that the device cannot run it.
   * @throws Error only when something is broken: a view that leaves its buffer's start, a compiler that fails.
   */
  compile(kernel: Kernel): Program | null
  /**
   * Enqueue a program of this device. `args`: the kernel's inputs, then its outputs (of a loop: its buffers), each at
   * least as large as the kernel needs; what the kernel does not write stays as it is. The same buffer may be given for
   * several inputs, and for an input and an output where the kernel allows that (map: kernel.ts).
   */
  run(program: Program, args: readonly DeviceBuffer[]): void
  /**
   * Enqueue launches in order, as `run` of each would. Who repeats them hands over the same array, with other arguments
   * where those have changed, so that the device may keep what it makes of the whole, until it is told to `forget` it.
   * Optional, for devices on which the host's calls are what takes time.
   */
  runAll?(launches: readonly Launch[]): void
  /** An array that `runAll` was given is not run any more; what was enqueued with it is still done. */
  forget?(launches: readonly Launch[]): void
  /**
   * A program is not run any more; what was enqueued with it is still done. Optional, for devices on which programs take
   * memory that is not collected as garbage.
   */
  release?(program: Program): void
  /**
   * Whether an operation has overflowed, or met an infinity or NaN, since this was last asked, in work enqueued before this
   * call; waits for that. Optional, for devices whose floats saturate. Yes may be a false alarm (unused lanes of a vector
   * unit compute with whatever they hold), no is none.
   */
  overflowed?(): Promise<boolean>
  /** What it holds for its caller, and any memory of its own that grows with use: leaks show in it. Optional. */
  stats?(): { readonly buffers: number; readonly bytes: number }
  /**
   * Finish all work and release everything: memory, programs, threads, so that a process can end. Buffers and programs
   * are of no use afterwards. The factory may then be called again, for another device.
   */
  close(): Promise<void>
}

/** One finding of a device's self-check. */
export type CheckLine = {
  readonly verdict: 'PASS' | 'FAIL' | 'SKIP'
  /** What was looked at. */
  readonly what: string
  /** What was found, and what to do if it is not right. */
  readonly found: string
}
