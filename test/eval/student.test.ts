import { readFileSync } from 'node:fs'
import test from 'tape'
import { tConfidence, twoSidedP } from '../../eval/student.js'

// Read from the source tree: the compiler copies no data files into dist.
const { student } = JSON.parse(
  readFileSync(new URL('../../../test/eval/sklearn.json', import.meta.url), 'utf8'),
) as { student: { degreesOfFreedom: number; quantile: number; twoSidedP: [number, number][] }[] }

test("student: SciPy's quantiles and tails", t => {
  for (const { degreesOfFreedom, quantile, twoSidedP: tails } of student) {
    t.ok(Math.abs(tConfidence(degreesOfFreedom) / quantile - 1) < 1e-10, `quantile for ${degreesOfFreedom}`)
    const wrong = tails.filter(([x, p]) => !(Math.abs(twoSidedP(x, degreesOfFreedom) - p) <= 1e-10 * p))
    t.deepEqual(wrong, [], `tails for ${degreesOfFreedom} degrees of freedom`)
  }
  t.end()
})

test('student: edges', t => {
  t.equal(twoSidedP(0, 3), 1)
  t.equal(twoSidedP(-2, 3), twoSidedP(2, 3), 'two-sided')
  t.equal(twoSidedP(Number.POSITIVE_INFINITY, 3), 0)
  t.ok(
    Number.isNaN(twoSidedP(1, 0)) && Number.isNaN(twoSidedP(Number.NaN, 3)) && Number.isNaN(tConfidence(0)),
  )
  t.end()
})
