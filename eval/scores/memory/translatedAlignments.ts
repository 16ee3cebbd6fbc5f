import { reverseComplement, unknown } from '../../../data/index.js'
import { codonScores } from './codonScores.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { forEachSeed, SeedIndex } from './seedIndex.js'

/** An alignment is not extended further once its score has fallen by this much (Altschul et al. 1990), in half bits. */
const dropOff = 20
/** A seed whose own codons score less is chance, or another seed of the same bucket. */
const leastSeedScore = 16
/** Seeds in more places than this are repeats, which tell little and cost much. */
const mostPlaces = 300
/** Codons of a seed, as the index has it. */
const seedCodons = 7
/** An alignment counts beside a better one of its genus if at most this share of it is covered by better ones. */
const mostCovered = 0.25
/** A long fragment is aligned in pieces of so many bases. */
const pieceLength = 8192

/** Diagonals that were extended lately, by their low bits. */
const diagonalSlots = 4096

type Alignment = { readonly score: number; readonly start: number; readonly end: number }

export type AlignmentOptions = {
  /** What an alignment must score beyond, in half bits: as high as chance goes in genomes of some ten million bases. */
  readonly threshold: number
}

/**
 * Finds what a fragment has in common with the proteins of each genus: alignments of codons without gaps, scored by their
 * amino acids, in both directions and all frames.
 */
export class TranslatedAlignments {
  readonly #bases: Uint8Array
  readonly #index: SeedIndex
  readonly #genera: number
  /** The genus of each block of `2 ** blockBits` bases; a block in which one ends has `mixed`. */
  readonly #genusOf: Uint8Array
  readonly #stretches: RememberedGenomes['stretches']
  readonly #diagonals = new Int32Array(diagonalSlots)
  readonly #ends = new Int32Array(diagonalSlots)

  constructor(
    { bases, genera, stretches }: RememberedGenomes,
    readonly options: AlignmentOptions,
  ) {
    this.#bases = bases
    this.#genera = genera.length
    this.#index = new SeedIndex(bases)
    this.#stretches = stretches
    this.#genusOf = genusOfBlocks(bases.length, stretches)
  }

  /** Adds, for each genus, by how much its alignments with a fragment exceed the threshold, in half bits, to `sums`. */
  addScores(fragment: Uint8Array, sums: Float64Array): void {
    for (let start = 0; start < fragment.length; start += pieceLength)
      this.#addPiece(fragment.subarray(start, start + pieceLength), sums)
  }

  #addPiece(piece: Uint8Array, sums: Float64Array): void {
    const alignments: Alignment[][] = Array.from({ length: this.#genera }, () => [])
    this.#alignStrand(piece, false, alignments)
    this.#alignStrand(reverseComplement(piece), true, alignments)
    for (const [genus, ofGenus] of alignments.entries())
      if (ofGenus.length > 0) sums[genus] += this.#excess(ofGenus, piece.length)
  }

  /** Collects the alignments of one strand, their places in bases of the forward one. */
  #alignStrand(query: Uint8Array, reversed: boolean, alignments: Alignment[][]): void {
    const { starts, positions } = this.#index
    this.#ends.fill(0)
    forEachSeed(query, (position, bucket) => {
      const first = starts[bucket]
      const end = starts[bucket + 1]
      if (end - first > mostPlaces) return
      for (let place = first; place < end; place++)
        this.#extend(query, position, positions[place], reversed, alignments)
    })
  }

  /** Extends a seed in both directions, codon by codon, unless an alignment went through it already. */
  #extend(
    query: Uint8Array,
    position: number,
    place: number,
    reversed: boolean,
    alignments: Alignment[][],
  ): void {
    const bases = this.#bases
    const diagonal = (place - position) | 0
    const slot = Math.imul(diagonal, 0x9e3779b1) >>> 20
    if (this.#diagonals[slot] === diagonal && this.#ends[slot] > position) return
    let score = 0
    let q = position
    let b = place
    for (let codon = 0; codon < seedCodons; codon++, q += 3, b += 3) score += pairScore(query, q, bases, b)
    if (score < leastSeedScore) return
    let best = score
    let end = q
    for (; q + 3 <= query.length && best - score <= dropOff; q += 3, b += 3) {
      score += pairScore(query, q, bases, b)
      if (score > best) {
        best = score
        end = q + 3
      }
    }
    score = best
    let start = position
    for (q = position - 3, b = place - 3; q >= 0 && best - score <= dropOff; q -= 3, b -= 3) {
      score += pairScore(query, q, bases, b)
      if (score > best) {
        best = score
        start = q
      }
    }
    this.#diagonals[slot] = diagonal
    this.#ends[slot] = end
    if (best <= this.options.threshold) return
    const { length } = query
    alignments[this.#genusAt(place)].push(
      reversed ? { score: best, start: length - end, end: length - start } : { score: best, start, end },
    )
  }

  /** By how much alignments exceed the threshold together, the best first, those left out that mostly repeat better ones. */
  #excess(alignments: Alignment[], length: number): number {
    alignments.sort((a, b) => b.score - a.score)
    const covered = new Uint8Array(length)
    let sum = 0
    for (const { score, start, end } of alignments) {
      let overlap = 0
      for (let i = start; i < end; i++) overlap += covered[i]
      if (overlap > mostCovered * (end - start)) continue
      covered.fill(1, start, end)
      sum += score - this.options.threshold
    }
    return sum
  }

  #genusAt(position: number): number {
    const genus = this.#genusOf[position >> blockBits]
    if (genus !== mixed) return genus
    return this.#stretches.find(({ end }) => position < end)!.genus
  }
}

/** The score of two codons; far below zero where a base of the remembered one is unknown, or there is none. */
function pairScore(query: Uint8Array, q: number, bases: Uint8Array, b: number): number {
  const one = bases[b]
  const two = bases[b + 1]
  const three = bases[b + 2]
  if (!((one | two | three) < unknown)) return -1000
  if ((query[q] | query[q + 1] | query[q + 2]) >= unknown) return -1000
  return codonScores[
    (query[q] << 10) | (query[q + 1] << 8) | (query[q + 2] << 6) | (one << 4) | (two << 2) | three
  ]
}

const blockBits = 10
const mixed = 255

function genusOfBlocks(length: number, stretches: RememberedGenomes['stretches']): Uint8Array {
  const blocks = new Uint8Array((length >> blockBits) + 1).fill(mixed)
  for (const { genus, start, end } of stretches)
    blocks.fill(genus, Math.ceil(start / 2 ** blockBits), end >> blockBits)
  return blocks
}
