import { openSource, parseReads } from './formats/index.js'

/**
 * Whether a FASTA file has a record of at least `length` bases: contigs or genomes rather than reads of a length below
 * that. Files of other formats have reads.
 * @throws InputError when the file cannot be opened, or is damaged before such a record.
 */
export async function hasLongRecord(file: string, length: number): Promise<boolean> {
  const source = await openSource(file)
  try {
    if (source.format !== 'fasta') return false
    for await (const { bases } of await parseReads(source)) if (bases.length >= length) return true
    return false
  } finally {
    await source.bytes.close()
  }
}
