/** Sequences shorter than this are as good as equal: taken in the order in which they came. */
const short = 2 ** 12

/**
 * Sequences that wait for a row. Long ones go first, so that no row is left with one when all others are done; those of
 * about the same length (to a factor of 2), and all short ones, go in the order in which they came.
 */
export class WaitingLine<T extends { readonly bases: Uint8Array }> {
  /** By length, from short ones on: first in, first out. */
  readonly #lines: { items: T[]; first: number }[] = []
  #count = 0

  /** How many sequences wait. */
  get count(): number {
    return this.#count
  }

  /** One more. */
  add(item: T): void {
    const line = Math.max(0, Math.floor(Math.log2(item.bases.length / short)) + 1)
    while (this.#lines.length <= line) this.#lines.push({ items: [], first: 0 })
    this.#lines[line].items.push(item)
    this.#count++
  }

  /** The next one, which waits no longer; undefined if there is none. */
  take(): T | undefined {
    const line = this.#lines.findLast(({ items, first }) => first < items.length)
    if (!line) return undefined
    const item = line.items[line.first++]
    this.#count--
    // Now and then what has been taken is let go of: at every turn would cost the square of the line.
    if (line.first === line.items.length || line.first === 1024) {
      line.items = line.items.slice(line.first)
      line.first = 0
    }
    return item
  }

  /** Those for which it holds wait no longer. */
  drop(isDropped: (item: T) => boolean): void {
    this.#count = 0
    for (const line of this.#lines) {
      line.items = line.items.slice(line.first).filter(item => !isDropped(item))
      line.first = 0
      this.#count += line.items.length
    }
  }
}
