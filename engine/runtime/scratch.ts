import type { DeviceBuffer } from '../devices/device.js'

/** Where the pool's memory comes from: a `Runtime`. */
type Allocator = { alloc(bytes: number): DeviceBuffer; free(buffer: DeviceBuffer): void }

/**
 * Memory that plans need only while they run. Plans run one after another on a device, so all of them share it: it is
 * as large as the largest needs, not as all together.
 */
export class ScratchPool {
  /** How many plans use each buffer. */
  readonly #users = new Map<DeviceBuffer, number>()

  constructor(readonly allocator: Allocator) {}

  /**
   * Buffers of these sizes (in bytes) or more, no two the same: those that others use where they fit, else new ones.
   * @throws Error when the device has no more memory; nothing is taken then.
   */
  take(sizes: readonly number[]): DeviceBuffer[] {
    const free = [...this.#users.keys()].sort((a, b) => a.bytes - b.bytes)
    const taken = new Array<DeviceBuffer>(sizes.length)
    const largestFirst = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a])
    try {
      for (const i of largestFirst) {
        const index = free.findIndex(buffer => buffer.bytes >= sizes[i])
        const [buffer] = index < 0 ? [this.allocator.alloc(sizes[i])] : free.splice(index, 1)
        this.#users.set(buffer, (this.#users.get(buffer) ?? 0) + 1)
        taken[i] = buffer
      }
    } catch (error) {
      this.giveBack(taken.filter(buffer => buffer))
      throw error
    }
    return taken
  }

  /** Buffers that `take` gave, once each. */
  giveBack(buffers: readonly DeviceBuffer[]): void {
    for (const buffer of buffers) {
      const left = this.#users.get(buffer)! - 1
      if (left) this.#users.set(buffer, left)
      else {
        this.#users.delete(buffer)
        this.allocator.free(buffer)
      }
    }
  }
}
