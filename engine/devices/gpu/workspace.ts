/**
 * Memory that launches use one after the other: temporaries, and copies of what they write over. `B`: buffers of the
 * back end.
 */
export class Workspace<B> {
  readonly #buffers = new Map<string, B>()

  constructor(
    readonly create: (bytes: number) => B,
    readonly release: (buffer: B) => void,
  ) {}

  /** A buffer of at least `bytes` bytes, the same one for the same purpose. */
  take(purpose: string, bytes: number): B {
    // In powers of two, and none is given up before the end: recordings refer to them.
    const size = 2 ** Math.max(8, Math.ceil(Math.log2(bytes)))
    const key = `${purpose} ${size}`
    const buffer = this.#buffers.get(key) ?? this.create(size)
    this.#buffers.set(key, buffer)
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) this.release(buffer)
    this.#buffers.clear()
  }
}
