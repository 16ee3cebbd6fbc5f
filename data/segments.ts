import { type GenomePart, genomeName } from './genomes.js'
import { InputError } from './io/inputError.js'
import { type Read, unknown } from './read.js'
import { readReads } from './readReads.js'

/** Known bases in a row, of one contig: fragments are windows of them. */
export type Segment = {
  /** Which genome (or file) it is of. */
  readonly genome: string
  readonly contig: Read
  /** Its first base on the contig, and the one after its last. */
  readonly start: number
  readonly end: number
}

/** The runs of known bases of a contig between two positions. */
export function segmentsOf(genome: string, contig: Read, from = 0, to = contig.bases.length): Segment[] {
  const segments: Segment[] = []
  for (let start = from; start < to; ) {
    const nextUnknown = contig.bases.indexOf(unknown, start)
    const end = nextUnknown < 0 ? to : Math.min(nextUnknown, to)
    if (end > start) segments.push({ genome, contig, start, end })
    start = end + 1
  }
  return segments
}

/**
 * The segments of a part of a genome, in the order of its file.
 * @throws InputError when the file cannot be read, or has no bases.
 */
export async function readSegments({ genome, from, to }: GenomePart): Promise<Segment[]> {
  const contigs: Read[] = []
  for await (const contig of readReads(genome.file)) contigs.push(contig)
  const lengthOfFile = contigs.reduce((sum, contig) => sum + contig.bases.length, 0)
  if (lengthOfFile === 0)
    throw new InputError(`${genome.file}: an empty genome: ${contigs.length} records without a base`)
  const total = Math.max(genome.length, lengthOfFile)
  const segments: Segment[] = []
  let offset = 0 // of the contig, in the genome
  for (const contig of contigs) {
    const start = Math.max(0, Math.floor(from * total) - offset)
    const end = Math.min(contig.bases.length, Math.floor(to * total) - offset)
    segments.push(...segmentsOf(genomeName(genome.file), contig, start, end))
    offset += contig.bases.length
  }
  return segments
}

/** All windows of one length in some segments, numbered from 0: each begins one base after the last. */
export class Windows {
  /** How many there are up to and including each segment's. */
  readonly #ends: Float64Array
  /** How many there are. */
  readonly count: number

  /** `length`: bases of a window. */
  constructor(
    readonly segments: readonly Segment[],
    readonly length: number,
  ) {
    this.#ends = new Float64Array(segments.length)
    let count = 0
    for (const [i, { start, end }] of segments.entries()) {
      count += Math.max(0, end - start - length + 1)
      this.#ends[i] = count
    }
    this.count = count
  }

  /** Where window number `index` is: the segment, and its first base on the segment's contig. */
  place(index: number): { segment: Segment; first: number } {
    const i = firstAbove(this.#ends, index)
    return { segment: this.segments[i], first: this.segments[i].start + index - (this.#ends[i - 1] ?? 0) }
  }
}

/** The index of the first element of an increasing array that is greater than `value`. */
function firstAbove(increasing: Float64Array, value: number): number {
  let low = 0
  let high = increasing.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (increasing[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
