import { unknown } from '../../../data/index.js'
import { CopyStarts } from './copyStarts.js'
import type { TrackRoom } from './expertTrack.js'
import { lookupsOf } from './lookups.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { seedBits, seedSpan } from './seedIndex.js'

/** Contexts are compared over so many bases at most. */
export const longestContext = 32
/** A copy is judged by what it would have said of so many bases before. */
const recordLength = 16
const recordMask = 2 ** recordLength - 1
/** A copy ends when it had more of them wrong; chance has three quarters. */
const mostWrong = 8

/** @throws RangeError unless the least context of a copy is a whole number from 1 to `longestContext`. */
export function checkCopyContext(bases: number): void {
  if (!(Number.isInteger(bases) && bases >= 1 && bases <= longestContext))
    throw new RangeError(
      `copies that begin with ${bases} bases: give a whole number from 1 to ${longestContext}`,
    )
}

/** Where in the genomes of a genus a fragment is copied from, and how that went so far. */
type Copy = {
  isRunning: boolean
  /** The base of the fragment that it predicted first. */
  begin: number
  /** The place of the base that is predicted next. */
  place: number
  /** From there to the place after: 1, or -1 where the other strand is copied. */
  step: number
  /** The place after the last known one. */
  end: number
  /** A bit for each of the last bases, the latest lowest: 1 where it was wrong. */
  record: number
  /** How many bases before the next one were right in a row, counted up to `longestContext`. */
  run: number
}

/**
 * Told what the copy of a genus says of a base: whether the base is the one that it predicts, and its weight, from 0 to 1:
 * with that probability the base is copied; where it is not, the copy says nothing of it.
 */
export type CopyVisitor = (base: number, genus: number, isRight: boolean, weight: number) => void

/**
 * A copy model for each genus: where the last bases of a fragment occur in its genomes, on either strand, the fragment is
 * taken for a copy of what follows there, through substitutions, until too many bases were wrong (copy experts: Cao et al.
 * 2007; substitution tolerant context models: Pratas, Pinho & Ferreira 2016). It predicts what contexts of 12 to 32 bases
 * would, of which a table has no room.
 */
export class GenusCopies {
  readonly #genomes: RememberedGenomes
  readonly #copies: readonly Copy[]
  readonly #starts: CopyStarts

  /**
   * `least`: how many bases in a row before the next one must be those before its place in a genome for a copy to begin;
   * besides, the bases that a seed (`SeedIndex`) looks at among the last 20 must be.
   * @throws RangeError as `checkCopyContext`.
   */
  constructor(
    genomes: RememberedGenomes,
    readonly least: number,
  ) {
    checkCopyContext(least)
    this.#genomes = genomes
    this.#starts = new CopyStarts(genomes.bases, lookupsOf(genomes).index, least)
    this.#copies = genomes.genera.map(() => ({
      isRunning: false,
      begin: 0,
      place: 0,
      step: 1,
      end: 0,
      record: 0,
      run: 0,
    }))
  }

  /** Gives what copies say of the bases of a piece, one base after another; it has at most `pieceLength`. */
  predict(piece: Uint8Array, visit: CopyVisitor): void {
    const { packed } = this.#genomes.bases
    const copies = this.#copies
    for (const copy of copies) copy.isRunning = false
    this.#starts.turnTo(piece)
    const { forward, reverse } = this.#starts
    let nextForward = 0
    let nextReverse = 0
    for (let i = seedSpan; i < piece.length; i++) {
      for (; forward.bases[nextForward] === i; nextForward++)
        this.#begin(piece, i, forward.seeds[nextForward], 1)
      for (; reverse.bases[nextReverse] === i; nextReverse++)
        this.#begin(piece, i, reverse.seeds[nextReverse], -1)
      for (let genus = 0; genus < copies.length; genus++) {
        const copy = copies[genus]
        if (!copy.isRunning) continue
        if (piece[i] === unknown || copy.place === copy.end) {
          copy.isRunning = false
          continue
        }
        const isRight = baseAt(packed, copy.place, copy.step) === piece[i]
        visit(i, genus, isRight, weightOf(copy))
        copy.place += copy.step
        copy.record = ((copy.record << 1) | Number(!isRight)) & recordMask
        copy.run = isRight ? Math.min(copy.run + 1, longestContext) : 0
        copy.isRunning = bitsSet[copy.record] <= mostWrong
      }
    }
  }

  /** Writes what copies say of each base of a piece for each genus into `room`. */
  writeTrack(piece: Uint8Array, { losses, uncertainties }: TrackRoom): void {
    const genera = this.#copies.length
    losses.fill(Number.NaN, 0, piece.length * genera)
    this.predict(piece, (base, genus, isRight, weight) => {
      const i = base * genera + genus
      const ofOther = (1 - weight) / 4
      const ofCopied = weight + ofOther
      losses[i] = -Math.log(isRight ? ofCopied : ofOther)
      uncertainties[i] = -ofCopied * Math.log(ofCopied) - 3 * ofOther * Math.log(ofOther)
    })
  }

  /** Begins a copy from the place of a seed, unless its genus has one that runs, or that begins here with more bases alike. */
  #begin(piece: Uint8Array, i: number, seed: number, step: number): void {
    const copy = this.#copies[this.#genomes.genusAt(seed)]
    if (copy.isRunning && copy.begin < i) return
    const { bases } = this.#genomes
    const place = step > 0 ? seed + seedSpan : seed - 1
    const alike = contextAlike(piece, i, bases.packed, place, step)
    if (alike < this.least) return
    const wrong = wrongBefore(piece, i, bases.packed, place, step)
    if ((wrong & seedBits) !== 0) return
    const known = bases.knownAround(seed)
    const context = Math.min(alike, step > 0 ? place - known.start : known.end - 1 - place)
    if (context < this.least || (copy.isRunning && copy.run >= context)) return
    copy.isRunning = true
    copy.begin = i
    copy.place = place
    copy.step = step
    copy.end = step > 0 ? known.end : known.start - 1
    copy.record = wrong & recordMask
    copy.run = context
  }
}

/** A base of packed ones, or its complement where the step is back. */
function baseAt(packed: Uint8Array, place: number, step: number): number {
  const base = (packed[place >>> 2] >> (2 * (place & 3))) & 3
  return step > 0 ? base : 3 - base
}

/** How many bases in a row before a base of a piece are those before a place. */
function contextAlike(piece: Uint8Array, i: number, packed: Uint8Array, place: number, step: number): number {
  const most = Math.min(i, longestContext)
  let alike = 0
  while (alike < most && piece[i - 1 - alike] === baseAt(packed, place - step * (alike + 1), step)) alike++
  return alike
}

/** Of as many bases before a base of a piece as a seed has, those that are not before a place: a bit each, the last lowest. */
function wrongBefore(piece: Uint8Array, i: number, packed: Uint8Array, place: number, step: number): number {
  let wrong = 0
  for (let before = seedSpan; before > 0; before--)
    wrong = (wrong << 1) | Number(piece[i - before] !== baseAt(packed, place - step * before, step))
  return wrong
}

const bitsSet = Uint8Array.from({ length: 2 ** recordLength }, (_, record) => {
  let bits = 0
  for (let rest = record; rest > 0; rest >>= 1) bits += rest & 1
  return bits
})

/**
 * From how often it was right so far: it is wrong next with the probability (wrong + 1) / (predicted + 2) (Laplace's rule of
 * succession, as the copy experts of Cao et al. 2007 have it), and of bases that are not copied chance has three quarters
 * wrong. A longer run than the record counts as that many predicted.
 */
function weightOf({ record, run }: Copy): number {
  const wrongNext = (bitsSet[record] + 1) / (Math.max(recordLength, run) + 2)
  return 1 - (4 / 3) * wrongNext
}
