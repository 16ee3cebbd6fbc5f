import type { Acl } from './acl.js'
import { hasOnlyFp16 } from './chip.js'
import type { Memory } from './memory.js'
import { overflowStatusBytes } from './prototypes.js'

/**
 * Whether a chip's floats saturate: those of the first generation and the inference cards always, later ones where the
 * process has asked for it (hicann/runtime `docs/zh/api_ref/25-02_Enumerations.md`, aclrtFloatOverflowMode).
 */
export const saturates = (acl: Acl): boolean => hasOnlyFp16(acl.soc) || (acl.saturates() ?? false)

/**
 * Asks a card whose floats saturate whether anything has overflowed. It notes that for all of its work in one flag, and
 * raises that without need, too (Ascend/op-plugin, `AmpForeachNonFiniteCheckAndUnscale`, speaks of a high rate of false
 * alarms): a flag that is down says more than one that is up.
 */
export class OverflowFlag {
  constructor(
    readonly acl: Acl,
    readonly memory: Memory,
  ) {}

  /** Read the flag once all that was enqueued is done, and take it down. */
  async take(): Promise<boolean> {
    const { acl, memory } = this
    const buffer = memory.alloc(overflowStatusBytes)
    try {
      acl.enqueueOverflowStatus(buffer.address)
      const [flag] = new BigUint64Array(await memory.read(buffer.address, overflowStatusBytes))
      return flag !== 0n
    } finally {
      memory.free(buffer)
    }
  }
}
