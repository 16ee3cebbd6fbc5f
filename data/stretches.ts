import type { GenomePart } from './genomes.js'
import { InputError } from './io/inputError.js'
import { type Read, unknown } from './read.js'
import { readReads } from './readReads.js'

/** What of a contig lies in a part of a genome: its bases from `start` up to, not including, `end`. */
export type Stretch = { readonly contig: Read; readonly start: number; readonly end: number }

/**
 * The stretches of a part of a genome, in the order of its file, contigs laid end to end. A part is a fraction of the
 * genome's length, which a manifest says where the file ends before the genome does. Memory: one genome.
 * @throws InputError when the file cannot be read.
 */
export async function stretchesOf({ genome, from, to }: GenomePart): Promise<Stretch[]> {
  const contigs: Read[] = []
  for await (const contig of readReads(genome.file)) contigs.push(contig)
  const lengthOfFile = contigs.reduce((sum, contig) => sum + contig.bases.length, 0)
  const total = Math.max(genome.length, lengthOfFile)
  const stretches: Stretch[] = []
  let offset = 0 // of the contig, in the genome
  for (const contig of contigs) {
    const start = Math.max(0, Math.floor(from * total) - offset)
    const end = Math.min(contig.bases.length, Math.floor(to * total) - offset)
    if (start < end) stretches.push({ contig, start, end })
    offset += contig.bases.length
  }
  return stretches
}

/** The bases of one stretch, and of which genus they are. */
export type GenusSequence = { readonly genus: string; readonly bases: Uint8Array }

/**
 * All bases of some parts of genomes, stretch by stretch. Memory: one genome.
 * @throws InputError when a file cannot be read, or a part has no known base.
 */
export async function* sequencesOf(parts: Iterable<GenomePart>): AsyncGenerator<GenusSequence> {
  for (const part of parts) {
    let known = false
    for (const { contig, start, end } of await stretchesOf(part)) {
      const bases = contig.bases.subarray(start, end)
      known ||= bases.some(base => base < unknown)
      yield { genus: part.genome.genus, bases }
    }
    if (!known)
      throw new InputError(
        `${part.genome.file}: no base of ACGT in the part from ${part.from} to ${part.to} of the genome; leave it out of the manifest`,
      )
  }
}
