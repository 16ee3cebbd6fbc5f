/** Scored reads of one class; element i of everything belongs to read i. */
export type ScoredReads = {
  /**
   * Scores by name, higher for in-distribution reads; the first is the baseline that the others are tested against:
   * `{ likelihood, ratio }`.
   */
  scores: Readonly<Record<string, ArrayLike<number>>>
  /** Fraction of G and C in the read; NaN where undefined. */
  gc?: ArrayLike<number>
  genus?: readonly string[]
}

export type EvaluationReads = {
  inDistribution: ScoredReads
  outOfDistribution: ScoredReads
}

export type ClassSize = {
  reads: number
  /** Reads left out because one of their scores is not a number. */
  dropped: number
}

/** Reads without undefined scores. */
export type KeptReads = ClassSize & {
  scores: Record<string, Float64Array>
  gc?: Float64Array
  genus?: string[]
}

/**
 * The reads that have all scores, of both classes, and the scores' names.
 *
 * @throws RangeError when a class has no read left, the classes have different scores, or the lengths disagree.
 */
export function scoredReads(reads: EvaluationReads): {
  names: string[]
  inside: KeptReads
  outside: KeptReads
} {
  const names = Object.keys(reads.inDistribution.scores)
  const oodNames = Object.keys(reads.outOfDistribution.scores)
  if (names.length === 0 || names.join() !== oodNames.join()) {
    throw new RangeError(
      `both classes need the same scores: got [${names}] in-distribution, [${oodNames}] out-of-distribution`,
    )
  }
  const inside = keepScored(reads.inDistribution, 'in-distribution')
  const outside = keepScored(reads.outOfDistribution, 'out-of-distribution')
  return { names, inside, outside }
}

function keepScored({ scores, gc, genus }: ScoredReads, name: string): KeptReads {
  const series = Object.entries(scores)
  const [[firstScore, { length: total }]] = series
  for (const [what, values] of Object.entries({ ...scores, gc, genus })) {
    if (values !== undefined && values.length !== total) {
      throw new RangeError(`${name}: ${values.length} values of ${what} for ${total} of ${firstScore}`)
    }
  }
  const kept: number[] = []
  for (let i = 0; i < total; i++) if (series.every(([, values]) => !Number.isNaN(values[i]))) kept.push(i)
  const dropped = total - kept.length
  if (kept.length === 0) {
    throw new RangeError(`no ${name} read to evaluate (${dropped} dropped because a score is not a number)`)
  }
  const pick = (values: ArrayLike<number>): Float64Array => Float64Array.from(kept, i => values[i])
  return {
    reads: kept.length,
    dropped,
    scores: Object.fromEntries(series.map(([score, values]) => [score, pick(values)])),
    ...(gc && { gc: pick(gc) }),
    ...(genus && { genus: kept.map(i => genus[i]) }),
  }
}
