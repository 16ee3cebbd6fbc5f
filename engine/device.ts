import type { Kernel } from './kernel.js'

/**
 * A device that cannot be opened here: a package is not installed, a library not found, an adapter missing. Factories
 * throw it; the message says in one line what is missing and how to get it.
 */
export class DeviceUnavailableError extends Error {
  override readonly name = 'DeviceUnavailableError'
}

/** Memory of a device. Only the device that made it looks inside. */
export interface DeviceBuffer {
  readonly bytes: number
}

/** A kernel that a device has compiled. Only the device that made it looks inside. */
export interface Program {
  readonly kernel: Kernel
}

/**
 * The device trait. A device sees bytes and kernels, never tensors, never gradients.
 *
 * It must take `map`s of a single operation into a contiguous output, `reduce` of one input, `matmul` without `accumulate`, `gather`, `scatterAdd`,
 * `copy` and `randomBits`; fused maps, reductions with a body, accumulating matmuls and whole loops are optional
 * speed: the engine splits what `compile` declines and asks again.
 */
export interface Device {
  /** The name by which users choose it. */
  readonly name: string
  /** One line on what it really runs on, for banners. */
  readonly description: string
  /** Largest relative rounding of a matmul's operands and sums; 1e-6 (float32) if not given. */
  readonly matmulEps?: number
  /** Largest relative error of an elementwise function; 1e-6 if not given. */
  readonly mapEps?: number
  /** New memory, contents undefined, aligned for any dtype. Throws when there is no more. */
  alloc(bytes: number): DeviceBuffer
  /** Give memory back. Work already enqueued may still use it; the caller enqueues nothing more on it. */
  free(buffer: DeviceBuffer): void
  /** Copy `data` to the start of `buffer`, in order with `run`. `data` may be changed once this returns. */
  write(buffer: DeviceBuffer, data: ArrayBufferView): void
  /** A copy of the buffer's bytes once all work enqueued before is done: the only call that waits. */
  read(buffer: DeviceBuffer): Promise<ArrayBuffer>
  /** Compile a kernel, or `null`: "not this one". Throws only when something is broken. */
  compile(kernel: Kernel): Program | null
  /** Enqueue, in order. `args`: the kernel's inputs, then its outputs. */
  run(program: Program, args: readonly DeviceBuffer[]): void
  /** Finish all work and release everything. */
  close(): Promise<void>
}

/** One finding of a device's self-check, a line of `xenograd check --device NAME`. */
export type CheckLine = {
  readonly verdict: 'PASS' | 'FAIL' | 'SKIP'
  /** What was looked at. */
  readonly what: string
  /** What was found, and what to do if it is not right. */
  readonly found: string
}
