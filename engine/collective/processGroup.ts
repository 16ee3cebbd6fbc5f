/** Numbers that processes add up, in memory of the host. */
export type Summable = Float32Array | Float64Array | Int32Array

/** Processes that were started together, as one of them sees them. */
export type ProcessGroup = {
  /** Which of the processes this is, from 0 on. */
  readonly rank: number
  /** How many there are. Sums are of a power of two of them. */
  readonly size: number
  /** One line on what connects them, for banners. */
  readonly description: string
  /**
   * Add up an array over all processes, in place; all call it in the same order with as many numbers of the same type.
   * The sum is that of a fixed binary tree: neighbours first, then neighbouring pairs, and so on, so that it is the same
   * in all processes, and that of twice as many processes whose neighbours have halves of the summands. Whoever has to
   * wait for others leaves the processor and the event loop alone meanwhile.
   * @throws RangeError unless the processes are a power of two.
   */
  sum(values: Summable): Promise<void>
  /** End all processes at once, with an exit code. */
  abort(code: number): void
  /** Wait until all processes have come here, and part. */
  close(): Promise<void>
}

/** Bytes from each process, in their order; all call it at the same time. */
export async function gatherBytes(group: ProcessGroup, bytes: Uint8Array): Promise<Uint8Array[]> {
  const lengths = new Int32Array(group.size)
  lengths[group.rank] = bytes.length
  await group.sum(lengths)
  const words = Math.ceil(Math.max(...lengths) / 4)
  const all = new Int32Array(group.size * words)
  const bytesOf = (rank: number, length: number) => new Uint8Array(all.buffer, 4 * words * rank, length)
  bytesOf(group.rank, bytes.length).set(bytes)
  // All others have zeros in this one's place, so that the sum has every word as it was.
  await group.sum(all)
  return Array.from(lengths, (length, rank) => bytesOf(rank, length).slice())
}

/** A text from each process, in their order; all call it at the same time. */
export async function gatherTexts(group: ProcessGroup, text: string): Promise<string[]> {
  const all = await gatherBytes(group, new TextEncoder().encode(text))
  return all.map(bytes => new TextDecoder().decode(bytes))
}
