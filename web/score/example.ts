import { decode, type Read, reverseComplement, syntheticReads } from '../../data/index.js'

/** Reads of each kind of the example. */
const perKind = 160

/** Lengths of the example's reads, in bases: as those of a sequencer after trimming. */
const lengths = [100, 150, 200, 250, 300, 400]

/**
 * A file of SYNTHETIC reads, no biology: of two sides of six genera each, and, as sequencing has them, some with bases that
 * are not known. The same on every visit.
 */
export function exampleFile(): File {
  const kinds = lengths.flatMap(length =>
    (['in_val', 'ood_val'] as const).flatMap(split => [
      ...syntheticReads({ split, length, seed: 18, count: Math.round(perKind / lengths.length) }),
    ]),
  )
  return new File(
    kinds.map((read, i) => fasta(read, i)),
    'example.fa',
    { type: 'text/plain' },
  )
}

function fasta({ name, bases }: Read, i: number): string {
  const strand = i % 2 === 0 ? bases : reverseComplement(bases)
  const letters = decode(strand)
  return `>${name.replaceAll('|', '_')}_${bases.length}\n${i % 40 === 7 ? `${letters.slice(0, -8)}NNNNNNNN` : letters}\n`
}
