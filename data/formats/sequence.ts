import { InputError } from '../io/inputError.js'
import { describeByte, encodeInto, type Read } from '../read.js'
import type { TextSource } from './textSource.js'

/** What a record says of a read before its sequence. */
export type ReadHeader = Omit<Read, 'bases' | 'text'>

const firstRoom = 1024
/** A record that is longer takes the room that it was collected in, of which there would otherwise be two. */
const longestCopied = 2 ** 24
/**
 * A record of more bases gets so many times the room it needs: to grow takes the memory of both rooms, and room that is not
 * written to takes none.
 */
const longestDoubled = 2 ** 23
const roomOfLong = 32

/** Collects the bases of one record after the other, each from one or several lines of a text format. */
export class Sequence {
  readonly #source: Omit<TextSource, 'batches'>
  #bases = new Uint8Array(firstRoom)
  #length = 0
  #line = 0
  /** Letters of the record that stand for no nucleotide. */
  #foreign = 0
  /** The record's letters, if its text is kept. */
  #letters: string[] = []

  constructor(source: Omit<TextSource, 'batches'>) {
    this.#source = source
  }

  /** Bases collected so far. */
  get length(): number {
    return this.#length
  }

  /**
   * Appends a line of letters.
   * @param number the line's number in the file
   * @param read the name of the read that it belongs to
   * @param hint what else to say of a character that cannot stand in a sequence
   * @throws InputError when the sequence becomes too long (before it is held in memory), or when a character cannot
   * stand in one.
   */
  append(letters: Uint8Array, number: number, read: string, hint = ''): void {
    const { file, maxLength, keepText } = this.#source
    const length = this.#length + letters.length
    const message = (what: string) => `${file} line ${number}: ${what} (read ${read})`
    if (length > maxLength) throw new InputError(message(`sequence is longer than ${maxLength} bases`))
    if (length > this.#bases.length) {
      const room = length > longestDoubled ? roomOfLong * length : 2 * length
      const larger = new Uint8Array(Math.min(room, maxLength))
      larger.set(this.#bases.subarray(0, this.#length))
      this.#bases = larger
    }
    const bad = encodeInto(letters, this.#bases, this.#length)
    if (bad >= 0)
      throw new InputError(message(`${describeByte(letters[bad])} in the sequence, column ${bad + 1}`) + hint)
    this.#foreign -= bad + 1
    if (keepText) this.#letters.push(new TextDecoder('latin1').decode(letters))
    this.#length = length
    this.#line = number
  }

  /**
   * The read of the record, which is complete; the next one begins.
   * @param header what stands before its sequence
   * @param title the line that `header` was read from, of a format whose reads have a text
   * @throws InputError when too many of its letters stand for no nucleotide.
   */
  complete(header: ReadHeader, title?: Uint8Array, quality?: Uint8Array): Read {
    this.#checkAlphabet(header.name)
    const bases = this.#takeBases()
    const letters = this.#letters
    this.#length = 0
    this.#foreign = 0
    this.#letters = []
    if (!this.#source.keepText || title === undefined) return { ...header, bases }
    const text = {
      title: new TextDecoder().decode(title.subarray(1)),
      letters: letters.join(''),
      ...(quality && { quality: new TextDecoder('latin1').decode(quality) }),
    }
    return { ...header, bases, text }
  }

  #takeBases(): Uint8Array {
    if (this.#length <= longestCopied) return this.#bases.slice(0, this.#length)
    const bases = this.#bases.subarray(0, this.#length)
    this.#bases = new Uint8Array(firstRoom)
    return bases
  }

  #checkAlphabet(read: string): void {
    const { file, maxForeign } = this.#source
    const share = this.#foreign / this.#length
    if (!(share > maxForeign)) return
    const percent = (x: number) => `${Number((100 * x).toPrecision(3))} %`
    throw new InputError(
      `${file} line ${this.#line}: looks like protein: ${percent(share)} of the letters stand for no nucleotide (E, F, I, J, L, O, P, Q or Z), more than ${percent(maxForeign)} is not taken for DNA (read ${read})`,
    )
  }
}
