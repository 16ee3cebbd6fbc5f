import fc from 'fast-check'
import test from 'tape'
import { auprcOf, aurocEstimate, aurocOf, bootstrapIntervals, type Counts, rank } from '../../eval/index.js'
import { scoresOf, uniforms } from './arbitrary.js'

const statistics = { auroc: aurocOf }

test('bootstrap: a function of data and seed', t => {
  fc.assert(
    fc.property(scoresOf(1), scoresOf(1), fc.nat(), (a, b, seed) => {
      const run = () => bootstrapIntervals(rank(a, b), statistics, { replicates: 20, seed }).auroc
      const { low, high } = run()
      const again = run()
      if (Number.isNaN(low)) return Number.isNaN(high) && Number.isNaN(again.low)
      return low === again.low && high === again.high && low >= 0 && low <= high && high <= 1
    }),
  )
  const ranking = rank(uniforms(1, 50), uniforms(2, 50))
  const lows = [1, 2].map(seed => bootstrapIntervals(ranking, statistics, { replicates: 50, seed }).auroc.low)
  t.notEqual(lows[0], lows[1], 'another seed, another interval')
  t.end()
})

test('bootstrap: as wide as DeLong says, over reads and over clusters', t => {
  const inside = uniforms(1, 200).map(u => u + 0.2)
  const outside = uniforms(2, 300)
  const genera = (reads: number): string[] => Array.from({ length: reads }, (_, i) => `genus ${i % 40}`)
  // Reads of one genus share a shift.
  const shift = (scores: number[], seed: number): number[] => {
    const shifts = uniforms(seed, 40)
    return scores.map((s, i) => s + shifts[i % 40])
  }
  const a = shift(inside, 3)
  const b = shift(outside, 4)
  for (const labels of [{}, { in: genera(200), ood: genera(300) }]) {
    const { auroc } = bootstrapIntervals(rank(a, b), statistics, { replicates: 2000, labels })
    const { low, high } = aurocEstimate(a, b, labels)
    const ratio = (auroc.high - auroc.low) / (high - low)
    t.ok(Math.abs(ratio - 1) < 0.1, `${labels.in ? 'genera' : 'reads'}: ${ratio.toFixed(3)} of DeLong's`)
  }
  t.end()
})

test('bootstrap: scores of the same order have the same intervals, and each class keeps its size', t => {
  const a = uniforms(1, 30)
  const b = uniforms(2, 40)
  const sizes = new Set<string>()
  const counted = {
    auroc: (counts: Counts) => {
      const total = (all: Float64Array): number => all.reduce((sum, count) => sum + count)
      sizes.add(`${total(counts.inCounts)} ${total(counts.oodCounts)}`)
      return aurocOf(counts)
    },
  }
  const first = bootstrapIntervals(rank(a, b), counted, { replicates: 100 })
  const second = bootstrapIntervals(rank(a.map(Math.exp), b.map(Math.exp)), counted, { replicates: 100 })
  t.deepEqual(first, second, 'the same reads are drawn')
  t.deepEqual([...sizes], ['30 40'])
  t.end()
})

test('bootstrap: many reads are drawn in groups, to the same intervals', t => {
  const a = uniforms(1, 30_000).map(u => u + 0.2)
  const b = uniforms(2, 40_000)
  const { auroc } = bootstrapIntervals(rank(a, b), statistics, { replicates: 400 })
  const { low, high } = aurocEstimate(a, b)
  const ratio = (auroc.high - auroc.low) / (high - low)
  t.ok(Math.abs(ratio - 1) < 0.15, `${ratio.toFixed(3)} of DeLong's`)
  t.ok(Math.abs(auroc.low - low) < 1e-3 && Math.abs(auroc.high - high) < 1e-3)
  t.end()
})

test('bootstrap: of nearly separated reads, too', t => {
  // Two of 40 reads overlap with four of 400: the area is nearer to 1 than a read is of 40.
  const inside = uniforms(1, 40).map((u, i) => (i < 2 ? 0.99 + u / 100 : u + 1))
  const outside = uniforms(2, 400).map((u, i) => (i < 4 ? 0.99 + u / 100 : u * 0.98))
  const ranking = rank(inside, outside)
  const area = (counts: Counts) => auprcOf(counts, 'ood')
  const { low, high } = bootstrapIntervals(ranking, { area }, { replicates: 200 }).area
  t.ok(area(ranking) > 1 - 0.5 / 40 && area(ranking) < 1, `area ${area(ranking)}`)
  t.ok(low < area(ranking) && area(ranking) < high && high < 1 && low > 0.99, `[${low}, ${high}]`)
  t.end()
})

test('bootstrap: where nothing is known of the error there is no interval', t => {
  const interval = (a: number[], b: number[], options = {}) =>
    bootstrapIntervals(rank(a, b), statistics, { replicates: 50, ...options }).auroc
  const none = { low: Number.NaN, high: Number.NaN }
  t.deepEqual(interval([1, 2], [0, 3], { replicates: 0 }), none, 'no replicates')
  t.deepEqual(interval([1, 2], [0]), none, 'one read')
  t.deepEqual(interval([1, 1], [1, 1, 1]), none, 'constant scores')
  t.deepEqual(interval([1, 2, 3], [0, 2, 5], { labels: { in: ['a', 'a', 'a'] } }), none, 'one cluster')
  const ranking = rank([1, 2], [0])
  t.throws(() => bootstrapIntervals(ranking, statistics, { replicates: -1 }), /replicates: got -1/)
  t.throws(
    () => bootstrapIntervals(ranking, statistics, { labels: { in: ['a'] } }),
    /1 cluster labels for 2 reads/,
  )
  t.end()
})
