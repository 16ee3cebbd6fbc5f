import fc from 'fast-check'
import test from 'tape'
import { type Alignment, addRegionLeads } from '../../../../eval/scores/memory/regionLeads.js'

const leadsOf = (alignments: readonly (readonly Alignment[])[], length: number): number[] => {
  const sums = new Float64Array(alignments.length)
  addRegionLeads(alignments, length, sums)
  return [...sums]
}

const agree = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-3)

test('leads by region: over the best other genus of each; a half bit for each codon is credited to all', t => {
  const a = [{ score: 90, start: 0, end: 90 }] // three half bits a codon, so one a base
  const b = [{ score: 60, start: 30, end: 120 }] // two
  const c = [{ score: 60, start: 60, end: 150 }]
  // Bases 0 to 30: A over nothing. To 90: A over B, from 60 on over C, too. To 120: B and C are even. To 150: C.
  const ofA = (30 * 2) / 3 + (60 * 1) / 3 - (60 * 1) / 3
  const ofB = (-30 * 2) / 3 - (60 * 1) / 3 - (30 * 1) / 3
  const ofC = (-60 * 2) / 3 - (30 * 1) / 3 + (30 * 1) / 3
  t.ok(agree(leadsOf([a, b, c], 200), [ofA, ofB, ofC]), `${leadsOf([a, b, c], 200)}`)
  t.deepEqual(leadsOf([[], [], []], 100), [0, 0, 0], 'nothing is known')
  t.deepEqual(leadsOf([a, a], 100), [0, 0], 'both have it')
  t.deepEqual(leadsOf([[{ score: 30, start: 0, end: 90 }], []], 100), [0, 0], 'no more than what is credited')
  t.end()
})

test('leads by region: those of a search for the best alignment at every base', t => {
  const length = 40
  const alignment = fc
    .tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: -1, max: length }),
      fc.integer({ min: 3, max: 30 }),
    )
    .map(([score, start, bases]): Alignment => ({ score, start, end: start + bases }))
  // Alignments of a genus have scores of their own, so that the best is one.
  const ofGenus = fc.uniqueArray(alignment, { maxLength: 6, selector: ({ score }) => score })
  fc.assert(
    fc.property(fc.array(ofGenus, { minLength: 2, maxLength: 4 }), genera => {
      const perBase = (alignments: readonly Alignment[], place: number): number => {
        const [best] = alignments
          .filter(({ start, end }) => start <= place && place < end)
          .sort((one, other) => other.score - one.score)
        return Math.max(1 / 3, best ? best.score / (best.end - best.start) : 0)
      }
      const expected = genera.map((alignments, genus) => {
        let sum = 0
        for (let place = 0; place < length; place++) {
          const others = genera.filter((_, other) => other !== genus).map(other => perBase(other, place))
          sum += perBase(alignments, place) - Math.max(...others)
        }
        return sum
      })
      return agree(leadsOf(genera, length), expected)
    }),
  )
  t.end()
})
