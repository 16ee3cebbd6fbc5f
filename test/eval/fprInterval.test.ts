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

/** The same from the definitions, for clusters of one size: every threshold between two scores is tried, from the best one on. */
function byAllThresholds(
  inside: { scores: number[]; labels: string[] },
  outside: typeof inside,
  tpr: number,
): Interval {
  const shareAt = ({ scores, labels }: typeof inside, threshold: number) => {
    const genera = [...new Set(labels)]
    const shares = genera.map(genus => {
      const ofGenus = scores.filter((_, i) => labels[i] === genus)
      return ofGenus.filter(score => score >= threshold).length / ofGenus.length
    })
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const share = mean(shares)
    const moment = (power: number) => mean(shares.map(each => (each - share) ** power))
    const n = genera.length
    const degrees = Math.min(n - 1, (2 * (n - 1)) / (moment(4) / moment(2) ** 2 - 1))
    return { share, error: Math.sqrt(moment(2) / (n - 1)) / (share * (1 - share)), t: tConfidence(degrees) }
  }
  const logit = (p: number) => Math.log(p / (1 - p))
  const thresholds = [...inside.scores, ...outside.scores].sort((a, b) => b - a)
  const best = thresholds.findIndex(threshold => shareAt(inside, threshold).share >= tpr)
  const { t } = shareAt(inside, thresholds[best])
  const opposite = shareAt(inside, thresholds.find(threshold => shareAt(inside, threshold).share >= 1 - tpr)!)
  const differs = (threshold: number): boolean => {
    const { share, error } = shareAt(inside, threshold)
    return (
      Math.abs(logit(share) - logit(tpr)) > Math.max(t * error, (opposite.t * opposite.error) / Math.SQRT2)
    )
  }
  let [high, low] = [best, best]
  while (!differs(thresholds[high - 1])) high--
  while (!differs(thresholds[low + 1])) low++
  const fpr = shareAt(outside, thresholds[best])
  const own = (side: number) => 1 / (1 + Math.exp(-logit(fpr.share) - side * fpr.t * fpr.error))
  const reach = (at: number, end: number) =>
    Math.hypot(shareAt(outside, thresholds[at]).share - fpr.share, end - fpr.share)
  return { low: fpr.share - reach(high, own(-1)), high: fpr.share + reach(low, own(1)) }
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
    t.ok(isClose(low, expected.low) && isClose(high, expected.high), `TPR ${tpr}: [${low}, ${high}]`)
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
