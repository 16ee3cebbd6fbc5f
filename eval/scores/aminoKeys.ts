import { reverseComplement } from '../../data/index.js'
import { type KeyBatch, keyBatch } from './sets/index.js'
import { aminoAcids, residuesOf, stop, unknownResidue } from './translate.js'

/** The shortest and the longest k-mers of amino acids. */
export const aminoK = { least: 2, most: 9 } as const

const batchSize = 4096

/** What is told of the k-mers of one frame of a sequence: batch by batch, then how many windows the frame had. */
export type FrameVisitor = {
  batch(keys: KeyBatch, count: number): void
  /** `coding`: the k-mers of the frame; `windows`: the same with those that have a stop codon. */
  endOfFrame?(coding: number, windows: number): void
}

/**
 * Gives the k-mers of amino acids without stop codons in all six frames of a sequence, batch by batch: numbers to the base
 * of 20, the first residue in the highest place. A batch is reused.
 */
export class AminoKeys {
  readonly #batch: KeyBatch = keyBatch(batchSize)

  /** @throws RangeError unless k is in `aminoK`. */
  constructor(readonly k: number) {
    if (!(Number.isInteger(k) && k >= aminoK.least && k <= aminoK.most))
      throw new RangeError(
        `k-mers of ${k} amino acids: give a whole number from ${aminoK.least} to ${aminoK.most}`,
      )
  }

  forEachFrame(bases: Uint8Array, visitor: FrameVisitor): void {
    for (const strand of [bases, reverseComplement(bases)]) {
      const residues = residuesOf(strand)
      for (let frame = 0; frame < 3; frame++) this.#frame(residues, frame, visitor)
    }
  }

  #frame(residues: Uint8Array, frame: number, visitor: FrameVisitor): void {
    const { k } = this
    const { high, low } = this.#batch
    const place = aminoAcids ** (k - 1) // of the first residue
    const first = 3 * k - 3 // how far before the last residue it begins
    let key = 0
    let coding = 0 // residues since the last stop or unknown codon
    let known = 0 // residues since the last unknown codon
    let windows = 0
    let inAll = 0 // k-mers without a stop codon
    let count = 0
    for (let i = frame; i < residues.length; i += 3) {
      const residue = residues[i]
      known = residue === unknownResidue ? 0 : known + 1
      if (known >= k) windows++
      if (residue >= stop) {
        coding = key = 0
        continue
      }
      if (coding >= k) key -= residues[i - first - 3] * place
      key = key * aminoAcids + residue
      if (++coding < k) continue
      inAll++
      high[count] = key / 2 ** 32
      low[count] = key // modulo 2^32
      if (++count === batchSize) {
        visitor.batch(this.#batch, count)
        count = 0
      }
    }
    if (count > 0) visitor.batch(this.#batch, count)
    visitor.endOfFrame?.(inAll, windows)
  }
}
