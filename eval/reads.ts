/** Scored reads (or fragments of any length) of one class; element i of everything belongs to read i. */
export type ScoredReads = {
  /**
   * Scores by name, higher for in-distribution reads; the first is the baseline that the others are tested against:
   * `{ likelihood, ratio }`.
   */
  scores: Readonly<Record<string, ArrayLike<number>>>
  /** Fraction of G and C in the read; NaN where undefined. */
  gc?: ArrayLike<number>
  /** In bases. */
  length?: ArrayLike<number>
  genus?: readonly string[]
  genome?: readonly string[]
}

/** Both classes of reads, with their scores. */
export type EvaluationReads = {
  inDistribution: ScoredReads
  outOfDistribution: ScoredReads
}

/** How many reads of a class an evaluation is of. */
export type ClassSize = {
  reads: number
  /** Reads left out because one of their scores is not a number. */
  dropped: number
}

/** Reads without undefined scores. */
export type KeptReads = ClassSize & {
  scores: Record<string, Float64Array>
  /** How many reads each score was not a number for. */
  undefinedScores: Record<string, number>
  gc?: Float64Array
  length?: Float64Array
  genus?: string[]
  genome?: string[]
}

/** Both classes without the reads that have not all scores, and the scores' names in order. */
export type KeptClasses = { names: string[]; inside: KeptReads; outside: KeptReads }

/**
 * The reads that have all scores, of both classes, and the scores' names.
 *
 * @throws RangeError when a class has no read left, the classes have different scores, or the lengths disagree.
 */
export function scoredReads(reads: EvaluationReads): KeptClasses {
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

function keepScored(reads: ScoredReads, name: string): KeptReads {
  const { scores, gc, length, genus, genome } = reads
  const series = Object.entries(scores)
  const [[firstScore, { length: total }]] = series
  for (const [what, values] of Object.entries({ ...scores, gc, length, genus, genome })) {
    if (values !== undefined && values.length !== total) {
      throw new RangeError(`${name}: ${values.length} values of ${what} for ${total} of ${firstScore}`)
    }
  }
  const undefinedScores: Record<string, number> = {}
  const isKept = new Uint8Array(total).fill(1)
  for (const [score, values] of series) {
    let count = 0
    for (let i = 0; i < total; i++) {
      if (!Number.isNaN(values[i])) continue
      count++
      isKept[i] = 0
    }
    undefinedScores[score] = count
    if (total > 0 && count === total)
      throw new RangeError(`${score} is not a number for any of ${total} ${name} reads: leave that score out`)
  }
  const kept = new Int32Array(total).map((_, i) => i).filter(i => isKept[i] === 1)
  const dropped = total - kept.length
  if (kept.length === 0) {
    throw new RangeError(`no ${name} read to evaluate (${dropped} dropped because a score is not a number)`)
  }
  const numbers = (values: ArrayLike<number>): Float64Array => Float64Array.from(kept, i => values[i])
  const texts = (values: readonly string[]): string[] => Array.from(kept, i => values[i])
  return {
    reads: kept.length,
    dropped,
    scores: Object.fromEntries(series.map(([score, values]) => [score, numbers(values)])),
    undefinedScores,
    ...(gc && { gc: numbers(gc) }),
    ...(length && { length: numbers(length) }),
    ...(genus && { genus: texts(genus) }),
    ...(genome && { genome: texts(genome) }),
  }
}
