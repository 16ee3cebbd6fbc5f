import test from 'tape'
import { coverage } from './coverage.js'

// The long run is `node bench/coverage.js 1000`. Its figures, in % of 1000 samples (a standard error is 0.7):
//
//   genera (reads each)   deviation   shift   auroc   auprcIn   auprcOod   fpr80   fpr95   difference
//   COVERAGE
test('intervals: 95 % of them cover the truth, over genera and over reads', t => {
  const effort = { trials: 400, replicates: 200 }
  const [least, most] = [0.925, 0.975]
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
