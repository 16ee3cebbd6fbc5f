import type { DeviceBuffer } from '../device.js'
import { requireNode } from '../shared/node.js'
import type { Acl } from './acl.js'
import { AscendError, outOfMemory } from './errors.js'

/** Device memory in use. */
export type AscendBuffer = DeviceBuffer & { readonly address: number }

/** Host memory on its way to or from the card. */
type Staging = { readonly address: number; readonly bytes: Uint8Array }

/** Bytes. Larger uploads wait for the stream instead of taking page-locked memory; larger downloads do not keep it. */
const largestStaged = 1 << 22
/** Bytes of page-locked memory from which enqueued uploads may be reading at a time. */
const stagedAtOnce = 1 << 25

/** How often a read asks whether the card is done before it sleeps in between. */
const pollsBeforeSleep = 200

/** Sizes that the pool keeps: eight to each power of two, so that at most an eighth is wasted. */
export function poolSize(bytes: number): number {
  if (bytes <= 512) return 512
  const step = 2 ** Math.max(9, Math.floor(Math.log2(bytes)) - 3)
  return Math.ceil(bytes / step) * step
}

/** What is free to be used again, by its size in bytes. */
class FreeList<T> {
  readonly #free = new Map<number, T[]>()

  take(size: number): T | undefined {
    return this.#free.get(size)?.pop()
  }

  give(size: number, item: T): void {
    const items = this.#free.get(size)
    if (items) items.push(item)
    else this.#free.set(size, [item])
  }

  /** All that is free; it is forgotten. */
  takeAll(): T[] {
    const items = [...this.#free.values()].flat()
    this.#free.clear()
    return items
  }
}

/**
 * Device memory, pooled: what is freed is given out again without waiting, as one stream runs everything in order.
 * Transfers go through page-locked memory in the same stream, so that they are in order with kernels, too.
 */
export class Memory {
  /** Addresses. */
  readonly #free = new FreeList<number>()
  /** All device memory by address, also what is free: how many bytes. */
  readonly #all = new Map<number, number>()
  readonly #freeStaging = new FreeList<Staging>()
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
    const address = this.#free.take(size) ?? this.acl.malloc(size) ?? this.#allocAfterTrim(size)
    this.#all.set(address, size)
    return { bytes, address }
  }

  /** New memory once what is free is given back to the card. @throws AscendError when there still is not enough. */
  #allocAfterTrim(size: number): number {
    this.acl.synchronise()
    for (const address of this.#free.takeAll()) this.#release(address)
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

  /** Memory may be freed while enqueued work uses it: whoever gets it next enqueues later. */
  free({ address, bytes }: AscendBuffer): void {
    this.#free.give(poolSize(bytes), address)
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
    const { setImmediate, setTimeout } = requireNode('node:timers/promises')
    const staging = this.#takeStaging(bytes)
    try {
      this.acl.enqueueCopy(staging.address, address, bytes, 'deviceToHost')
      for (let polls = 0; !this.acl.isIdle(); polls++)
        await (polls < pollsBeforeSleep ? setImmediate() : setTimeout(1))
      this.acl.synchronise()
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
    const kept = this.#freeStaging.take(size)
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
    } else this.#freeStaging.give(size, staging)
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
    this.#free.takeAll()
    this.#freeStaging.takeAll()
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

  /** Where it lies; 0 before anybody has taken it. */
  get address(): number {
    return this.#buffer?.address ?? 0
  }

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

/** Where a buffer ends. */
export const endOf = (buffer: DeviceBuffer): number => addressOf(buffer) + buffer.bytes
