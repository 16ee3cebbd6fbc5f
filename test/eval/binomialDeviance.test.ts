import test from 'tape'
import { binomialDeviance, devianceInterval } from '../../eval/binomialDeviance.js'
import { isClose } from './arbitrary.js'

test('deviance: that of the likelihoods', t => {
  const logLikelihood = (k: number, n: number, p: number): number =>
    k * Math.log(p) + (n - k) * Math.log(1 - p)
  for (const [k, p] of [
    [3, 0.1],
    [15, 0.9],
    [10, 0.5],
  ]) {
    const expected = 2 * (logLikelihood(k, 20, k / 20) - logLikelihood(k, 20, p))
    t.ok(isClose(20 * binomialDeviance(k / 20, p), expected, 1e-9), `${k} of 20, ${p}`)
  }
  t.ok(
    isClose(binomialDeviance(0, 0.1), -2 * Math.log(0.9)) &&
      isClose(binomialDeviance(1, 0.9), -2 * Math.log(0.9)),
  )
  t.end()
})

test('deviance: intervals of shares', t => {
  const { low, high } = devianceInterval(0.3, 50, 1.96)
  for (const end of [low, high])
    t.ok(isClose(50 * binomialDeviance(0.3, end), 1.96 ** 2, 1e-9), `${end} is as far as it goes`)
  t.ok(low < 0.3 && high > 0.3)
  const none = devianceInterval(0, 100, 1.959963984540054)
  t.equal(none.low, 0)
  t.ok(isClose((1 - none.high) ** 100, 0.025, 1e-6), `0 of 100 has a probability of 2.5 % at ${none.high}`)
  t.deepEqual(
    devianceInterval(1, 100, 1.959963984540054).low.toFixed(9),
    (1 - none.high).toFixed(9),
    'as has 100 of 100',
  )
  t.end()
})
