import fc from 'fast-check'
import test from 'tape'
import { EvidencePool } from '../../eval/index.js'
import { leadContrasts } from '../../eval/scores/index.js'
import { isClose, uniforms } from './arbitrary.js'

const member = fc.record({
  scores: fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
  predictions: fc.integer({ min: 1, max: 1000 }),
  p: fc.double({ min: 0.01, max: 1, noNaN: true }),
})

test("pool: a group's score is the mean over all predictions, its p-value at most twice the members' mean", t => {
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 20 }), members => {
      const pool = new EvidencePool([undefined, undefined], 1)
      for (const one of members) pool.add(one)
      const total = members.reduce((sum, m) => sum + m.predictions, 0)
      const mean = (f: (m: (typeof members)[0]) => number) =>
        members.reduce((sum, m) => sum + (f(m) * m.predictions) / total, 0)
      const [first, second] = pool.scores()
      const { value, low, high } = pool.estimate()
      const p = members.length === 1 ? members[0].p : Math.min(1, 2 * mean(m => m.p))
      return (
        isClose(
          first,
          mean(m => m.scores[0]),
        ) &&
        isClose(
          second,
          mean(m => m.scores[1]),
        ) &&
        value === second &&
        isClose(pool.pValue(), p) &&
        (members.length === 1 ? Number.isNaN(low) && Number.isNaN(high) : low <= value && value <= high)
      )
    }),
  )
  t.end()
})

test('pool: members without a score or a p-value do not count', t => {
  const pool = new EvidencePool([undefined], 0)
  t.deepEqual([pool.members, pool.estimate().value, pool.pValue()], [0, Number.NaN, Number.NaN])
  pool.add({ scores: [Number.NaN], predictions: 10, p: Number.NaN })
  pool.add({ scores: [1], predictions: 0, p: 1 })
  pool.add({ scores: [-1], predictions: 10, p: 0.5 })
  pool.add({ scores: [-1], predictions: 30, p: Number.NaN })
  t.deepEqual([pool.members, pool.scores(), pool.pValue()], [2, [-1], 0.5])
  t.deepEqual(pool.estimate(), { value: -1, low: -1, high: -1 })
  t.end()
})

test('pool: the interval covers the mean of 95 % of groups', t => {
  const groups = 2000
  const size = 6
  const draws = uniforms(11, groups * size)
  let covered = 0
  for (let g = 0; g < groups; g++) {
    const pool = new EvidencePool([undefined], 0)
    for (let i = 0; i < size; i++) pool.add({ scores: [draws[g * size + i]], predictions: 100, p: 1 })
    const { low, high } = pool.estimate()
    if (low <= 0.5 && 0.5 <= high) covered++
  }
  t.ok(covered > 0.93 * groups && covered < 0.97 * groups, `${covered} of ${groups}`)
  t.end()
})

const evidence = fc.array(fc.double({ min: -500, max: 0, noNaN: true }), { minLength: 3, maxLength: 3 })
const judged = fc.record({
  ofGenera: evidence.map(values => Float64Array.from(values)),
  predictions: fc.integer({ min: 1, max: 1000 }),
})

/** A pool of members whose only score is a lead, and the lead that each has by itself. */
function leadPool(members: readonly { ofGenera: Float64Array | undefined; predictions: number }[]) {
  const pool = new EvidencePool([leadContrasts], 0)
  for (const { ofGenera, predictions } of members) {
    const [best = Number.NaN, second = Number.NaN] = [...(ofGenera ?? [])].sort((a, b) => b - a)
    pool.add({ scores: [best - second], summed: [ofGenera], predictions, p: 0.5 })
  }
  return pool
}

test("pool: a lead of genera is that of their summed evidence, its interval that of the leading pair's ratio to the predictions", t => {
  fc.assert(
    fc.property(fc.array(judged, { minLength: 1, maxLength: 12 }), members => {
      const pool = leadPool(members)
      const sums = [0, 1, 2].map(genus => members.reduce((sum, m) => sum + m.ofGenera[genus], 0))
      const [best, second, third] = [0, 1, 2].sort((a, b) => sums[b] - sums[a])
      const { value, low, high } = pool.estimate()
      const total = members.reduce((sum, { predictions }) => sum + predictions, 0)
      const leadOver = (other: number) => {
        const ratios = new EvidencePool([undefined], 0)
        for (const { ofGenera, predictions } of members)
          ratios.add({ scores: [(ofGenera[best] - ofGenera[other]) / predictions], predictions, p: 1 })
        const { value, low, high } = ratios.estimate()
        return { value: value * total, low: low * total, high: high * total }
      }
      const [overSecond, overThird] = [leadOver(second), leadOver(third)]
      // Squares of hundreds of nats keep a difference to some millionths of them.
      const near = (a: number, b: number) => Math.abs(a - b) < 2e-6 * (500 + Math.abs(b))
      return (
        near(value, overSecond.value) &&
        pool.scores()[0] === value &&
        pool.summed()[0]!.every((sum, genus) => near(sum, sums[genus])) &&
        (members.length === 1
          ? Number.isNaN(low) && Number.isNaN(high)
          : near(low, Math.min(overSecond.low, overThird.low)) && near(high, overSecond.high))
      )
    }),
  )
  const agreeing = [5, 3].map(lead => ({ ofGenera: Float64Array.of(0, lead), predictions: 10 }))
  const differing = [Float64Array.of(0, 5), Float64Array.of(3, 0)].map(ofGenera => ({
    ofGenera,
    predictions: 10,
  }))
  t.deepEqual([leadPool(agreeing).scores(), leadPool(differing).scores()], [[8], [2]])
  t.end()
})

test('pool: a member without evidence does not count; one genus leads nothing', t => {
  const pool = leadPool([
    { ofGenera: undefined, predictions: 10 },
    { ofGenera: Float64Array.of(1, 4), predictions: 0 },
    { ofGenera: Float64Array.of(1, 4), predictions: 20 },
  ])
  t.deepEqual([pool.members, pool.scores(), pool.pValue()], [1, [3], 0.5])
  t.deepEqual(pool.estimate(), { value: 3, low: Number.NaN, high: Number.NaN })
  t.deepEqual(leadPool([{ ofGenera: Float64Array.of(1), predictions: 5 }]).scores(), [Number.NaN])
  const empty = leadPool([])
  t.deepEqual([empty.members, empty.scores(), empty.summed()], [0, [Number.NaN], [undefined]])
  t.end()
})

test('pool: the interval of a lead covers that of the group, and its lower end is below 0 where none leads', t => {
  const groups = 2000
  const size = 8
  const draws = uniforms(5, groups * size * 4)
  let next = 0
  const counts = { covered: 0, none: 0 }
  const member = (means: readonly number[]) => {
    const predictions = 100 + Math.floor(100 * draws[next++])
    const ofGenera = Float64Array.from(means, mean => predictions * (mean - 2) + 60 * draws[next++])
    return { ofGenera, predictions }
  }
  for (let g = 0; g < groups; g++) {
    const leads = g % 2 === 0
    const members = Array.from({ length: size }, () => member([leads ? 0.3 : 0, 0, leads ? -0.3 : 0]))
    const { low, high } = leadPool(members).estimate()
    const expected = members.reduce((sum, { predictions }) => sum + 0.3 * predictions, 0)
    if (leads && low <= expected && expected <= high) counts.covered++
    if (!leads && low <= 0) counts.none++
  }
  t.ok(counts.covered > 0.93 * 1000 && counts.covered < 0.97 * 1000, `${counts.covered} of 1000`)
  t.ok(counts.none > 0.93 * 1000, `${counts.none} of 1000`)
  t.end()
})
