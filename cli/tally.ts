import { type Read, replacement, unknown } from '../data/index.js'
import { RunningHistogram } from '../eval/index.js'

/** Counts the reads of one input as they are scored, from its construction on. */
export class Tally {
  reads = 0
  bases = 0
  /** Bases that are not A, C, G or T. */
  unknownBases = 0
  /** Reads too short, or with too few known bases, to have a score. */
  undefinedScores = 0
  /** Reads in whose names characters were replaced that cannot stand in a table. */
  replacedNames = 0
  /** Rows of a table that are called so. */
  readonly calls = { known: 0, unknown: 0, NA: 0 }
  /** The scores of the reads. */
  readonly scores = new RunningHistogram()
  readonly #began = performance.now()

  /** Counts a read; `score`: NaN where none is defined for it. */
  add(read: Read, score: number): void {
    this.reads++
    this.bases += read.bases.length
    for (const base of read.bases) if (base === unknown) this.unknownBases++
    if (Number.isNaN(score)) this.undefinedScores++
    this.scores.add(score)
    if (read.name.includes(replacement)) this.replacedNames++
  }

  get readsPerSecond(): string {
    const rate = (1000 * this.reads) / (performance.now() - this.#began)
    return `${Number(rate.toPrecision(3))} reads/s`
  }

  /** All counts by names; calls where there are any. */
  summary() {
    const { reads, bases, unknownBases, undefinedScores, replacedNames, calls } = this
    const called = Object.values(calls).some(count => count > 0)
    return { reads, bases, unknownBases, undefinedScores, replacedNames, ...(called && { calls }) }
  }

  /** What users must know, if anything. */
  warning(): string | undefined {
    const { unknownBases, undefinedScores, replacedNames } = this
    const parts = [
      ...(unknownBases
        ? [`${unknownBases} of ${this.bases} bases were not ACGT: skipped with the prediction after each`]
        : []),
      ...(undefinedScores ? [`${undefinedScores} of ${this.reads} reads have no score (NA)`] : []),
      ...(replacedNames
        ? [`the names of ${replacedNames} reads have control characters or no UTF-8, shown as ${replacement}`]
        : []),
    ]
    return parts.length ? parts.join('; ') : undefined
  }
}
