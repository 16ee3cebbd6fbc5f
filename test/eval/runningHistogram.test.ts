import fc from 'fast-check'
import test from 'tape'
import { RunningHistogram } from '../../eval/index.js'

const numbers = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e9, max: 1e9 }), {
  minLength: 1,
})

function histogramOf(values: readonly number[]) {
  const histogram = new RunningHistogram()
  for (const x of values) histogram.add(x)
  return histogram.bins()
}

test('bins hold the numbers that lie in them, whatever the order, and are no more than 64', t => {
  fc.assert(
    fc.property(numbers, values => {
      const bins = histogramOf(values)
      t.ok(bins.length <= 64)
      for (const { low, high, count } of bins)
        if (count !== values.filter(x => x >= low && x < high).length) return false
      const total = bins.reduce((sum, { count }) => sum + count, 0)
      const reversed = histogramOf(values.toReversed())
      return total === values.length && JSON.stringify(reversed) === JSON.stringify(bins)
    }),
  )
  t.end()
})

test('bins are as narrow as the numbers allow', t => {
  const bins = histogramOf([-1, 1])
  t.equal(bins[0].high - bins[0].low, 2 ** -4, '33 bins; of half the width they were 65')
  t.equal(bins.length, 33)
  t.deepEqual(histogramOf([0.5]), [{ low: 0.5, high: 0.5 + 2 ** -20, count: 1 }])
  t.deepEqual(
    histogramOf([Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE]),
    [],
    'what is not finite is left out',
  )
  t.end()
})
