import fc from 'fast-check'
import test from 'tape'
import { type ClusterLabels, fprAtTpr, fprAtTprInterval, type Interval, rank } from '../../eval/index.js'
import { tConfidence } from '../../eval/student.js'
import { isClose, scoresOf, uniforms } from './arbitrary.js'

const interval = (
  inside: number[],
  outside: number[],
  tpr: number,
  labels: ClusterLabels = {},
  positive: 'in' | 'ood' = 'in',
): Interval => fprAtTprInterval(rank(inside, outside), tpr, positive, labels)

/** Reads of as many genera: what those of a genus have in common counts as much as what they have not. */
const clustered = (seed: number, genera: number, reads: number) => {
  const common = uniforms(seed, genera)
  return {
    scores: uniforms(seed + 1, reads).map((u, i) => u + common[i % genera]),
    labels: Array.from({ length: reads }, (_, i) => `genus ${i % genera}`),
  }
}

/** The same from the definitions, for clusters of one size: every threshold is tried, and ends come in small steps. */
function byAllThresholds(
  inside: { scores: number[]; labels: string[] },
  outside: typeof inside,
  tpr: number,
): Interval {
  const thresholds = [
    Number.POSITIVE_INFINITY,
    ...[...inside.scores, ...outside.scores].sort((a, b) => b - a),
  ]
  const shareAt = ({ scores }: typeof inside, index: number): number =>
    scores.filter(score => score >= thresholds[index]).length / scores.length
  const precisionAt = (reads: typeof inside, index: number) => {
    const share = shareAt(reads, index)
    const genera = [...new Set(reads.labels)]
    const shares = genera.map(genus => {
      const scores = reads.scores.filter((_, i) => reads.labels[i] === genus)
      return shareAt({ scores, labels: [] }, index)
    })
    const moment = (power: number) =>
      shares.reduce((sum, each) => sum + (each - share) ** power, 0) / genera.length
    const degrees = Math.min(genera.length - 1, (2 * (genera.length - 1)) / (moment(4) / moment(2) ** 2 - 1))
    return { relativeVariance: moment(2) / (genera.length - 1) / (share * (1 - share)), degrees }
  }
  const deviance = (share: number, p: number): number =>
    2 *
    ((share && share * Math.log(share / p)) + (1 - share && (1 - share) * Math.log((1 - share) / (1 - p))))
  const firstCalling = (share: number): number => thresholds.findIndex((_, i) => shareAt(inside, i) >= share)
  const best = firstCalling(tpr)
  // How far a threshold is from being where the TPR passes the wanted one.
  const distance = (index: number): number =>
    index === best ? 0 : deviance(shareAt(inside, index < best ? index : index - 1), tpr)
  const fprsWithin = (limit: number): number[] =>
    thresholds
      .map((_, i) => i)
      .filter(i => distance(i) <= limit)
      .map(i => shareAt(outside, i))
  const probabilities = Array.from({ length: 20_000 }, (_, i) => (i + 0.5) / 20_000)
  const widthOf = (values: number[]): number => Math.max(...values) - Math.min(...values)

  const [atBest, lower] = [precisionAt(inside, best), precisionAt(inside, firstCalling(tpr ** 2))]
  const ofThreshold = { ...atBest, relativeVariance: (atBest.relativeVariance + lower.relativeVariance) / 2 }
  const ofShare = precisionAt(outside, best)
  const fpr = shareAt(outside, best)
  const sharesWithin = (limit: number): number[] => probabilities.filter(p => deviance(fpr, p) <= limit)
  const variances = [ofThreshold, ofShare].map(({ relativeVariance, degrees }, i) => {
    const quantile = tConfidence(degrees)
    return (widthOf([fprsWithin, sharesWithin][i](quantile ** 2 * relativeVariance)) / 2 / quantile) ** 2
  })
  const degrees =
    (variances[0] + variances[1]) ** 2 /
    (variances[0] ** 2 / ofThreshold.degrees + variances[1] ** 2 / ofShare.degrees)
  const quantile = tConfidence(degrees)
  const limitOf = ({ relativeVariance }: typeof ofShare, { scores }: typeof inside): number =>
    Math.max(1.96 ** 2 / scores.length, quantile ** 2 * relativeVariance)
  const [limit, shareLimit] = [limitOf(ofThreshold, inside), limitOf(ofShare, outside)]
  const end = (side: number): number => {
    const farthest = Math.max(...fprsWithin(limit).map(f => side * (f - fpr)))
    const reach = Math.max(...sharesWithin(shareLimit).map(p => side * (p - fpr)))
    const part = farthest ** 2 / (farthest ** 2 + reach ** 2)
    // Of the thresholds within the part, the last.
    const within = thresholds.map((_, i) => i).filter(i => distance(i) <= part * limit)
    const index = side > 0 ? Math.max(...within) : Math.min(...within)
    const left = (1 - distance(index) / limit) * shareLimit
    const share = shareAt(outside, index)
    return side * Math.max(...probabilities.filter(p => deviance(share, p) <= left).map(p => side * p))
  }
  return { low: end(-1), high: end(1) }
}

test("FPR's interval: as the definitions have it", t => {
  const inside = clustered(1, 12, 360)
  inside.scores = inside.scores.map(score => score + 0.2)
  const outside = clustered(5, 20, 400)
  for (const tpr of [0.5, 0.8, 0.9]) {
    const { low, high } = interval(inside.scores, outside.scores, tpr, {
      in: inside.labels,
      ood: outside.labels,
    })
    const expected = byAllThresholds(inside, outside, tpr)
    t.ok(
      isClose(low, expected.low, 2e-4) && isClose(high, expected.high, 2e-4),
      `TPR ${tpr}: [${low}, ${high}], by the definitions [${expected.low}, ${expected.high}]`,
    )
  }
  t.end()
})

test("FPR's interval: around the value, within 0 and 1, and the same with the classes exchanged", t => {
  fc.assert(
    fc.property(scoresOf(2), scoresOf(2), fc.constantFrom(0.3, 0.8, 0.95), (a, b, tpr) => {
      const { low, high } = interval(a, b, tpr)
      const value = fprAtTpr(a, b, tpr)
      const negated = (scores: number[]) => scores.map(score => -score)
      const exchanged = interval(negated(b), negated(a), tpr, {}, 'ood')
      return (
        low >= 0 &&
        low <= value &&
        value <= high &&
        high <= 1 &&
        exchanged.low === low &&
        exchanged.high === high
      )
    }),
  )
  t.pass('random scores, down to two reads, with ties and infinities')
  t.end()
})

test("FPR's interval: clusters are the unit", t => {
  const [a, b] = [uniforms(1, 60).map(u => u + 0.3), uniforms(2, 80)]
  const twice = (values: number[]): number[] => [...values, ...values]
  const labels = { in: twice(a).map(String), ood: twice(b).map(String) }
  t.deepEqual(
    interval(twice(a), twice(b), 0.8, labels),
    interval(a, b, 0.8),
    'reads that come twice, clustered, say no more than once',
  )
  const [inside, outside] = [clustered(1, 10, 300), clustered(3, 40, 400)]
  const width = (labels: ClusterLabels): number => {
    const { low, high } = interval(inside.scores, outside.scores, 0.9, labels)
    return high - low
  }
  t.ok(
    width({ in: inside.labels, ood: outside.labels }) > 1.5 * width({}),
    'ten genera say less than 300 reads',
  )
  t.end()
})

test("FPR's interval: a step of tied scores", t => {
  // Half of all reads score 0: a TPR of 0.9 may well be passed there, which the interval has to say.
  const scores = (seed: number, shift: number): number[] =>
    uniforms(seed, 200).map((u, i) => (i % 2 === 0 ? 0 : u - 0.5 + shift))
  const [inside, outside] = [scores(1, 0.42), scores(2, 0)]
  const called = (threshold: number): number => outside.filter(score => score >= threshold).length / 200
  const least = Math.min(...inside.filter(score => score > 0))
  const { low, high } = interval(inside, outside, 0.45)
  t.ok(low <= called(least) && high >= called(0), `from ${low} to ${high}: before and after the step`)
  t.end()
})

test("FPR's interval: edges", t => {
  const none = { low: Number.NaN, high: Number.NaN }
  t.deepEqual(interval([1], [0, 2], 0.8), none, 'one read')
  t.deepEqual(interval([1, 2], [0, 2], 0.8, { in: ['a', 'a'] }), none, 'one cluster')
  const apart = interval(
    uniforms(1, 100).map(u => u + 1),
    uniforms(2, 100),
    0.9,
  )
  t.ok(
    apart.low === 0 && apart.high > 0.02 && apart.high < 0.1,
    `0 of 100 is no certainty: [0, ${apart.high}]`,
  )
  t.equal(interval(uniforms(1, 20), uniforms(2, 20), 0.95).high, 1, '20 reads do not bound a TPR of 95 %')
  t.throws(() => interval([1, 2], [0, 1], 1), /true positive rate: got 1, give one in \(0, 1\)/)
  t.throws(() => interval([1, 2], [0, 1], 0.8, { in: ['a'] }), /1 cluster labels for 2 reads/)
  t.end()
})
