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

/** The score of two aligned codons (numbers 0 to 63, the first base in the highest bits), at [64 * one + other]. */
export const codonScores: Int8Array = makeCodonScores()

function makeCodonScores(): Int8Array {
  const scores = new Int8Array(64 * 64)
  for (let one = 0; one < 64; one++)
    for (let other = 0; other < 64; other++) {
      const [a, b] = [residueLetter(one), residueLetter(other)]
      scores[64 * one + other] =
        a === '*' || b === '*'
          ? a === b
            ? stopAgainstStop
            : stopAgainstAmino
          : aminoScore(a, b) + (one === other ? sameCodon : 0)
    }
  return scores
}

function aminoScore(a: string, b: string): number {
  const [i, j] = [aminoOrder.indexOf(a), aminoOrder.indexOf(b)]
  return triangle[Math.max(i, j)][Math.min(i, j)]
}
