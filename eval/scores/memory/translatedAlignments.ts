import { reverseComplement, unknown } from '../../../data/index.js'
import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import { codonScores, unknownCodon } from './codonScores.js'
import { lookupsOf } from './lookups.js'
import { pieceLength, piecesOf } from './pieces.js'
import { type Alignment, addRegionLeads } from './regionLeads.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { fillBuckets, type SeedIndex, seedCodons } from './seedIndex.js'

/** An alignment is not extended further once its score has fallen by this much (Altschul et al. 1990), in half bits. */
const dropOff = 20
/** A seed whose own codons score less is chance, or another seed of the same bucket. */
const leastSeedScore = 16
/** An alignment counts beside a better one of its genus if at most this share of it is covered by better ones. */
const mostCovered = 0.25
/** Diagonals that were extended lately, by their low bits. */
const diagonalSlots = 4096

export type AlignmentOptions = {
  /** What an alignment must score beyond, in half bits: as high as chance goes in genomes of some ten million bases. */
  readonly threshold: number
}

/**
 * Finds what a fragment has in common with the proteins of each genus: alignments of codons without gaps, scored by their
 * amino acids, in both directions and all frames.
 */
export class TranslatedAlignments {
  readonly #genomes: RememberedGenomes
  readonly #index: SeedIndex
  readonly #buckets = new Int32Array(pieceLength)
  readonly #codons = new Uint8Array(pieceLength)
  readonly #diagonals = new Int32Array(diagonalSlots)
  readonly #ends = new Int32Array(diagonalSlots)

  constructor(
    genomes: RememberedGenomes,
    readonly options: AlignmentOptions,
  ) {
    this.#genomes = genomes
    this.#index = lookupsOf(genomes).index
  }

  /** Adds, for each genus, by how much its alignments with a fragment exceed the threshold, in half bits, to `sums`. */
  addScores(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment))
      for (const [genus, ofGenus] of this.#alignPiece(piece).entries())
        sums[genus] += this.#counted(ofGenus, piece.length).reduce((sum, { excess }) => sum + excess, 0)
  }

  /** Adds to `sums`, for each genus, by how much its alignments lead over those of all others, region by region, in half bits. */
  addLeads(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment)) addRegionLeads(this.#alignPiece(piece), piece.length, sums)
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
        for (const { excess, ...alignment } of this.#counted(alignments[of], piece.length)) {
          const start = Math.max(0, alignment.start)
          const end = Math.min(piece.length, alignment.end)
          const perBase = (sign * weight * excess) / (end - start)
          for (let i = start; i < end; i++) values.add(from + i, perBase)
        }
    }
  }

  /** The alignments of a piece with each genus. */
  #alignPiece(piece: Uint8Array): Alignment[][] {
    const alignments: Alignment[][] = this.#genomes.genera.map(() => [])
    this.#alignStrand(piece, false, alignments)
    this.#alignStrand(reverseComplement(piece), true, alignments)
    return alignments
  }

  /** Collects the alignments of one strand, their places in bases of the forward one. */
  #alignStrand(query: Uint8Array, reversed: boolean, alignments: Alignment[][]): void {
    const index = this.#index
    const { places } = index
    this.#ends.fill(0)
    fillBuckets(query, this.#buckets)
    fillCodons(query, this.#codons)
    for (let position = 0; position < query.length; position++) {
      const bucket = this.#buckets[position]
      if (bucket < 0) continue
      const end = index.startOf(bucket + 1)
      for (let place = index.startOf(bucket); place < end; place++)
        this.#extend(query.length, position, places[place], reversed, alignments)
    }
  }

  /** Extends a seed in both directions, codon by codon, unless an alignment went through it already. */
  #extend(
    length: number,
    position: number,
    place: number,
    reversed: boolean,
    alignments: Alignment[][],
  ): void {
    const codons = this.#codons
    const { bases } = this.#genomes
    const { packed } = bases
    const diagonal = (place - position) | 0
    const slot = Math.imul(diagonal, 0x9e3779b1) >>> 20
    if (this.#diagonals[slot] === diagonal && this.#ends[slot] > position) return
    let score = 0
    let q = position
    let b = place
    for (let codon = 0; codon < seedCodons; codon++, q += 3, b += 3) score += pairScore(codons[q], packed, b)
    if (score < leastSeedScore) return
    const known = bases.knownAround(place)
    if (b > known.end) return
    let best = score
    let end = q
    for (; q + 3 <= length && b + 3 <= known.end && best - score <= dropOff; q += 3, b += 3) {
      score += pairScore(codons[q], packed, b)
      if (score > best) {
        best = score
        end = q + 3
      }
    }
    score = best
    let start = position
    for (
      q = position - 3, b = place - 3;
      q >= 0 && b >= known.start && best - score <= dropOff;
      q -= 3, b -= 3
    ) {
      score += pairScore(codons[q], packed, b)
      if (score > best) {
        best = score
        start = q
      }
    }
    this.#diagonals[slot] = diagonal
    this.#ends[slot] = end
    if (best <= this.options.threshold) return
    alignments[this.#genomes.genusAt(place)].push(
      reversed ? { score: best, start: length - end, end: length - start } : { score: best, start, end },
    )
  }

  /** Alignments and by how much each exceeds the threshold, the best first, those left out that mostly repeat better ones. */
  #counted(alignments: Alignment[], length: number): (Alignment & { readonly excess: number })[] {
    if (alignments.length === 0) return []
    alignments.sort((a, b) => b.score - a.score)
    const covered = new Uint8Array(length)
    const counted = []
    for (const alignment of alignments) {
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

/** Writes into `codons` the codon that begins at each base, the first base in its lowest bits; bases beyond the end are A. */
function fillCodons(query: Uint8Array, codons: Uint8Array): void {
  for (let i = 0; i < query.length; i++) {
    const [one, two, three] = [query[i], query[i + 1] ?? 0, query[i + 2] ?? 0]
    codons[i] = (one | two | three) < unknown ? one | (two << 2) | (three << 4) : unknownCodon
  }
}

/** The score of a codon and of that which begins at a place of packed bases. */
function pairScore(codon: number, packed: Uint8Array, place: number): number {
  const byte = place >>> 2
  const bits = packed[byte] | (packed[byte + 1] << 8)
  return codonScores[(codon << 6) | ((bits >> (2 * (place & 3))) & 63)]
}
