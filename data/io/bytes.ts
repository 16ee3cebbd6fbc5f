/** Chunks of bytes as one. (Not `Buffer.concat`: pages read files, too.) */
export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** Bytes that arrive in chunks, taken in pieces of the taker's own choice; holds one chunk plus one piece at most. */
export class ByteStream {
  /** How many bytes have been taken. */
  offset = 0
  readonly #source: AsyncIterator<Uint8Array>
  #buffered: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `count` bytes without taking them; fewer only at the end. */
  async peek(count: number): Promise<Uint8Array> {
    if (this.#buffered.length < count) {
      const pieces = [this.#buffered]
      for (let length = this.#buffered.length; length < count; ) {
        const { value, done } = await this.#source.next()
        if (done) break
        pieces.push(value)
        length += value.length
      }
      this.#buffered = pieces.length === 1 ? pieces[0] : concatenate(pieces)
    }
    return this.#buffered.subarray(0, count)
  }

  /** Takes the next `count` bytes; fewer only at the end. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = await this.peek(count)
    this.#buffered = this.#buffered.subarray(bytes.length)
    this.offset += bytes.length
    return bytes
  }

  /** Takes everything that is left, chunk by chunk. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.take(Math.max(1, this.#buffered.length))
      if (chunk.length === 0) return
      yield chunk
    }
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
