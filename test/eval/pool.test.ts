import fc from 'fast-check'
import test from 'tape'
import { EvidencePool } from '../../eval/index.js'
import { isClose, uniforms } from './arbitrary.js'

const member = fc.record({
  scores: fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
  predictions: fc.integer({ min: 1, max: 1000 }),
  p: fc.double({ min: 0.01, max: 1, noNaN: true }),
})

test("pool: a group's score is the mean over all predictions, its p-value at most twice the members' mean", t => {
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 20 }), members => {
      const pool = new EvidencePool(['mean', 'mean'], 1)
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
  const pool = new EvidencePool(['mean'], 0)
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
    const pool = new EvidencePool(['mean'], 0)
    for (let i = 0; i < size; i++) pool.add({ scores: [draws[g * size + i]], predictions: 100, p: 1 })
    const { low, high } = pool.estimate()
    if (low <= 0.5 && 0.5 <= high) covered++
  }
  t.ok(covered > 0.93 * groups && covered < 0.97 * groups, `${covered} of ${groups}`)
  t.end()
})
