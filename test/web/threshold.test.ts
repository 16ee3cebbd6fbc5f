import fc from 'fast-check'
import test from 'tape'
import { Calibration } from '../../eval/index.js'
import { RateAtLength } from '../../web/score/threshold.js'

test('score: the line is drawn where calls change, for means and sums, at, between and beyond lengths', t => {
  const scores = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 19, maxLength: 40 })
  fc.assert(
    fc.property(
      scores,
      scores,
      fc.constantFrom(100, 150, 400, 3000),
      fc.boolean(),
      fc.double({ min: -5, max: 200, noNaN: true }),
      (first, second, length, isSum, score) => {
        const calibration = new Calibration([
          { length: 100, scores: first },
          { length: 400, scores: second },
        ])
        const atLength = new RateAtLength(calibration, length, isSum)
        const p = calibration.pValueOf(score, length - 1, isSum)
        const dragged = atLength.rateUpTo(score)
        // A line that is dragged to a score calls what is below or at it, unless it is at the end.
        if (p <= 1 - atLength.step && !(p <= dragged && score < atLength.cutoffAt(dragged))) return false
        const rates = [dragged, atLength.moved(dragged, 1), atLength.moved(dragged, -1), 0.05]
        return rates.every(rate => p <= rate === score < atLength.cutoffAt(rate))
      },
    ),
  )
  const calibration = new Calibration([
    { length: 100, scores: new Float64Array(39) },
    { length: 400, scores: new Float64Array(19) },
  ])
  const steps = [100, 150, 400, 3000].map(length => new RateAtLength(calibration, length, false).step)
  t.deepEqual(steps, [1 / 40, 1 / 20, 1 / 20, 1 / 20], 'at less nothing is called')
  t.end()
})
