import type { DeviceBuffer } from '../devices/device.js'

type Owner = { alloc(bytes: number): DeviceBuffer; free(buffer: DeviceBuffer): void }

/**
 * Memory that plans need only while they run. Plans run one after another on a device, so all of them share it: it is
 * as large as the largest needs, not as all together.
 */
export class ScratchPool {
  readonly #users = new Map<DeviceBuffer, number>()

  constructor(readonly owner: Owner) {}

  /** Buffers of these sizes or more, no two the same: those that others use where they fit, else new ones. */
  take(sizes: readonly number[]): DeviceBuffer[] {
    const free = [...this.#users.keys()].sort((a, b) => a.bytes - b.bytes)
    const taken = new Array<DeviceBuffer>(sizes.length)
    const largestFirst = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a])
    try {
      for (const i of largestFirst) {
        const at = free.findIndex(buffer => buffer.bytes >= sizes[i])
        const [buffer] = at < 0 ? [this.owner.alloc(sizes[i])] : free.splice(at, 1)
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
        this.owner.free(buffer)
      }
    }
  }
}
