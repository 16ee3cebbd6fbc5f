import test from 'tape'
import { coverage } from './coverage.js'

// `node bench/coverage.js 2000` draws more samples from more populations; what it found stands in COVERAGE_FIGURES.
test('intervals: 95 % of them cover the truth, over genera and over reads', t => {
  const effort = { trials: 400, replicates: 200 }
  // Of 400 intervals that cover with a chance of 95 %, 92.3 to 97.2 % do, 99 times in 100.
  const [least, most] = [0.923, 0.98]
  const clustered = coverage(
    { generaIn: 12, generaOod: 40, readsPerGenus: 10, generaDeviation: 0.5, shift: 1 },
    effort,
  )
  const independent = coverage(
    { generaIn: 200, generaOod: 200, readsPerGenus: 1, generaDeviation: 0, shift: 1 },
    effort,
  )
  for (const [unit, covered] of Object.entries({ genera: clustered, reads: independent }))
    for (const [metric, share] of Object.entries(covered))
      t.ok(share >= least && share <= most, `${metric}, over ${unit}: ${(100 * share).toFixed(1)} %`)
  t.end()
})
