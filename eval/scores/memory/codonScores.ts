import { residueLetter } from '../translate.js'

/**
 * BLOSUM62 (Henikoff & Henikoff 1992, Proc. Natl. Acad. Sci. 89, 10915: log-odds of aligned amino acids, in half bits),
 * the lower triangle, amino acids in the order of `aminoOrder`.
 */
const aminoOrder = 'ARNDCQEGHILKMFPSTWYV'
const triangle = [
  [4],
  [-1, 5],
  [-2, 0, 6],
  [-2, -2, 1, 6],
  [0, -3, -3, -3, 9],
  [-1, 1, 0, 0, -3, 5],
  [-1, 0, 0, 2, -4, 2, 5],
  [0, -2, 0, -1, -3, -2, -2, 6],
  [-2, 0, 1, -1, -3, 0, 0, -2, 8],
  [-1, -3, -3, -3, -1, -3, -3, -4, -3, 4],
  [-1, -2, -3, -4, -1, -2, -3, -4, -3, 2, 4],
  [-1, 2, 0, -1, -3, 1, 1, -2, -1, -3, -2, 5],
  [-1, -1, -2, -3, -1, 0, -2, -3, -2, 1, 2, -1, 5],
  [-2, -3, -3, -3, -2, -3, -3, -3, -1, 0, 0, -3, 0, 6],
  [-1, -2, -2, -1, -3, -1, -1, -2, -2, -3, -3, -1, -2, -4, 7],
  [1, -1, 1, 0, -1, 0, 0, 0, -1, -2, -2, 0, -1, -2, -1, 4],
  [0, -1, 0, -1, -1, -1, -1, -2, -2, -1, -1, -1, -1, -2, -1, 1, 5],
  [-3, -3, -4, -4, -2, -2, -3, -2, -2, -3, -2, -3, -1, 1, -4, -3, -2, 11],
  [-2, -2, -2, -3, -2, -1, -2, -3, 2, -1, -1, -2, -1, 3, -3, -2, -2, 2, 7],
  [0, -3, -3, -3, -1, -2, -2, -3, -3, 3, 1, -2, 1, -1, -2, -2, 0, -3, -1, 4],
]

/** A stop codon against an amino acid, and against a stop codon: genes do not go through one. */
const stopAgainstAmino = -6
const stopAgainstStop = -2
/** Added where the codons are the same, not only their amino acids. */
const sameCodon = 1

/** Stands for a codon with an unknown base. */
export const unknownCodon = 64
/** So low that no alignment goes through an unknown base. */
const unknownScore = -1000

/**
 * The score of two aligned codons, at [64 * one + other]: numbers 0 to 63, the first base in the lowest bits; the first of
 * them may be `unknownCodon`.
 */
export const codonScores: Int16Array = makeCodonScores()

function makeCodonScores(): Int16Array {
  const scores = new Int16Array(65 * 64).fill(unknownScore)
  for (let one = 0; one < 64; one++)
    for (let other = 0; other < 64; other++) {
      const [a, b] = [one, other].map(codon => residueLetter(firstBaseHighest(codon)))
      scores[64 * one + other] =
        a === '*' || b === '*'
          ? a === b
            ? stopAgainstStop
            : stopAgainstAmino
          : aminoScore(a, b) + (one === other ? sameCodon : 0)
    }
  return scores
}

/** The codon with its first base in the highest bits, as translations number it. */
function firstBaseHighest(codon: number): number {
  return ((codon & 3) << 4) | (codon & 12) | (codon >> 4)
}

function aminoScore(a: string, b: string): number {
  const [i, j] = [aminoOrder.indexOf(a), aminoOrder.indexOf(b)]
  return triangle[Math.max(i, j)][Math.min(i, j)]
}
