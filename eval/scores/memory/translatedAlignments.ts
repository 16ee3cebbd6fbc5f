import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import { lookupsOf } from './lookups.js'
import type { PieceAligner, PlacedAlignment } from './pieceAligner.js'
import { pieceLength, piecesOf } from './pieces.js'
import { type Alignment, addRegionLeads, forEachLead, scoresPerBase } from './regionLeads.js'
import type { RememberedGenomes } from './rememberedGenomes.js'

/** An alignment counts beside a better one of its genus if at most this share of it is covered by better ones. */
const mostCovered = 0.25

export type AlignmentOptions = {
  /** What an alignment must score beyond, in half bits: as high as chance goes in genomes of some ten million bases. */
  readonly threshold: number
}

/**
 * What a fragment has in common with the proteins of each genus: what its alignments say, piece by piece of `pieceLength`
 * bases.
 */
export class TranslatedAlignments {
  readonly #aligner: PieceAligner
  /** Which bases of a piece are in an alignment that counts: used again for each. */
  readonly #covered = new Uint8Array(pieceLength)

  constructor(
    genomes: RememberedGenomes,
    readonly options: AlignmentOptions,
  ) {
    this.#aligner = lookupsOf(genomes).aligner
    this.#aligner.findBeyond(options.threshold)
  }

  /** Adds, for each genus, by how much its alignments with a fragment exceed the threshold, in half bits, to `sums`. */
  addScores(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment))
      for (const [genus, ofGenus] of this.#alignPiece(piece).entries())
        sums[genus] += this.#counted(ofGenus, piece.length).reduce((sum, { excess }) => sum + excess, 0)
  }

  /** Adds to `sums`, for each genus, by how much its alignments lead over those of all others, region by region, in half bits. */
  addLeads(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment))
      addRegionLeads(this.#alignPiece(piece), this.#aligner.codonsOf(piece), piece.length, sums)
  }

  /**
   * Adds to `values`, times `weight`, what `addScores` adds for one genus more than for another; what an alignment adds is
   * spread evenly over its bases.
   */
  addTrack(fragment: Uint8Array, [genus, other]: GenusPair, weight: number, values: BaseValues): void {
    for (const [from, piece] of piecesOf(fragment)) {
      const alignments = this.#alignPiece(piece)
      for (const [of, sign] of [
        [genus, 1],
        [other, -1],
      ])
        for (const { excess, start, end } of this.#counted(alignments[of], piece.length)) {
          const perBase = (sign * weight * excess) / (end - start)
          for (let i = start; i < end; i++) values.add(from + i, perBase)
        }
    }
  }

  /** Adds to `values`, times `weight`, what each base adds to what `addLeads` adds for a genus. */
  addLeadTrack(fragment: Uint8Array, genus: number, weight: number, values: BaseValues): void {
    for (const [from, piece] of piecesOf(fragment))
      forEachLead(
        scoresPerBase(this.#alignPiece(piece), this.#aligner.codonsOf(piece), piece.length),
        genus,
        (base, lead) => values.add(from + base, weight * lead),
      )
  }

  /** The alignments of a piece with each genus, in the order in which they were found. */
  #alignPiece(piece: Uint8Array): readonly (readonly PlacedAlignment[])[] {
    const alignments = this.#aligner.align(piece)
    const { threshold } = this.options
    if (threshold === this.#aligner.threshold) return alignments
    return alignments.map(ofGenus => ofGenus.filter(({ score }) => score > threshold))
  }

  /**
   * Alignments, and by how much each exceeds the threshold, the best first, those left out that mostly repeat better ones.
   */
  #counted(alignments: readonly Alignment[], length: number): (Alignment & { readonly excess: number })[] {
    if (alignments.length === 0) return []
    const covered = this.#covered.subarray(0, length).fill(0)
    const counted = []
    for (const alignment of alignments.toSorted((a, b) => b.score - a.score)) {
      const { score, start, end } = alignment
      let overlap = 0
      for (let i = start; i < end; i++) overlap += covered[i]
      if (overlap > mostCovered * (end - start)) continue
      covered.fill(1, start, end)
      counted.push({ ...alignment, excess: score - this.options.threshold })
    }
    return counted
  }
}
