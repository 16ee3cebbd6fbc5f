import fc from 'fast-check'
import test from 'tape'
import { type Alignment as Aligned, addRegionLeads } from '../../../../eval/scores/memory/regionLeads.js'

type Alignment = Aligned & { readonly codonScores: readonly number[] }

const leadsOf = (alignments: readonly (readonly Alignment[])[], length: number): number[] => {
  const sums = new Float64Array(alignments.length)
  addRegionLeads(
    alignments,
    ({ start, codonScores }, visit) => {
      for (const [codon, score] of codonScores.entries()) visit(start + 3 * codon, score)
    },
    length,
    sums,
  )
  return [...sums]
}

const agree = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-3)

/** An alignment from a base on, of codons with these scores. */
const alignmentOf = (start: number, codonScores: readonly number[]): Alignment => ({
  score: codonScores.reduce((sum, score) => sum + score, 0),
  start,
  end: start + 3 * codonScores.length,
  codonScores,
})

const even = (start: number, codons: number, score: number): Alignment =>
  alignmentOf(start, Array(codons).fill(score))

test('leads by region: over the best other genus of each; a half bit for each codon is credited to all', t => {
  const a = [even(0, 30, 3)] // one half bit a base
  const b = [even(30, 30, 2)]
  const c = [even(60, 30, 2)]
  // Bases 0 to 30: A over nothing. To 90: A over B, from 60 on over C, too. To 120: B and C are even. To 150: C.
  const ofA = (30 * 2) / 3 + (60 * 1) / 3 - (60 * 1) / 3
  const ofB = (-30 * 2) / 3 - (60 * 1) / 3 - (30 * 1) / 3
  const ofC = (-60 * 2) / 3 - (30 * 1) / 3 + (30 * 1) / 3
  t.ok(agree(leadsOf([a, b, c], 200), [ofA, ofB, ofC]), `${leadsOf([a, b, c], 200)}`)
  t.deepEqual(leadsOf([[], [], []], 100), [0, 0, 0], 'nothing is known')
  t.deepEqual(leadsOf([a, a], 100), [0, 0], 'both have it')
  t.deepEqual(leadsOf([[even(0, 30, 1)], []], 100), [0, 0], 'no more than what is credited')
  t.end()
})

test('leads by region: of a whole gene over its best conserved part in a genus that is farther off', t => {
  const whole = [alignmentOf(0, [2, 2, 6, 6, 6, 2, 2])]
  const part = [alignmentOf(6, [5, 5, 5])]
  t.ok(agree(leadsOf([whole, part], 30), [4 + 3, -4 - 3]), 'although the part has more a codon')
  t.end()
})

test('leads by region: those of a search for the best alignment at every base', t => {
  const length = 40
  const alignment = fc
    .tuple(
      fc.integer({ min: 0, max: length }),
      fc.array(fc.integer({ min: -6, max: 12 }), { minLength: 1, maxLength: 10 }),
    )
    .map(
      ([start, codonScores]): Alignment =>
        alignmentOf(start, codonScores.slice(0, Math.floor((length - start) / 3))),
    )
  // Alignments of a genus have scores of their own, so that the best is one.
  const ofGenus = fc.uniqueArray(alignment, { maxLength: 6, selector: ({ score }) => score })
  fc.assert(
    fc.property(fc.array(ofGenus, { minLength: 2, maxLength: 4 }), genera => {
      const perBase = (alignments: readonly Alignment[], place: number): number => {
        const [best] = alignments
          .filter(({ start, end }) => start <= place && place < end)
          .sort((one, other) => other.score - one.score)
        return Math.max(1, best ? best.codonScores[Math.floor((place - best.start) / 3)] : 0) / 3
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
