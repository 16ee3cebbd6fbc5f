/** A file that can be read from any of its bytes on. */
export type SeekableFile = {
  /** What messages call it. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** Its bytes from `from` up to `to`, or to its end. Whoever stops before lets go of the file. */
  bytes(from: number, to?: number): AsyncIterable<Uint8Array>
}
