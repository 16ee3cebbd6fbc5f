import { checkBases, checkString } from './io/arguments.js'

/** A read: a piece of DNA as a sequencer, or a window of a genome, gives it. */
export type Read = {
  /** One line without tabs or other control characters: those of the source are U+FFFD (`field`). A read whose source has no name is called `readN`, N counting from 1 in its source. */
  readonly name: string
  /** 0, 1, 2, 3 for A, C, G, T; 4 (`unknown`) for any other letter. */
  readonly bases: Uint8Array
  /** Number of the read's class, where the source has one; -1 is "none" in the reference's test files. */
  readonly label?: number
  /** Name of the read's genus, where the source has one. */
  readonly genus?: string
  /** The record as it stands in FASTA or FASTQ, where that was asked for. */
  readonly text?: RecordText
}

/** A record of FASTA or FASTQ, to write it as it was. */
export type RecordText = {
  /** What follows `>` or `@`. */
  readonly title: string
  readonly letters: string
  /** In FASTQ, as long as `letters`. */
  readonly quality?: string
}

/** The code of a base that is not A, C, G or T: N, the other IUPAC codes, a gap. */
export const unknown = 4

/** The longest read (or contig) that is taken, in bases, unless told otherwise; longer than any bacterial genome. */
export const maxReadLength = 2 ** 28

const letters = 'ACGTN'
const illegal = 255
/** Set in the code of a letter that stands for an amino acid, and for no nucleotide in any code (IUPAC; X is a masked base). */
const foreign = 8
/** The code of every byte of text. */
const codes = new Uint8Array(256).fill(illegal)
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') codes[letter.charCodeAt(0)] = unknown
for (const gap of '-.*') codes[gap.charCodeAt(0)] = unknown
for (const letter of 'EFIJLOPQZ') codes[letter.charCodeAt(0)] |= foreign
for (let code = 0; code < 4; code++) codes[letters.charCodeAt(code)] = code
codes['U'.charCodeAt(0)] = 3
for (let upper = 65; upper <= 90; upper++) codes[upper + 32] = codes[upper]

/**
 * Writes the codes of `text` (ASCII letters, upper or lower case, U as T; `-`, `.` and `*` are unknown bases) into
 * `out` from `offset` on.
 * @returns the index in `text` of the first byte that cannot stand in a sequence; where there is none, -1 less the number
 * of letters that stand for no nucleotide, nor for several or an unknown one, but for an amino acid.
 */
export function encodeInto(text: Uint8Array, out: Uint8Array, offset = 0): number {
  let foreignLetters = 0
  for (let i = 0; i < text.length; i++) {
    const code = codes[text[i]]
    if (code === illegal) return i
    out[offset + i] = code & 7
    foreignLetters += code >> 3
  }
  return -1 - foreignLetters
}

/**
 * The codes of a sequence of letters.
 * @throws RangeError when a character cannot stand in a sequence; TypeError for what is no string.
 */
export function encode(sequence: string): Uint8Array {
  checkString('encode', 'a sequence of letters', sequence)
  const text = new TextEncoder().encode(sequence)
  const bases = new Uint8Array(text.length)
  const bad = encodeInto(text, bases)
  if (bad >= 0) throw new RangeError(`sequence has ${describeByte(text[bad])} at position ${bad + 1}`)
  return bases
}

const decoder = new TextDecoder()

/** The letters of codes: upper-case ACGT, and N for unknown. @throws TypeError for what are no bases. */
export function decode(bases: Uint8Array): string {
  checkBases('decode', bases)
  return decoder.decode(bases.map(code => letters.charCodeAt(code)))
}

/**
 * G and C as a fraction of the known bases; NaN if none is known.
 * @example
 * ```ts
 * import { encode, gcFraction } from 'xenograd/data'
 *
 * console.log(gcFraction(encode('ACGN'))) // 0.6666666666666666
 * ```
 */
export function gcFraction(bases: Uint8Array): number {
  let gc = 0
  let known = 0
  for (const code of bases) {
    if (code === 1 || code === 2) gc++
    if (code < unknown) known++
  }
  return gc / known
}

/**
 * The other strand, read in its own direction. Unknown bases stay unknown.
 * @throws TypeError for what are no bases.
 * @example
 * ```ts
 * import { decode, encode, reverseComplement } from 'xenograd/data'
 *
 * console.log(decode(reverseComplement(encode('AACG')))) // CGTT
 * ```
 */
export function reverseComplement(bases: Uint8Array): Uint8Array {
  checkBases('reverseComplement', bases)
  const complement = new Uint8Array(bases.length)
  for (let i = 0; i < bases.length; i++) {
    const code = bases[bases.length - 1 - i]
    complement[i] = code < unknown ? 3 - code : unknown
  }
  return complement
}

/** A byte as an error message shows it: `'?'` or `byte 0xff`. */
export function describeByte(byte: number): string {
  return byte > 32 && byte < 127
    ? `'${String.fromCharCode(byte)}'`
    : `byte 0x${byte.toString(16).padStart(2, '0')}`
}
