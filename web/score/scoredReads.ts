import { Calibration } from '../../eval/index.js'
import { type OpenedDetector, packedBytes, type RowBatch, unpackBases } from '../work/index.js'
import { Growing } from './growing.js'

const bytes = (length: number) => new Uint8Array(length)
const integers = (length: number) => new Uint32Array(length)
const doubles = (length: number) => new Float64Array(length)

const decoder = new TextDecoder()

/** So many bytes of packed bases are kept (some 800 million bases). */
const mostPacked = 2 ** 28

/** The bases of the reads from `first` to before `end`. */
type Segment = { readonly first: number; readonly end: number; readonly packed: Uint8Array }

/**
 * All reads that are scored, column by column in typed arrays: a million of 250 bases takes some 170 MB. Calls rest on one
 * of the scores (`by`).
 */
export class ScoredReads {
  count = 0
  readonly #names = new Growing(bytes)
  readonly #nameEnds = new Growing(integers)
  readonly #lengths = new Growing(integers)
  readonly #known = new Growing(integers)
  readonly #gc = new Growing(integers)
  readonly #predictions = new Growing(integers)
  readonly #scores = new Growing(doubles)
  #p = new Growing(doubles)
  readonly #segments: Segment[] = []
  #packed = 0
  /** The first read of each file that has any. */
  readonly #files: { readonly file: number; readonly first: number }[] = []
  readonly #calibrations: ReadonlyMap<string, Calibration>
  #by: number

  constructor(
    readonly detector: OpenedDetector,
    readonly fileNames: readonly string[],
  ) {
    this.#calibrations = new Map(
      Array.from(detector.calibrations, ([name, scores]) => [name, new Calibration(scores)]),
    )
    this.#by = detector.main
  }

  /** Index of the score that calls rest on. */
  get by(): number {
    return this.#by
  }

  /** Its calibration; undefined without one: then there are no p-values. */
  get calibration(): Calibration | undefined {
    return this.#calibrations.get(this.detector.columns[this.#by])
  }

  /** Have calls rest on another score. */
  callBy(column: number): void {
    this.#by = column
    this.#p = new Growing(doubles)
    this.#addPValues(0)
  }

  append(file: number, rows: RowBatch): void {
    const first = this.count
    const offset = this.#names.length
    this.#names.append(rows.names)
    this.#nameEnds.append(rows.nameEnds.map(end => end + offset))
    this.#lengths.append(rows.lengths)
    this.#known.append(rows.known)
    this.#gc.append(rows.gc)
    this.#predictions.append(rows.predictions)
    this.#scores.append(rows.scores)
    if (this.#packed + rows.bases.length <= mostPacked)
      this.#segments.push({ first, end: first + rows.count, packed: rows.bases })
    this.#packed += rows.bases.length
    if (this.#files.at(-1)?.file !== file) this.#files.push({ file, first })
    this.count += rows.count
    this.#addPValues(first)
  }

  #addPValues(first: number): void {
    const { calibration } = this
    const { values: predictions } = this.#predictions
    const scores = this.#scores.values
    const columns = this.detector.columns.length
    const p = doubles(this.count - first).fill(Number.NaN)
    if (calibration)
      for (let i = first; i < this.count; i++)
        p[i - first] = calibration.pValueOf(
          scores[i * columns + this.#by],
          predictions[i],
          this.detector.areSums[this.#by],
        )
    this.#p.append(p)
  }

  /** Lengths in bases. */
  get lengths(): Uint32Array {
    return this.#lengths.values
  }

  /** p-values of the score that calls rest on; NaN for none. */
  get p(): Float64Array {
    return this.#p.values
  }

  /** Scores of all reads, [reads, columns]. */
  get scores(): Float64Array {
    return this.#scores.values
  }

  /** The fraction of G and C among known bases, of the reads that there are now; NaN where none is known. */
  gcFractions(): (read: number) => number {
    const { values: gc } = this.#gc
    const { values: known } = this.#known
    return read => gc[read] / known[read]
  }

  name(read: number): string {
    const { values: ends } = this.#nameEnds
    return decoder.decode(this.#names.values.subarray(read === 0 ? 0 : ends[read - 1], ends[read]))
  }

  /** Which of the reads that there are now have a text in their names, whatever the case of its letters from A to Z. */
  nameSearch(text: string): (read: number) => boolean {
    const { values: names } = this.#names
    const { values: ends } = this.#nameEnds
    const wanted = new TextEncoder().encode(text).map(lowerCase)
    return read => {
      const last = ends[read] - wanted.length
      for (let start = read === 0 ? 0 : ends[read - 1]; start <= last; start++) {
        let i = 0
        while (i < wanted.length && lowerCase(names[start + i]) === wanted[i]) i++
        if (i === wanted.length) return true
      }
      return false
    }
  }

  /** How the names of two of the reads that there are now compare, byte by byte. */
  nameComparison(): (a: number, b: number) => number {
    const { values: names } = this.#names
    const { values: ends } = this.#nameEnds
    return (a, b) => {
      let [i, j] = [a === 0 ? 0 : ends[a - 1], b === 0 ? 0 : ends[b - 1]]
      const [iEnd, jEnd] = [ends[a], ends[b]]
      for (; i < iEnd && j < jEnd; i++, j++) if (names[i] !== names[j]) return names[i] - names[j]
      return iEnd - i - (jEnd - j)
    }
  }

  composition(read: number): { readonly length: number; readonly known: number; readonly gc: number } {
    return {
      length: this.#lengths.values[read],
      known: this.#known.values[read],
      gc: this.#gc.values[read],
    }
  }

  /** The scores of a read, in the order of the columns. */
  scoresOf(read: number): Float64Array {
    const columns = this.detector.columns.length
    return this.scores.subarray(read * columns, (read + 1) * columns)
  }

  /** The name of the file that a read is from. */
  fileOf(read: number): string {
    return this.fileNames[lastUpTo(this.#files, read)?.file ?? 0]
  }

  /** The bases of a read; undefined where there was no more room for them. */
  basesOf(read: number): Uint8Array | undefined {
    const segment = lastUpTo(this.#segments, read)
    if (!segment || read >= segment.end) return undefined
    const { values: lengths } = this.#lengths
    let start = 0
    for (let i = segment.first; i < read; i++) start += packedBytes(lengths[i])
    return unpackBases(segment.packed, start, lengths[read])
  }
}

/** A letter of ASCII, small. */
const lowerCase = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte)

/** The last of some things in ascending order whose first read is not after `read`. */
function lastUpTo<T extends { readonly first: number }>(items: readonly T[], read: number): T | undefined {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (items[middle].first <= read) low = middle + 1
    else high = middle
  }
  return items[low - 1]
}
