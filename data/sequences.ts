import type { GenomePart } from './genomes.js'
import { InputError } from './io/inputError.js'
import { readSegments } from './segments.js'

/** Bases in a row, and of which genus they are. */
export type GenusSequence = { readonly genus: string; readonly bases: Uint8Array }

/**
 * All known bases of some parts of genomes, segment by segment. Memory: one genome.
 * @throws InputError when a file cannot be read, or a part has no known base.
 */
export async function* sequencesOf(parts: Iterable<GenomePart>): AsyncGenerator<GenusSequence> {
  for (const part of parts) {
    const segments = await readSegments(part)
    if (segments.length === 0)
      throw new InputError(
        `${part.genome.file}: no base of ACGT in the part from ${part.from} to ${part.to} of the genome; leave it out of the manifest`,
      )
    for (const { contig, start, end } of segments)
      yield { genus: part.genome.genus, bases: contig.bases.subarray(start, end) }
  }
}
