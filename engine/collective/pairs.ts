import type { DeviceBuffer, DevicePair, Pairing } from '../devices/device.js'
import type { DType } from '../kernel/dtype.js'
import { gatherBytes, type ProcessGroup } from './processGroup.js'

/**
 * The tree of `ProcessGroup.sum` in a device's own memory: an all-reduce in pairs, of neighbours first, then of ranks that
 * differ by 2, by 4 … In a pair a sum is `a + b` in either order, so that any library gives the same bits.
 */
export class Pairs {
  /** By the distance of ranks, nearest first. */
  readonly #pairs: readonly DevicePair[]

  private constructor(pairs: readonly DevicePair[]) {
    this.#pairs = pairs
  }

  /**
   * Join this process's device with its partners'; all processes do so at the same time. Undefined where no device has
   * such sums. `pairing`: the device's, if it has any.
   * @throws Error, in all of them, where only some have; and what the device says when it cannot join another.
   */
  static async join(group: ProcessGroup, pairing: Pairing | undefined): Promise<Pairs | undefined> {
    const able = Int32Array.of(pairing ? 1 : 0)
    await group.sum(able)
    if (able[0] === 0) return undefined
    if (!pairing || able[0] < group.size)
      throw new Error(
        `only ${able[0]} of ${group.size} processes can add up on their devices; install the same libraries everywhere`,
      )
    const pairs: DevicePair[] = []
    for (let distance = 1; distance < group.size; distance *= 2)
      pairs.push(await joinPartner(group, pairing, distance))
    return new Pairs(pairs)
  }

  /** Enqueue the sum over all processes. */
  add(buffer: DeviceBuffer, dtype: DType): void {
    for (const pair of this.#pairs) pair.add(buffer, dtype)
  }

  close(): void {
    for (const pair of this.#pairs) pair.close()
  }
}

/** The lower rank of a pair invites the higher one; all invitations go round at once. */
async function joinPartner(group: ProcessGroup, pairing: Pairing, distance: number): Promise<DevicePair> {
  const invites = (group.rank & distance) === 0
  const invitations = await gatherBytes(group, invites ? pairing.invitation() : new Uint8Array())
  return pairing.join(invitations[invites ? group.rank : group.rank ^ distance], invites ? 0 : 1)
}
