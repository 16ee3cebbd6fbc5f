import { unknown } from '../data/index.js'
import { WaitingLine } from './waitingLine.js'

/** The most steps of a piece: it bounds the memory of what a network computes in between. */
const longestPiece = 256
/** Shorter pieces than this cost more to start than they should; an input of short reads alone has them all the same. */
const shortPiece = 128
/** Rows are given up only by sequences that still take so many steps: fewer rows are compiled anew. */
const worthCompiling = 4 * longestPiece

/** A sequence in a row: its predictions before `next` have been made. */
type Occupant<T> = { readonly item: T; next: number }

/** Predictions `first` … `first + count` of a sequence, made from step `step` of a piece on in row `row`. */
export type Part<T> = {
  readonly item: T
  readonly row: number
  readonly step: number
  readonly first: number
  readonly count: number
  /** Whether they are the sequence's last ones. */
  readonly isLast: boolean
}

/** What goes through the networks at once. */
export type Piece<T> = {
  readonly steps: number
  readonly rows: number
  /**
   * int32 [3, steps, rows]: each step's input (a base, or unknown), its target (unknown where it does not count), and 1
   * where no sequence goes on after it, so that the next one finds no state. To be read before the next piece is made.
   */
  readonly tokens: Int32Array
  readonly parts: readonly Part<T>[]
  /** Whether a sequence begins after another one in the piece. */
  readonly restarts: boolean
  /** If the rows are others than those of the piece before: of each, which it was there, or -1 if it begins with no state. */
  readonly regrouped?: Int32Array
}

/**
 * Sequences (bases 0 to 3, 4 for unknown) on their way through the rows of a batch: where one ends its row takes the next,
 * so that nothing is padded but the end of the input.
 *
 * Every shape is compiled anew, so there are few. A piece has `batch` rows, or a half of it, a half of that … 1 if no more are
 * needed. It has as many steps as the first sequences need, evenly in pieces of up to 256 (249 for reads of 250, 250 for
 * those of 5000; 256 if the first ones were short and long ones follow), at the end of the input a multiple of 32. Pieces in
 * which sequences begin after others, and those in which none does, are compiled apart.
 */
export class Streams<T extends { readonly bases: Uint8Array }> {
  readonly #waiting = new WaitingLine<T>()
  #rows: (Occupant<T> | undefined)[] = []
  /** Whether sequences have been dropped from rows, where their state still is. */
  #hasDropped = false
  /** Steps of a piece that is full; 0 before the first one. */
  #usualSteps = 0

  /** Tokens of the last piece, and of the next. */
  #tokens = new Int32Array(0)

  constructor(readonly batch: number) {}

  /** A sequence of two bases or more: no others have anything to predict. */
  add(item: T): void {
    this.#waiting.add(item)
  }

  /** Ends those for which it holds. */
  drop(isDropped: (item: T) => boolean): void {
    this.#waiting.drop(isDropped)
    this.#rows = this.#rows.map(occupant => (occupant && isDropped(occupant.item) ? undefined : occupant))
    this.#hasDropped = true
  }

  /** The next piece; undefined if nothing is left to do. */
  next(): Piece<T> | undefined {
    const regrouped = this.#regroup()
    for (const row of this.#rows.keys()) this.#rows[row] ??= this.#nextOccupant()
    const longest = Math.max(0, ...this.#rows.map(remaining))
    if (longest === 0) return undefined
    const limit = this.#mostSteps(longest)
    const { tokens, used, parts } = this.#fill(limit)
    const steps = used > limit / 2 ? limit : Math.min(limit, 32 * Math.ceil(used / 32))
    const rows = this.#rows.length
    const size = steps * rows
    for (const plane of [1, 2])
      tokens.copyWithin(plane * size, plane * limit * rows, plane * limit * rows + size)
    return {
      steps,
      rows,
      tokens: tokens.subarray(0, 3 * size),
      parts,
      restarts: parts.some(({ step }) => step > 0),
      ...(regrouped && { regrouped }),
    }
  }

  #nextOccupant(): Occupant<T> | undefined {
    const item = this.#waiting.take()
    return item && { item, next: 0 }
  }

  /** Changes the number of rows if that is worth it; what comes of it is as `Piece` has it. */
  #regroup(): Int32Array | undefined {
    const occupied = [...this.#rows.keys()].filter(row => this.#rows[row])
    const wanted = occupied.length + this.#waiting.count
    if (wanted === 0) return undefined
    let rows = this.batch
    while (rows > 1 && Math.ceil(rows / 2) >= wanted) rows = Math.ceil(rows / 2)
    const before = this.#rows.length
    const longest = Math.max(0, ...this.#rows.map(remaining))
    if (rows < before && longest > 0 && longest < worthCompiling) rows = before
    if (rows === before && !this.#hasDropped) return undefined
    this.#hasDropped = false
    this.#rows = Array.from({ length: rows }, (_, row) => this.#rows[occupied[row]])
    return Int32Array.from({ length: rows }, (_, row) => occupied[row] ?? -1)
  }

  /** Steps of a piece, at most, where the rows' sequences have `longest` steps left. */
  #mostSteps(longest: number): number {
    if (this.#usualSteps === 0) this.#usualSteps = Math.ceil(longest / Math.ceil(longest / longestPiece))
    return this.#usualSteps >= Math.min(longest, shortPiece) ? this.#usualSteps : longestPiece
  }

  /** Lays out up to `limit` steps of each row; `used`: of the longest row. */
  #fill(limit: number): { tokens: Int32Array; used: number; parts: Part<T>[] } {
    const rows = this.#rows.length
    const size = limit * rows
    if (this.#tokens.length !== 3 * size) this.#tokens = new Int32Array(3 * size)
    const tokens = this.#tokens
    tokens.fill(unknown, 0, 2 * size)
    tokens.fill(1, 2 * size)
    const parts: Part<T>[] = []
    let used = 0
    for (const row of this.#rows.keys()) {
      let step = 0
      while (step < limit) {
        const occupant = this.#rows[row] ?? this.#nextOccupant()
        if (!occupant) break
        this.#rows[row] = occupant
        const { item, next: first } = occupant
        const count = Math.min(limit - step, remaining(occupant))
        layOut(item.bases, first, count, tokens, step * rows + row, rows, size)
        occupant.next += count
        const isLast = remaining(occupant) === 0
        if (isLast) {
          tokens[2 * size + (step + count - 1) * rows + row] = 1
          this.#rows[row] = undefined
        }
        parts.push({ item, row, step, first, count, isLast })
        step += count
      }
      used = Math.max(used, step)
    }
    return { tokens, used, parts }
  }
}

/** How many predictions a sequence still has to make. */
const remaining = (occupant: Occupant<{ readonly bases: Uint8Array }> | undefined): number =>
  occupant ? occupant.item.bases.length - 1 - occupant.next : 0

/**
 * Lays out `count` predictions of a sequence from `first` on, as tokens of a sequence that goes on: the first one at `start`
 * of each of the planes of `size`, the others `rows` apart.
 */
function layOut(
  bases: Uint8Array,
  first: number,
  count: number,
  tokens: Int32Array,
  start: number,
  rows: number,
  size: number,
): void {
  let input = bases[first]
  for (let i = 1, place = start; i <= count; i++, place += rows) {
    const target = bases[first + i]
    tokens[place] = input
    if (input < unknown) tokens[size + place] = target
    tokens[2 * size + place] = 0
    input = target
  }
}
