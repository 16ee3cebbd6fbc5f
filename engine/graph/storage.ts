import type { DeviceBuffer } from '../devices/device.js'

/** The memory that values lie in: that of an open device (`Runtime` of runtime/ is one). */
export interface Memory {
  /** The device's name, for messages. */
  readonly name: string
  free(buffer: DeviceBuffer): void
  /** Copy bytes to the start of a buffer. */
  write(buffer: DeviceBuffer, data: ArrayBufferView): void
  /** A copy of a buffer's bytes, once all work enqueued before is done. */
  read(buffer: DeviceBuffer): Promise<ArrayBuffer>
}

/** Where a tensor's value lives. Released once; then the tensor has no value any more. */
export class Storage {
  #released = false

  constructor(
    readonly memory: Memory,
    readonly buffer: DeviceBuffer,
    /** What becomes of the buffer: freed, or given back to the compiled function that it came from. */
    readonly recycle: (buffer: DeviceBuffer) => void = buffer => memory.free(buffer),
  ) {}

  release(): void {
    if (this.#released) return
    this.#released = true
    this.recycle(this.buffer)
  }
}
