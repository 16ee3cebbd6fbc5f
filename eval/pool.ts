import type { Estimate } from './interval.js'
import { PooledMean } from './pooledMean.js'
import { PooledSums } from './pooledSums.js'
import type { SummedEvidence } from './scores/index.js'

/** What one member of a group (a read of a pair, a contig of a bin) says. */
export type Evidence = {
  /** Its scores, one of each kind; NaN where undefined. */
  readonly scores: readonly number[]
  /** Of each score that is made of numbers which are summed, these; undefined of others. */
  readonly summed?: readonly (Float64Array | undefined)[]
  /** How many predictions they are made of. */
  readonly predictions: number
  /** Its p-value; NaN for none. */
  readonly p: number
}

/** How a score is made of sums over the members; undefined for one that is a mean over predictions. */
export type Pooling = SummedEvidence['contrasts'] | undefined

/**
 * The evidence of several fragments of one origin, summed: a score of the group is the mean over all its predictions,
 * for a log-likelihood what the concatenation of its members has; a lead of genera is that of what each genus has to say for
 * all of them. Members are let go of as they come.
 */
export class EvidencePool {
  /** How many members have scores. */
  members = 0
  readonly #scores: readonly (PooledMean | PooledSums)[]
  /** Sums over the members that have p-values. */
  #p = { predictions: 0, sum: 0, members: 0 }

  /**
   * @param poolings how each score is made of its members'
   * @param main the index of the one that intervals are of
   */
  constructor(
    poolings: readonly Pooling[],
    readonly main: number,
  ) {
    this.#scores = poolings.map((pooling, i) =>
      pooling ? new PooledSums(pooling, i === main) : new PooledMean(),
    )
  }

  /** Takes a member; what it has no score or no p-value of, it does not count for. */
  add({ scores, summed = [], predictions, p }: Evidence): void {
    if (predictions === 0) return
    for (const [i, pooled] of this.#scores.entries()) {
      const numbers = summed[i]
      if (pooled instanceof PooledMean) {
        if (!Number.isNaN(scores[i])) pooled.add(scores[i], predictions)
      } else if (numbers) pooled.add(numbers, predictions)
    }
    if (Number.isNaN(scores[this.main])) return
    this.members++
    this.addPValue(p, predictions)
  }

  /** Takes a p-value, that of a member or of a part of it, such as a mate; NaN is none. */
  addPValue(p: number, predictions: number): void {
    if (Number.isNaN(p)) return
    this.#p.members++
    this.#p.predictions += predictions
    this.#p.sum += predictions * p
  }

  /** The group's scores; NaN where no member has one. */
  scores(): number[] {
    return this.#scores.map(({ value }) => value)
  }

  /** Of each score that is made of numbers which are summed, their sums over all members. */
  summed(): (Float64Array | undefined)[] {
    return this.#scores.map(pooled => (pooled instanceof PooledSums ? pooled.sums : undefined))
  }

  /** The main score and its 95 % interval over members; the ends are NaN for fewer than two. */
  estimate(): Estimate {
    return this.#scores[this.main].estimate()
  }

  /**
   * The p-value of the group: twice the mean of its members', weighted by predictions. It is valid however much the
   * members depend on each other, as fragments of one genome do (Vovk & Wang 2020, Combining p-values via averaging,
   * Biometrika 107), and by that cautious. That of a single member is its own; NaN if no member has one.
   *
   * The group's own score has none: calibrated are fragments, and members say less than one fragment of their length would
   * (contexts and alignments end with them), but agree more (they are from all over a genome).
   */
  pValue(): number {
    const { members, predictions, sum } = this.#p
    const mean = sum / predictions
    return members > 1 ? Math.min(1, 2 * mean) : mean
  }
}
