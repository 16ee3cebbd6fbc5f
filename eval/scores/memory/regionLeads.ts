/**
 * An alignment of a fragment with a genome, codon by codon: its score in half bits, and the bases of the fragment from
 * `start` to before `end`.
 */
export type Alignment = { readonly score: number; readonly start: number; readonly end: number }

/** Gives the score of each codon of an alignment, in half bits, with its first base in the fragment. */
export type CodonVisits<A> = (alignment: A, visit: (base: number, score: number) => void) => void

/**
 * Half bits a codon that every genus is credited with, where its alignments have less: so that a gene which others lack,
 * or have too far changed to be found, speaks for a genus no more than one that they have in a distant form.
 */
const credited = 1
const basesOfCodon = 3

/**
 * Adds to `sums`, for each genus, by how much its alignments with a piece of a fragment lead over those of all others, in
 * half bits: base by base, the score there of its best alignment that covers the base minus that of the best other genus,
 * which may be another one in every region. For the genus of a fragment it is positive nearly everywhere; where now one
 * genus is nearest and now another, as in what comes from none of them, what the one gains the other loses. Codons are
 * compared one by one, as alignments do not end where others do: by means over whole alignments, one of a gene's best
 * conserved part would beat one of the whole gene that is closer there.
 *
 * `alignments`: those of each genus; `length`: of the piece, in bases.
 */
export function addRegionLeads<A extends Alignment>(
  alignments: readonly (readonly A[])[],
  forEachCodon: CodonVisits<A>,
  length: number,
  sums: Float64Array,
): void {
  addBaseLeads(scoresPerBase(alignments, forEachCodon, length), sums)
}

/** Gives, base by base, by how much the track of a genus leads over those of all others, where it does or they over it. */
export function forEachLead(
  tracks: readonly Float32Array[],
  genus: number,
  visit: (base: number, lead: number) => void,
): void {
  const ofGenus = tracks[genus]
  const others = tracks.filter(track => track !== ofGenus)
  for (let i = 0; i < ofGenus.length; i++) {
    let best = Number.NEGATIVE_INFINITY
    for (const track of others) if (track[i] > best) best = track[i]
    if (ofGenus[i] !== best) visit(i, ofGenus[i] - best)
  }
}

/** Adds to `sums`, for each genus, by how much its track leads over those of all others, base by base. */
export function addBaseLeads(tracks: readonly Float32Array[], sums: Float64Array): void {
  for (let i = 0; i < tracks[0].length; i++) {
    let best = Number.NEGATIVE_INFINITY
    let second = Number.NEGATIVE_INFINITY
    for (const track of tracks) {
      if (track[i] > best) {
        second = best
        best = track[i]
      } else if (track[i] > second) second = track[i]
    }
    for (const [genus, track] of tracks.entries())
      sums[genus] += track[i] - (track[i] === best ? second : best)
  }
}

/**
 * By genus, where the scores of the bases of a piece are written, of one piece after another: making room anew for each
 * would take up more memory than all else that goes with a piece.
 */
const rooms: Float32Array[] = []

function roomOf(genus: number, length: number): Float32Array {
  if (!(rooms[genus]?.length >= length)) rooms[genus] = new Float32Array(length)
  return rooms[genus].subarray(0, length)
}

/** The score of each base in the best alignment of each genus that covers it. The arrays are used again. */
export const scoresPerBase = <A extends Alignment>(
  alignments: readonly (readonly A[])[],
  forEachCodon: CodonVisits<A>,
  length: number,
): Float32Array[] =>
  alignments.map((ofGenus, genus) => scorePerBase(ofGenus, forEachCodon, roomOf(genus, length)))

/** Writes into `track` the score of each base in the best alignment that covers it: a third of that of its codon. */
function scorePerBase<A extends Alignment>(
  alignments: readonly A[],
  forEachCodon: CodonVisits<A>,
  track: Float32Array,
): Float32Array {
  track.fill(credited / basesOfCodon)
  for (const alignment of alignments.toSorted((a, b) => a.score - b.score))
    forEachCodon(alignment, (base, score) => {
      track.fill(Math.max(credited, score) / basesOfCodon, base, base + basesOfCodon)
    })
  return track
}
