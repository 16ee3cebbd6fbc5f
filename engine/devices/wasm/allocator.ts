import { type AddressType, copyMemory, growMemory, mostPages, newMemory, pageBytes } from './memory.js'

/** Alignment of every allocation, in bytes: one cache line. */
export const alignment = 64

type Block = { start: number; bytes: number }

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

/** Memory cannot grow by what is asked for. */
export class OutOfMemory extends RangeError {}

/**
 * Hands out blocks of one WebAssembly memory: the smallest free block that fits, else memory that was never used, which
 * grows when there is no more. Free neighbours are merged. Address 0 is never handed out.
 */
export class Allocator {
  #memory: WebAssembly.Memory
  #addressType: AddressType
  /** Free blocks between blocks in use, in order of address. */
  readonly #free: Block[] = []
  /** The size of each block in use, by its address. */
  readonly #taken = new Map<number, number>()
  /** Memory from here on has never been handed out (its contents cost nothing until touched). */
  #end = alignment
  #takenBytes = 0

  /**
   * `pages`: how many the memory may grow to, of 64 KiB each; `shared`: whether threads may share it; `addressType`: of
   * its addresses.
   */
  constructor(
    pages: number = mostPages.i32,
    readonly shared = false,
    addressType: AddressType = 'i32',
  ) {
    this.#memory = newMemory(addressType, { initial: 1, maximum: pages, shared })
    this.#addressType = addressType
  }

  get memory(): WebAssembly.Memory {
    return this.#memory
  }

  get addressType(): AddressType {
    return this.#addressType
  }

  /**
   * Move to a memory whose addresses have 64 bits. Every block keeps its address and its contents; nothing may be using
   * the memory meanwhile. @throws RangeError where the host has no room for it.
   */
  widen(): void {
    const initial = this.#memory.buffer.byteLength / pageBytes
    const wider = newMemory('i64', { initial, maximum: mostPages.i64, shared: this.shared })
    copyMemory(this.#memory, wider, this.#end)
    this.#memory = wider
    this.#addressType = 'i64'
  }

  /** Blocks handed out at present. */
  get taken(): number {
    return this.#taken.size
  }

  /** Bytes handed out at present, rounded up to the alignment. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /**
   * The address of `bytes` bytes of memory, aligned to 64.
   * @throws RangeError for a number of bytes that makes no sense; OutOfMemory when there is no more.
   */
  alloc(bytes: number): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new RangeError(
        `wasm device: cannot allocate ${bytes} bytes; give a whole number that is not negative`,
      )
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
    const start = this.#reuse(size) ?? this.#extend(size)
    this.#taken.set(start, size)
    this.#takenBytes += size
    return start
  }

  /** Give back what `alloc` returned. @throws Error when it is not in use. */
  free(start: number): void {
    const bytes = this.#taken.get(start)
    if (bytes === undefined) throw new Error(`wasm device: free of address ${start}, which is not in use`)
    this.#taken.delete(start)
    this.#takenBytes -= bytes
    const next = this.#position(start)
    const before = this.#free[next - 1]
    const after = this.#free[next]
    const block = { start, bytes }
    const joinsBefore = before !== undefined && before.start + before.bytes === start
    const joinsAfter = after !== undefined && start + bytes === after.start
    if (joinsBefore) {
      block.start = before.start
      block.bytes += before.bytes
    }
    if (joinsAfter) block.bytes += after.bytes
    this.#free.splice(joinsBefore ? next - 1 : next, Number(joinsBefore) + Number(joinsAfter), block)
    const last = this.#free.at(-1)
    if (last && last.start + last.bytes === this.#end) {
      this.#end = last.start
      this.#free.pop()
    }
  }

  /** Index of the first free block at or after an address. */
  #position(address: number): number {
    let low = 0
    let high = this.#free.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#free[middle].start < address) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Take the smallest free block that is large enough, or its beginning. */
  #reuse(size: number): number | undefined {
    let best = -1
    for (let i = 0; i < this.#free.length; i++) {
      const { bytes } = this.#free[i]
      if (bytes >= size && (best < 0 || bytes < this.#free[best].bytes)) best = i
    }
    if (best < 0) return undefined
    const block = this.#free[best]
    const { start } = block
    if (block.bytes === size) this.#free.splice(best, 1)
    else this.#free[best] = { start: start + size, bytes: block.bytes - size }
    return start
  }

  /** Take memory that was never used. @throws OutOfMemory when there is no more. */
  #extend(size: number): number {
    const start = this.#end
    const have = this.memory.buffer.byteLength
    // The last bytes of memory stay unused, so that a vector may be read from any element of a buffer.
    const need = start + size + alignment
    if (need > have) {
      const pages = Math.ceil((need - have) / pageBytes)
      // Grow by an eighth at least, so that many small allocations do not each grow the memory.
      if (!this.#grow(Math.max(pages, have / pageBytes / 8)) && !this.#grow(pages))
        throw new OutOfMemory(
          `wasm device: out of memory: asked for ${megabytes(size)} with ${megabytes(this.#takenBytes)} in use; ` +
            'use smaller batches, give a budget (memory), or free tensors that are no longer needed',
        )
    }
    this.#end = start + size
    return start
  }

  /** Whether memory could grow by so many pages. */
  #grow(pages: number): boolean {
    try {
      growMemory(this.#memory, this.#addressType, Math.ceil(pages))
      return true
    } catch {
      return false
    }
  }
}
