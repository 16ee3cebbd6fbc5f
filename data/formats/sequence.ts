import { InputError } from '../io/inputError.js'
import { describeByte, encodeInto } from '../read.js'

/** Collects the bases of one record after the other, each from one or several lines of a text format. */
export class Sequence {
  readonly #file: string
  readonly #maxLength: number
  #bases = new Uint8Array(1024)
  #length = 0

  /** `file`: what messages call the source; `maxLength`: the longest sequence that is taken, in bases. */
  constructor(file: string, maxLength: number) {
    this.#file = file
    this.#maxLength = maxLength
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
    const length = this.#length + letters.length
    const message = (what: string) => `${this.#file} line ${number}: ${what} (read ${read})`
    if (length > this.#maxLength)
      throw new InputError(message(`sequence is longer than ${this.#maxLength} bases`))
    if (length > this.#bases.length) {
      const larger = new Uint8Array(2 * length)
      larger.set(this.#bases.subarray(0, this.#length))
      this.#bases = larger
    }
    const bad = encodeInto(letters, this.#bases, this.#length)
    if (bad >= 0)
      throw new InputError(message(`${describeByte(letters[bad])} in the sequence, column ${bad + 1}`) + hint)
    this.#length = length
  }

  /** The bases of the record, which is complete; the next one begins. */
  take(): Uint8Array {
    const bases = this.#bases.slice(0, this.#length)
    this.#length = 0
    return bases
  }
}
