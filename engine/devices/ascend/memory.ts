import { setImmediate, setTimeout } from 'node:timers/promises'
import type { DeviceBuffer } from '../device.js'
import type { Acl } from './acl.js'
import { AscendError, outOfMemory } from './errors.js'

/** Device memory in use. */
export type AscendBuffer = DeviceBuffer & { readonly address: number }

/** Host memory on its way to or from the card. */
type Staging = { readonly address: number; readonly bytes: Uint8Array }

/** Larger uploads wait for the stream instead of taking page-locked memory, and larger downloads do not keep it. */
const largestStaged = 1 << 22
/** Page-locked memory that may be under way at a time. */
const stagedAtOnce = 1 << 25

/** How often a read asks whether the card is done before it sleeps in between. */
const pollsBeforeSleep = 200

/** Sizes that the pool keeps: eight to each power of two, so that at most an eighth is wasted. */
export function poolSize(bytes: number): number {
  if (bytes <= 512) return 512
  const step = 2 ** Math.max(9, Math.floor(Math.log2(bytes)) - 3)
  return Math.ceil(bytes / step) * step
}

/**
 * Device memory, pooled: what is freed is given out again without waiting, as one stream runs everything in order.
 * Transfers go through page-locked memory in the same stream, so that they are in order with kernels, too.
 */
export class Memory {
  readonly #free = new Map<number, number[]>()
  /** All device memory by address, also what is free: how many bytes. */
  readonly #all = new Map<number, number>()
  readonly #freeStaging = new Map<number, Staging[]>()
  readonly #allStaging = new Set<Staging>()
  /** Staging memory that enqueued uploads still read. */
  #underWay: Staging[] = []
  #bytesUnderWay = 0

  constructor(readonly acl: Acl) {}

  /** Device memory, with what is kept to be given out again. */
  stats(): { buffers: number; bytes: number } {
    return { buffers: this.#all.size, bytes: [...this.#all.values()].reduce((sum, bytes) => sum + bytes, 0) }
  }

  /** @throws AscendError with the memory that is left when there is not enough. */
  alloc(bytes: number): AscendBuffer {
    const size = poolSize(bytes)
    const address = this.#free.get(size)?.pop() ?? this.acl.malloc(size) ?? this.#allocAfterTrim(size)
    this.#all.set(address, size)
    return { bytes, address }
  }

  #allocAfterTrim(size: number): number {
    this.acl.synchronise()
    for (const address of [...this.#free.values()].flat()) this.#release(address)
    this.#free.clear()
    const address = this.acl.malloc(size)
    if (address !== undefined) return address
    const { free, total } = this.acl.memory()
    const gigabytes = (n: number) => `${(n / 2 ** 30).toFixed(2)} GiB`
    throw new AscendError(
      outOfMemory,
      `asked for ${size} bytes, free are ${gigabytes(free)} of ${gigabytes(total)}`,
      this.acl.recentMessage(),
    )
  }

  #release(address: number): void {
    this.acl.free(address)
    this.#all.delete(address)
  }

  free({ address, bytes }: AscendBuffer): void {
    const size = poolSize(bytes)
    const pool = this.#free.get(size)
    if (pool) pool.push(address)
    else this.#free.set(size, [address])
  }

  /** Copy to the device, in order with what is enqueued; `data` may change afterwards. */
  write(address: number, data: ArrayBufferView): void {
    const { byteLength } = data
    if (!byteLength) return
    if (byteLength > largestStaged || this.#bytesUnderWay + byteLength > stagedAtOnce) {
      this.acl.synchronise()
      this.settle()
    }
    if (byteLength > largestStaged) {
      this.acl.upload(address, data)
      return
    }
    const staging = this.#takeStaging(byteLength)
    staging.bytes.set(new Uint8Array(data.buffer, data.byteOffset, byteLength))
    this.#underWay.push(staging)
    this.#bytesUnderWay += byteLength
    this.acl.enqueueCopy(address, staging.address, byteLength, 'hostToDevice')
  }

  /** A copy of device memory once all that was enqueued before is done; the event loop stays free. */
  async read(address: number, bytes: number): Promise<ArrayBuffer> {
    if (!bytes) return new ArrayBuffer(0)
    const staging = this.#takeStaging(bytes)
    try {
      this.acl.enqueueCopy(staging.address, address, bytes, 'deviceToHost')
      for (let polls = 0; !this.acl.isIdle(); polls++)
        await (polls < pollsBeforeSleep ? setImmediate() : setTimeout(1))
      this.settle()
      return staging.bytes.slice(0, bytes).buffer as ArrayBuffer
    } finally {
      this.#keepStaging(staging)
    }
  }

  /** The same, with the thread blocked: for the few bytes that the host needs to go on. */
  readNow(address: number, data: ArrayBufferView): void {
    this.acl.synchronise()
    this.settle()
    this.acl.download(data, address)
  }

  #takeStaging(bytes: number): Staging {
    const size = poolSize(bytes)
    const kept = this.#freeStaging.get(size)?.pop()
    if (kept) return kept
    const staging = this.acl.mallocHost(size)
    this.#allStaging.add(staging)
    return staging
  }

  #keepStaging(staging: Staging): void {
    const size = staging.bytes.length
    if (size > largestStaged) {
      this.#allStaging.delete(staging)
      this.acl.freeHost(staging.address)
      return
    }
    const pool = this.#freeStaging.get(size)
    if (pool) pool.push(staging)
    else this.#freeStaging.set(size, [staging])
  }

  /** All that was enqueued is done: staging memory is free again. */
  settle(): void {
    for (const staging of this.#underWay) this.#keepStaging(staging)
    this.#underWay = []
    this.#bytesUnderWay = 0
  }

  close(): void {
    for (const address of [...this.#all.keys()]) this.#release(address)
    for (const { address } of this.#allStaging) this.acl.freeHost(address)
    this.#allStaging.clear()
    this.#free.clear()
    this.#freeStaging.clear()
    this.#underWay = []
  }
}

/**
 * Memory that many programs use one after the other, each for its own: as large as the largest of them needs. What was
 * enqueued on a smaller one still runs before anything that is enqueued later on the same memory.
 */
export class Scratch {
  #buffer: AscendBuffer | undefined

  constructor(readonly memory: Memory) {}

  /** The address of at least `bytes` bytes, or 0 for none. */
  take(bytes: number): number {
    if (!bytes) return 0
    if (!this.#buffer || this.#buffer.bytes < bytes) {
      const larger = this.memory.alloc(bytes)
      if (this.#buffer) this.memory.free(this.#buffer)
      this.#buffer = larger
    }
    return this.#buffer.address
  }
}

/** Where a buffer lies. */
export const addressOf = (buffer: DeviceBuffer): number => (buffer as AscendBuffer).address
