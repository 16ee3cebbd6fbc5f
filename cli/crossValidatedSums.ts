import { InvalidArgumentError } from 'commander'
import type { EvaluationReads, ScoredReads } from '../eval/index.js'
import { crossValidatedSum } from '../eval/scores/index.js'
import { UsageError } from './failure.js'

/** A weighted sum of scores that an evaluation adds. */
export type SumOfScores = { readonly name: string; readonly of: readonly string[] }

/** Parses `NAME=A+B+C` (or `A+B+C`, which is then its name, too) for commander. */
export function parseSum(text: string): SumOfScores {
  const [, name, sum] = /^(?:([^=]+)=)?([^=]+)$/.exec(text) ?? []
  const of = sum?.split('+').map(score => score.trim())
  if (!of || of.length < 2 || of.includes(''))
    throw new InvalidArgumentError('Give two or more scores, as in best=ratio+kmers15.')
  return { name: name ?? sum, of }
}

/** @throws UsageError for a sum of scores that are not there, or one that is called as a score is. */
export function checkSums(names: readonly string[], sums: readonly SumOfScores[] = []): void {
  for (const { name, of } of sums) {
    const absent = of.find(score => !names.includes(score))
    if (absent !== undefined)
      throw new UsageError(`--sum: there is no score '${absent}'; there are ${names.join(', ')}`)
    if (names.includes(name)) throw new UsageError(`--sum: '${name}' is a score already; give another name`)
  }
}

/** More different lengths than these are not told apart. */
const mostLengths = 10

/**
 * The reads with weighted sums of their scores beside `kept`, the scores to evaluate. The weights of each length are
 * fitted on the genera other than those that they are then applied to (`crossValidatedSum`); where reads have more than
 * ten different lengths, or none is known, there are weights for all of them together. The sums are those that `checkSums`
 * accepts.
 * @throws UsageError for reads without a genus; RangeError with fewer than two genera of a class.
 */
export function withSums(
  { inDistribution, outOfDistribution }: EvaluationReads,
  kept: readonly string[],
  sums: readonly SumOfScores[],
): EvaluationReads {
  const keptOnly = (reads: ScoredReads): ScoredReads => ({
    ...reads,
    scores: Object.fromEntries(kept.map(name => [name, reads.scores[name]])),
  })
  const classes = [inDistribution, outOfDistribution]
  if (sums.length === 0)
    return { inDistribution: keptOnly(inDistribution), outOfDistribution: keptOnly(outOfDistribution) }
  const names = Object.keys(inDistribution.scores)
  const counts = classes.map(({ scores }) => scores[names[0]].length)
  const labels = Uint8Array.from({ length: counts[0] + counts[1] }, (_, i) => (i < counts[0] ? 1 : 0))
  const genera = classes.flatMap(({ genus = [] }) => genus)
  if (genera.length < labels.length) throw new UsageError('--sum needs the genus of every read of both sets')
  const strata = strataOf(classes, labels.length)
  const columnOf = (name: string) =>
    Float64Array.from(classes.flatMap(({ scores }) => Array.from(scores[name])))
  const added = sums.map(({ name, of }) => {
    const columns = of.map(columnOf)
    const sum = new Float64Array(labels.length)
    for (const members of strata) {
      const values = crossValidatedSum(
        columns.map(column => Float64Array.from(members, i => column[i])),
        Uint8Array.from(members, i => labels[i]),
        members.map(i => genera[i]),
      )
      for (const [k, i] of members.entries()) sum[i] = values[k]
    }
    return [name, sum] as const
  })
  const withAdded = (reads: ScoredReads, from: number, to: number): ScoredReads => ({
    ...reads,
    scores: {
      ...keptOnly(reads).scores,
      ...Object.fromEntries(added.map(([name, sum]) => [name, sum.subarray(from, to)])),
    },
  })
  return {
    inDistribution: withAdded(inDistribution, 0, counts[0]),
    outOfDistribution: withAdded(outOfDistribution, counts[0], labels.length),
  }
}

/** The reads of each length, by their numbers, in-distribution ones first; all of them where lengths are many or unknown. */
function strataOf(classes: readonly ScoredReads[], count: number): number[][] {
  const lengths = classes.flatMap(({ length }) => (length ? Array.from(length) : []))
  const all = Array.from({ length: count }, (_, i) => i)
  const distinct = [...new Set(lengths)]
  if (lengths.length < count || distinct.length > mostLengths) return [all]
  return distinct.map(length => all.filter(i => lengths[i] === length))
}
