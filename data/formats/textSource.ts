/** What a reader does with the records of any format; those of TFRecord have no letters, nor text. */
export type RecordOptions = {
  /** The longest read that is taken, in bases. */
  readonly maxLength: number
  /** The largest share of a record's letters that may stand for no nucleotide: above it, it is no DNA. */
  readonly maxForeign: number
  /** Whether reads have their `text`. */
  readonly keepText: boolean
  /** Whether the source goes on to the end of its file, whose last line may be missing where it is empty. */
  readonly hasFileEnd: boolean
  /** What a record without a name is called, by its number in the source, from 1 on. */
  readonly unnamed: (number: number) => string
}

/** A source of a text format, as the format's parser gets it. */
export type TextSource = RecordOptions & {
  /** Its lines, as `lineBatches` gives them: all that a chunk completes at once. */
  readonly batches: AsyncIterable<Uint8Array[]>
  /** What messages call it. */
  readonly file: string
}
