import { type Allocator, alignment } from './allocator.js'

/** Memory of a device that kernels scribble on, in regions of one size: as large as the greediest kernel needs. */
export class Scratch {
  #pointer = 0
  #bytes = 0

  /** `regions`: how many there are, one after the other, such as one for each worker thread. */
  constructor(
    readonly allocator: Allocator,
    readonly regions = 1,
  ) {}

  /** Where the first region begins. */
  get pointer(): number {
    return this.#pointer
  }

  /** The size of a region. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Make every region at least this large. Work that is under way keeps the memory that it began with: it is overwritten
   * only by what is enqueued later.
   * @throws OutOfMemory when there is no more; the regions are then what they were.
   */
  reserve(bytes: number): void {
    if (bytes <= this.#bytes) return
    const size = Math.ceil(bytes / alignment) * alignment
    if (this.#bytes) this.allocator.free(this.#pointer)
    try {
      this.#pointer = this.allocator.alloc(size * this.regions)
      this.#bytes = size
    } catch (error) {
      if (this.#bytes) this.#pointer = this.allocator.alloc(this.#bytes * this.regions)
      throw error
    }
  }
}
