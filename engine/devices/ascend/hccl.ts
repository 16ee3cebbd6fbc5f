import type { DType } from '../../kernel/dtype.js'
import type { DeviceBuffer, DevicePair, Pairing } from '../device.js'
import type { Acl } from './acl.js'
import { type Bound, bind } from './bind.js'
import { addressOf } from './memory.js'
import { hcclDtype, hcclPrototypes, hcclRootBytes, hcclSum } from './prototypes.js'

type Functions = Bound<typeof hcclPrototypes>

/**
 * Sums with the card of another process, on the device's stream (HCCL: one process a card). Undefined where CANN comes
 * without libhccl.so, which is not loaded before.
 */
export class Hccl implements Pairing {
  readonly #functions: Functions
  readonly #open = new Set<bigint>()

  private constructor(
    readonly acl: Acl,
    functions: Functions,
  ) {
    this.#functions = functions
  }

  static load(acl: Acl): Hccl | undefined {
    acl.libraries.add(acl.ffi, 'libhccl.so')
    const isThere = hcclPrototypes.every(prototype => acl.libraries.optional(prototype))
    return isThere
      ? new Hccl(
          acl,
          bind(hcclPrototypes, p => acl.libraries.required(p)),
        )
      : undefined
  }

  /** @throws Error that says what was called and the HcclResult. */
  #call(name: keyof Functions, ...args: readonly unknown[]): void {
    this.acl.checkAlive()
    const code = this.#functions[name](...args)
    if (code === 0) return
    const words = this.acl.recentMessage()?.trim().replace(/\s+/g, ' ')
    throw new Error(
      `ascend: ${name}: HcclResult ${code}; see that all processes have a card of their own, the same CANN, and reach each other (HCCL_IF_IP, HCCL_WHITELIST_DISABLE=1)${words ? ` [${words}]` : ''}`,
    )
  }

  invitation(): Uint8Array {
    const info = new Uint8Array(hcclRootBytes)
    this.#call('HcclGetRootInfo', info)
    return info
  }

  join(invitation: Uint8Array, rank: 0 | 1): DevicePair {
    const out = new BigUint64Array(1)
    this.#call('HcclCommInitRootInfo', 2, invitation, rank, out)
    const [communicator] = out
    this.#open.add(communicator)
    return {
      add: (buffer, dtype) => this.#add(communicator, buffer, dtype),
      close: () => this.#close(communicator),
    }
  }

  #add(communicator: bigint, buffer: DeviceBuffer, dtype: DType): void {
    if (dtype === 'float64')
      throw new RangeError('ascend: sums over processes of float64; give float32 or int32')
    const address = addressOf(buffer)
    const count = buffer.bytes / 4
    this.acl.enqueueOn(stream =>
      this.#call('HcclAllReduce', address, address, count, hcclDtype[dtype], hcclSum, communicator, stream),
    )
  }

  /** Part from the other process, once all sums are done. */
  #close(communicator: bigint): void {
    if (!this.#open.delete(communicator)) return
    if (!this.acl.isLost) this.acl.synchronise()
    this.#functions.HcclCommDestroy(communicator)
  }

  /** Part from all; nothing enqueued may still wait for them. */
  close(): void {
    for (const communicator of this.#open) this.#functions.HcclCommDestroy(communicator)
    this.#open.clear()
  }
}
