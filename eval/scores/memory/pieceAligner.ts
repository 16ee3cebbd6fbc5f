import { reverseComplement, unknown } from '../../../data/index.js'
import { codonScores, unknownCodon } from './codonScores.js'
import { pieceLength } from './pieces.js'
import { Recent } from './recent.js'
import type { Alignment, CodonVisits } from './regionLeads.js'
import type { RememberedGenomes } from './rememberedGenomes.js'
import { fillBuckets, mostPlaces, type SeedIndex } from './seedIndex.js'

/** An alignment is not extended further once its score has fallen by this much (Altschul et al. 1990), in half bits. */
const dropOff = 20
/** So many codons from the start of a seed on are scored first, all that is read of a place at once. */
const firstCodons = 7
/** A seed whose first codons score less is chance, or another seed of the same bucket. */
const leastSeedScore = 16
/** Diagonals that were extended lately, by their low bits. */
const diagonalSlots = 4096
/** So many seeds are scored before the first of them is extended. */
const seedsAtOnce = 2048
/** The alignments of so many pieces are kept: for scores that go through fragments side by side, piece by piece. */
const recentPieces = 4

/** An alignment, and where it begins in the genomes; of the other strand, where its last codon in the fragment is. */
export type PlacedAlignment = Alignment & { readonly place: number; readonly reversed: boolean }

/**
 * Finds the alignments of pieces of fragments with the proteins of each genus: of codons without gaps, scored by their amino
 * acids, in both directions and all frames.
 */
export class PieceAligner {
  readonly #genomes: RememberedGenomes
  readonly #index: SeedIndex
  #threshold = Number.POSITIVE_INFINITY
  readonly #recent = new Recent<readonly (readonly PlacedAlignment[])[]>(recentPieces)
  readonly #buckets = new Int32Array(pieceLength)
  readonly #codons = new Uint8Array(pieceLength)
  readonly #diagonals = new Int32Array(diagonalSlots)
  readonly #ends = new Int32Array(diagonalSlots)
  /** Where the slots of each seed of a strand begin and end in the index. */
  readonly #firstSlots = new Uint32Array(pieceLength)
  readonly #endSlots = new Uint32Array(pieceLength)
  /** Seeds that are extended next: where they are in the strand and in the genomes, and the score of their first codons. */
  readonly #positions = new Uint16Array(seedsAtOnce)
  readonly #places = new Uint32Array(seedsAtOnce)
  readonly #threeCodons = new Int32Array(seedsAtOnce)
  readonly #fourCodons = new Int32Array(seedsAtOnce)
  readonly #scores = new Int16Array(seedsAtOnce)

  constructor(genomes: RememberedGenomes, index: SeedIndex) {
    this.#genomes = genomes
    this.#index = index
  }

  /** What alignments score beyond, in half bits: the least that was asked for. */
  get threshold(): number {
    return this.#threshold
  }

  /** Finds alignments from now on that score beyond a threshold in half bits. */
  findBeyond(threshold: number): void {
    if (threshold >= this.#threshold) return
    this.#threshold = threshold
    this.#recent.clear()
  }

  /** The alignments with each genus of a piece of `pieceLength` bases at most, that score beyond the threshold. */
  align(piece: Uint8Array): readonly (readonly PlacedAlignment[])[] {
    return this.#recent.of(piece, () => {
      const alignments: PlacedAlignment[][] = this.#genomes.genera.map(() => [])
      this.#alignStrand(piece, false, alignments)
      this.#alignStrand(reverseComplement(piece), true, alignments)
      return alignments
    })
  }

  /**
   * Collects the alignments of one strand, their places in bases of the forward one. What a seed is looked up in is larger
   * than any cache. So each kind of look is made for many seeds in a row, none of which waits for another.
   */
  #alignStrand(query: Uint8Array, reversed: boolean, alignments: PlacedAlignment[][]): void {
    const index = this.#index
    const [buckets, starts, ends] = [this.#buckets, this.#firstSlots, this.#endSlots]
    this.#ends.fill(0)
    fillBuckets(query, buckets)
    fillCodons(query, this.#codons)
    for (let i = 0; i < query.length; i++) {
      starts[i] = buckets[i] < 0 ? 0 : index.startOf(buckets[i])
      ends[i] = buckets[i] < 0 ? 0 : index.endOf(buckets[i])
    }
    let position = 0
    while (position < query.length) {
      let seeds = 0
      for (; position < query.length && seeds <= seedsAtOnce - mostPlaces; position++)
        for (let slot = starts[position]; slot < ends[position]; slot++) {
          const place = index.placeAt(slot, buckets[position])
          if (place < 0) continue
          this.#positions[seeds] = position
          this.#places[seeds++] = place
        }
      this.#readSeeds(seeds)
      this.#scoreSeeds(seeds)
      for (let seed = 0; seed < seeds; seed++)
        if (this.#scores[seed] >= leastSeedScore) this.#extend(seed, query.length, reversed, alignments)
    }
  }

  /** Reads the first codons of seeds in the packed genomes: three of each, and the four that follow. */
  #readSeeds(seeds: number): void {
    const { packed } = this.#genomes.bases
    for (let seed = 0; seed < seeds; seed++) {
      const place = this.#places[seed]
      const byte = place >>> 2
      const shift = 2 * (place & 3)
      const third = packed[byte + 2]
      this.#threeCodons[seed] = (packed[byte] | (packed[byte + 1] << 8) | (third << 16)) >> shift
      this.#fourCodons[seed] =
        (third | (packed[byte + 3] << 8) | (packed[byte + 4] << 16) | (packed[byte + 5] << 24)) >> (shift + 2)
    }
  }

  /** Scores the first codons of seeds. */
  #scoreSeeds(seeds: number): void {
    const codons = this.#codons
    for (let seed = 0; seed < seeds; seed++) {
      const q = this.#positions[seed]
      const three = this.#threeCodons[seed]
      const four = this.#fourCodons[seed]
      this.#scores[seed] =
        codonScores[(codons[q] << 6) | (three & 63)] +
        codonScores[(codons[q + 3] << 6) | ((three >> 6) & 63)] +
        codonScores[(codons[q + 6] << 6) | ((three >> 12) & 63)] +
        codonScores[(codons[q + 9] << 6) | (four & 63)] +
        codonScores[(codons[q + 12] << 6) | ((four >> 6) & 63)] +
        codonScores[(codons[q + 15] << 6) | ((four >> 12) & 63)] +
        codonScores[(codons[q + 18] << 6) | ((four >> 18) & 63)]
    }
  }

  /** Extends a seed in both directions, codon by codon, unless an alignment went through it already. */
  #extend(seed: number, length: number, reversed: boolean, alignments: PlacedAlignment[][]): void {
    const codons = this.#codons
    const { bases } = this.#genomes
    const { packed } = bases
    const position = this.#positions[seed]
    const place = this.#places[seed]
    const diagonal = (place - position) | 0
    const slot = Math.imul(diagonal, 0x9e3779b1) >>> 20
    if (this.#diagonals[slot] === diagonal && this.#ends[slot] > position) return
    const known = bases.knownAround(place)
    let q = position + 3 * firstCodons
    let b = place + 3 * firstCodons
    let score = this.#scores[seed]
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
    if (best <= this.#threshold) return
    alignments[this.#genomes.genusAt(place)].push({
      score: best,
      start: reversed ? length - end : start,
      end: reversed ? length - start : end,
      place: place - position + start,
      reversed,
    })
  }

  /** Gives the scores of the codons of alignments of a piece: computed anew, as to keep them would take more memory. */
  codonsOf(piece: Uint8Array): CodonVisits<PlacedAlignment> {
    const { packed } = this.#genomes.bases
    const { length } = piece
    const [forward, backward] = [piece, reverseComplement(piece)].map(strand => {
      const codons = new Uint8Array(length)
      fillCodons(strand, codons)
      return codons
    })
    return ({ start, end, place, reversed }, visit) => {
      const codons = reversed ? backward : forward
      const first = reversed ? length - end : start
      for (let i = 0; i < end - start; i += 3)
        visit(reversed ? end - 3 - i : start + i, pairScore(codons[first + i], packed, place + i))
    }
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
