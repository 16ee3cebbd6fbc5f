import fc from 'fast-check'
import test from 'tape'
import { aurocOf, bootstrapIntervals, delongVariance, rank } from '../../eval/index.js'
import { isClose, scoresOf, uniforms } from './arbitrary.js'

const statistics = { auroc: aurocOf }

test('bootstrap: a function of data and seed', t => {
  fc.assert(
    fc.property(scoresOf(1), scoresOf(1), fc.nat(), (a, b, seed) => {
      const run = () => bootstrapIntervals([rank(a, b)], statistics, { replicates: 20, seed })[0].auroc
      const { low, high } = run()
      const again = run()
      return low === again.low && high === again.high && low >= 0 && low <= high && high <= 1
    }),
  )
  const ranking = rank(uniforms(1, 50), uniforms(2, 50))
  const lows = [1, 2].map(
    seed => bootstrapIntervals([ranking], statistics, { replicates: 50, seed })[0].auroc.low,
  )
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
    const [{ auroc }] = bootstrapIntervals([rank(a, b)], statistics, { replicates: 2000, labels })
    const deviation = (auroc.high - auroc.low) / 2 / 1.96
    const ratio = deviation / Math.sqrt(delongVariance(a, b, labels))
    t.ok(
      Math.abs(ratio - 1) < 0.1,
      `${labels.in ? 'genera' : 'reads'}: sd ${deviation.toFixed(4)}, ${ratio.toFixed(3)} of DeLong's`,
    )
  }
  t.end()
})

test('bootstrap: all scores see the same reads', t => {
  const a = uniforms(1, 30)
  const b = uniforms(2, 40)
  const [first, second] = bootstrapIntervals(
    [rank(a, b), rank(a.map(Math.exp), b.map(Math.exp))],
    { auroc: aurocOf, reads: ({ inCounts }) => inCounts.reduce((sum, c) => sum + c) },
    { replicates: 100 },
  )
  t.ok(isClose(first.auroc.low, second.auroc.low) && isClose(first.auroc.high, second.auroc.high))
  t.deepEqual(first.reads, { low: 30, high: 30 }, 'each class keeps its size')
  t.end()
})

test('bootstrap: edges', t => {
  const ranking = rank([1, 2], [0])
  const [{ auroc }] = bootstrapIntervals([ranking], statistics, { replicates: 0 })
  t.ok(Number.isNaN(auroc.low) && Number.isNaN(auroc.high), 'no replicates, no interval')
  t.deepEqual(bootstrapIntervals([], statistics), [])
  t.throws(() => bootstrapIntervals([ranking], statistics, { replicates: -1 }), /replicates: got -1/)
  t.throws(
    () => bootstrapIntervals([ranking, rank([1], [0])], statistics),
    /needs the same reads: got 2 and 1/,
  )
  t.throws(
    () => bootstrapIntervals([ranking], statistics, { labels: { in: ['a'] } }),
    /1 cluster labels for 2 reads/,
  )
  t.end()
})
