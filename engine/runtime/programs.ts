import type { Device, Program } from '../devices/device.js'
import { type Kernel, kernelKey } from '../kernel/kernel.js'

/** How many programs nobody uses are kept at most, in case somebody asks for the same kernel again. */
const mostIdle = 1000

/**
 * The programs of a device: a kernel is compiled once, as long as its program is kept. Programs that somebody uses are;
 * of the others those that were used last, so that a program which sees ever new shapes does not fill the memory.
 */
export class ProgramCache {
  /** By `kernelKey`; null for kernels that the device has declined, which have no users. */
  readonly #used = new Map<string, { readonly program: Program; users: number }>()
  /** Those without users, the longest unused first. */
  readonly #idle = new Map<string, Program | null>()
  readonly #keys = new WeakMap<Program, string>()

  constructor(
    readonly device: Device,
    readonly capacity = mostIdle,
  ) {}

  /** The program of a kernel, which the caller uses from now on; null if the device declines it. @throws as `compile`. */
  take(kernel: Kernel): Program | null {
    const key = kernelKey(kernel)
    const used = this.#used.get(key)
    if (used) {
      used.users++
      return used.program
    }
    const idle = this.#idle.get(key)
    const program = idle === undefined ? this.device.compile(kernel) : idle
    this.#idle.delete(key)
    if (program) {
      this.#keys.set(program, key)
      this.#used.set(key, { program, users: 1 })
    } else this.#keep(key, null)
    return program
  }

  /** Programs that `take` gave, once for each time. */
  giveBack(programs: readonly Program[]): void {
    for (const program of programs) {
      const key = this.#keys.get(program)
      const used = key === undefined ? undefined : this.#used.get(key)
      if (key === undefined || !used || --used.users > 0) continue
      this.#used.delete(key)
      this.#keep(key, program)
    }
  }

  /** The device is closed, and has released all programs. */
  clear(): void {
    this.#used.clear()
    this.#idle.clear()
  }

  #keep(key: string, program: Program | null): void {
    this.#idle.set(key, program)
    if (this.#idle.size <= this.capacity) return
    const [[oldest, unused]] = this.#idle
    this.#idle.delete(oldest)
    if (unused) this.device.release?.(unused)
  }
}
