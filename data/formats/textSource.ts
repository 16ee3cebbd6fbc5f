/** A source of a text format, as the format's parser gets it. */
export type TextSource = {
  /** Its lines, as `lineBatches` gives them: all that a chunk completes at once. */
  readonly batches: AsyncIterable<Uint8Array[]>
  /** What messages call it. */
  readonly file: string
  /** The longest read that is taken, in bases. */
  readonly maxLength: number
}
