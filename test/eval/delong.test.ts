import fc from 'fast-check'
import test from 'tape'
import { auroc, aurocEstimate, type ClusterLabels, delongVariance, pairedDelong } from '../../eval/index.js'
import { tConfidence } from '../../eval/student.js'
import { isClose, pairsOf, scoresOf, uniforms } from './arbitrary.js'

const psi = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0)
const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length

/** DeLong's covariance of two AUROCs straight from all m × n pairs, by class; clusters as Obuchowski has them. */
function covarianceTerms(
  a: { in: number[]; ood: number[] },
  b: { in: number[]; ood: number[] },
  labels: ClusterLabels = {},
): [number, number] {
  const part = (x: number[], y: number[], names: readonly string[]): number => {
    const clusters = [...new Set(names)]
    const [meanX, meanY] = [mean(x), mean(y)]
    const sum = (values: number[], center: number, cluster: string): number =>
      values.reduce((total, v, i) => total + (names[i] === cluster ? v - center : 0), 0)
    const products = clusters.map(c => sum(x, meanX, c) * sum(y, meanY, c))
    return (clusters.length / (clusters.length - 1)) * products.reduce((s, p) => s + p, 0) * x.length ** -2
  }
  const inPlacements = (s: typeof a): number[] => s.in.map(x => mean(s.ood.map(y => psi(x, y))))
  const oodPlacements = (s: typeof a): number[] => s.ood.map(y => mean(s.in.map(x => psi(x, y))))
  return [
    part(inPlacements(a), inPlacements(b), labels.in ?? a.in.map((_, i) => String(i))),
    part(oodPlacements(a), oodPlacements(b), labels.ood ?? a.ood.map((_, i) => String(i))),
  ]
}

const covarianceByPairs = (...both: Parameters<typeof covarianceTerms>): number => {
  const [ofIn, ofOod] = covarianceTerms(...both)
  return ofIn + ofOod
}

test('delong: the variance is that of the direct formula', t => {
  fc.assert(
    fc.property(scoresOf(2), scoresOf(2), (a, b) => {
      const side = { in: a, ood: b }
      return isClose(delongVariance(a, b), covarianceByPairs(side, side))
    }),
  )
  t.pass('random scores')
  t.end()
})

test('delong: so it is with clusters', t => {
  const labelled = fc
    .tuple(fc.array(fc.tuple(fc.nat(4), fc.constantFrom('p', 'q', 'r')), { minLength: 1, maxLength: 20 }))
    .map(([reads]) => [[0, 's'] as const, ...reads, [1, 'p'] as const])
  fc.assert(
    fc.property(labelled, labelled, (a, b) => {
      const side = { in: a.map(([score]) => score as number), ood: b.map(([score]) => score as number) }
      const labels = { in: a.map(([, label]) => label as string), ood: b.map(([, label]) => label as string) }
      return isClose(delongVariance(side.in, side.ood, labels), covarianceByPairs(side, side, labels))
    }),
  )
  const scores = [uniforms(1, 40), uniforms(2, 60)]
  const doubled = scores.map(s => [...s, ...s])
  const labels = scores.map(s => [...s, ...s].map(String))
  t.ok(
    isClose(
      delongVariance(doubled[0], doubled[1], { in: labels[0], ood: labels[1] }),
      delongVariance(scores[0], scores[1]),
    ),
    'reads that come twice, clustered, say no more than once',
  )
  t.end()
})

test('delong: the paired test is that of the covariance matrix', t => {
  fc.assert(
    fc.property(pairsOf(2), pairsOf(2), (inside, outside) => {
      const [a, b] = [0, 1].map(k => ({ in: inside.map(p => p[k]), ood: outside.map(p => p[k]) }))
      const { difference, t: statistic, degreesOfFreedom, p } = pairedDelong(a, b)
      const [ofA, ofB, ofBoth] = [covarianceTerms(a, a), covarianceTerms(b, b), covarianceTerms(a, b)]
      const terms = [0, 1].map(c => ofA[c] + ofB[c] - 2 * ofBoth[c])
      const variance = terms[0] + terms[1]
      const value = auroc(a.in, a.ood) - auroc(b.in, b.ood)
      if (!isClose(difference.value, value)) return false
      if (variance < 1e-12) return Number.isNaN(statistic) || Math.abs(value) < 1e-12
      // The mean of both classes' quantiles, weighted by their variances.
      const quantiles = [inside, outside].map(reads => tConfidence(reads.length - 1))
      const quantile = (terms[0] * quantiles[0] + terms[1] * quantiles[1]) / variance
      const margin = quantile * Math.sqrt(variance)
      return (
        isClose(tConfidence(degreesOfFreedom), quantile, 1e-6) &&
        isClose(statistic, value / Math.sqrt(variance), 1e-6) &&
        isClose(difference.high - difference.low, 2 * margin, 1e-6) &&
        p >= 0 &&
        p <= 1
      )
    }),
  )
  t.pass('random pairs of scores')
  t.end()
})

test('delong: intervals contain the value and stay in [0, 1]', t => {
  fc.assert(
    fc.property(scoresOf(2), scoresOf(2), (a, b) => {
      const { value, low, high } = aurocEstimate(a, b)
      return low >= 0 && low <= value && value <= high && high <= 1 && low < high
    }),
  )
  t.pass('random scores, down to two reads, with perfect separation and constant scores')
  const perfect = aurocEstimate(
    uniforms(1, 50).map(u => u + 1),
    uniforms(2, 50),
  )
  t.ok(
    perfect.value === 1 && perfect.low > 0.9 && perfect.low < 0.99,
    `1 is no certainty: [${perfect.low}, 1]`,
  )
  const clusters = (reads: number, count: number) => Array.from({ length: reads }, (_, i) => `${i % count}`)
  const few = aurocEstimate([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], {
    in: clusters(6, 2),
    ood: clusters(6, 3),
  })
  t.deepEqual(
    few,
    { ...aurocEstimate([1, 1], [0, 0, 0]) },
    'reads of two genera are no better than two reads',
  )
  for (const one of [aurocEstimate([1], [0, 2]), aurocEstimate([1, 2], [0, 3], { in: ['a', 'a'] })])
    t.ok(
      Number.isNaN(one.low) && Number.isNaN(one.high) && one.value >= 0,
      'one read, or cluster: no interval',
    )
  t.end()
})

test('delong: edges of the paired test', t => {
  const side = { in: [1, 2, 3], ood: [0, 2, 1] }
  const cubed = { in: [1, 8, 27], ood: [0, 8, 1] }
  t.deepEqual(
    pairedDelong(side, cubed),
    { difference: { value: 0, low: 0, high: 0 }, t: 0, degreesOfFreedom: 2, p: 1 },
    'the same order',
  )
  const best = { in: [2, 3], ood: [0, 1] }
  const worst = { in: [0, 1], ood: [2, 3] }
  t.ok(Number.isNaN(pairedDelong(best, worst).p), 'different AUROCs, no variance')
  t.ok(Number.isNaN(pairedDelong({ in: [1], ood: [0, 2] }, { in: [3], ood: [0, 2] }).p), 'one read')
  t.throws(
    () => pairedDelong(side, best),
    /needs the same reads: got 3 and 2 in-distribution, 3 and 2 out-of/,
  )
  t.throws(() => delongVariance([1, 2], [0], { in: ['a'] }), /1 cluster labels for 2 reads/)
  t.end()
})
