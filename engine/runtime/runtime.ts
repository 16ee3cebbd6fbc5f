import type { Device, DeviceBuffer, Launch, Program } from '../devices/device.js'
import type { DeviceOptions } from '../devices/options.js'
import type { Memory } from '../graph/storage.js'
import { type Kernel, printKernel } from '../kernel/kernel.js'
import { argumentCount, dtypesOf } from '../kernel/operands.js'
import { split } from '../kernel/split.js'
import { ProgramCache } from './programs.js'
import { ScratchPool } from './scratch.js'

/**
 * Running plans. A `Runtime` is a device in use; `devices` opens them by name, `programs` keeps what it has compiled,
 * `scratch` is the memory that plans share, `execute` puts a plan and its buffers together and computes tensors, `value`
 * has the methods that read and write them, and `print` shows values to people.
 */

/** A launch before its buffers are known: an argument is a position among the kernel's own, or a scratch buffer. */
type Prepared = { readonly program: Program; readonly args: readonly (number | DeviceBuffer)[] }

/**
 * A device in use: counts its buffers, keeps its compiled programs, and splits kernels that it declines.
 * Every device is wrapped by exactly one runtime.
 */
export class Runtime implements Memory {
  #buffers = 0
  #bytes = 0
  #closed = false
  readonly #programs: ProgramCache
  /** Memory that all plans of the device share. */
  readonly scratch = new ScratchPool(this)

  /** `name`: the one under which the device is registered, for messages. */
  constructor(
    readonly device: Device,
    readonly name = device.name,
  ) {
    this.#programs = new ProgramCache(device)
  }

  /** One line on what it really runs on, for banners. */
  get description(): string {
    return this.device.description
  }

  /** Largest relative rounding of a matmul's operands and sums. */
  get matmulEps(): number {
    return this.device.matmulEps ?? 1e-6
  }

  /** Largest relative error of one scalar operation of a map or a sum. */
  get mapEps(): number {
    return this.device.mapEps ?? 1e-6
  }

  /** Options whose choice was left to the device, as it has chosen. */
  get chosen(): DeviceOptions {
    return this.device.chosen ?? {}
  }

  /** Whether floats saturate, as `Device` has it: infinity is the largest number and NaN is 0. */
  get saturates(): boolean {
    return this.device.saturates ?? false
  }

  /**
   * Whether an operation has overflowed since this was last asked, false alarms included; undefined where nobody says, as
   * on devices with floats of IEEE 754, whose values show it themselves.
   */
  async overflowed(): Promise<boolean | undefined> {
    return this.device.overflowed?.()
  }

  /** Live buffers and their bytes: what leaks are judged by. */
  stats(): { buffers: number; bytes: number } {
    return { buffers: this.#buffers, bytes: this.#bytes }
  }

  /** New memory, which is counted. @throws Error when there is no more. */
  alloc(bytes: number): DeviceBuffer {
    const buffer = this.device.alloc(bytes)
    this.#buffers++
    this.#bytes += bytes
    return buffer
  }

  /** Give memory back; after `close` this does nothing. */
  free(buffer: DeviceBuffer): void {
    // The device has given back everything when it was closed.
    if (this.#closed) return
    this.device.free(buffer)
    this.#buffers--
    this.#bytes -= buffer.bytes
  }

  /** Copy bytes to the start of a buffer, in order with all other work. */
  write(buffer: DeviceBuffer, data: ArrayBufferView): void {
    this.device.write(buffer, data)
  }

  /** A copy of a buffer's bytes, once all work enqueued before is done. */
  read(buffer: DeviceBuffer): Promise<ArrayBuffer> {
    return this.device.read(buffer)
  }

  /**
   * Programs for a kernel: itself, or what it splits into on this device. The caller gives them back (`giveBack`).
   * Scratch buffers that the pieces need are made with `alloc` and belong to the caller.
   * @throws Error when the device declines a piece that cannot be split further.
   */
  prepare(kernel: Kernel, alloc: (bytes: number) => DeviceBuffer): Prepared[] {
    const program = this.#programs.take(kernel)
    if (program) return [{ program, args: Array.from({ length: argumentCount(kernel) }, (_, i) => i) }]
    const pieces = split(kernel)
    if (!pieces) {
      const float64 = dtypesOf(kernel).has('float64')
      throw new Error(
        `device '${this.name}' cannot run this kernel${float64 ? ' in float64; use float32, or the device reference' : ''}:\n${printKernel(kernel)}`,
      )
    }
    const scratch = pieces.scratch.map(({ bytes, contents }) => {
      const buffer = alloc(bytes)
      if (contents) this.write(buffer, contents)
      return buffer
    })
    return pieces.launches.flatMap(({ kernel: piece, args }) => {
      const outer = args.map(arg => (typeof arg === 'number' ? arg : scratch[arg.scratch]))
      return this.prepare(piece, alloc).map(({ program, args }) => ({
        program,
        args: args.map(arg => (typeof arg === 'number' ? outer[arg] : arg)),
      }))
    })
  }

  /** Enqueue launches in order; `launches`: the same array whenever they are repeated. */
  run(launches: readonly Launch[]): void {
    const { device } = this
    if (device.runAll) device.runAll(launches)
    else for (const { program, args } of launches) device.run(program, args)
  }

  /** An array that `run` was given is not run any more. After `close` this does nothing. */
  forget(launches: readonly Launch[]): void {
    if (!this.#closed) this.device.forget?.(launches)
  }

  /** Give back the programs of what was prepared, once each: nothing more is enqueued with them. */
  giveBack(prepared: readonly { readonly program: Program }[]): void {
    this.#programs.giveBack(prepared.map(({ program }) => program))
  }

  /** Close the device: it finishes its work and gives back everything. */
  async close(): Promise<void> {
    this.#closed = true
    await this.device.close()
    this.#programs.clear()
  }
}
