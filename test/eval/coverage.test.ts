import test from 'tape'
import { coverage } from './coverage.js'

// The long run is `node bench/coverage.js 1000` (its figures: bench/RESULTS.md). Here the seeds are fixed, and the bounds are
// those of 93 to 97 % plus one and a half standard errors of 400 samples.
test('intervals: 95 % of them cover the truth, over genera and over reads', t => {
  const effort = { trials: 400, replicates: 200 }
  const [least, most] = [0.915, 0.985]
  const genera = coverage(
    { generaIn: 10, generaOod: 40, readsPerGenus: 10, generaDeviation: 0.5, shift: 1 },
    effort,
  )
  const unequalGenera = coverage(
    { generaIn: 10, generaOod: 40, readsPerGenus: [5, 50], generaDeviation: 0.5, shift: 1 },
    effort,
  )
  const fewGenera = coverage(
    { generaIn: 5, generaOod: 20, readsPerGenus: 10, generaDeviation: 0.5, shift: 1 },
    effort,
  )
  const tied = coverage(
    { generaIn: 10, generaOod: 40, readsPerGenus: 10, generaDeviation: 0.5, shift: 1, step: 0.5 },
    effort,
  )
  const reads = coverage(
    { generaIn: 200, generaOod: 200, readsPerGenus: 1, generaDeviation: 0, shift: 1 },
    effort,
  )
  for (const [unit, covered] of Object.entries({ genera, unequalGenera, fewGenera, tied, reads }))
    for (const [metric, { share }] of Object.entries(covered))
      t.ok(share >= least && share <= most, `${metric}, over ${unit}: ${(100 * share).toFixed(1)} %`)
  t.end()
})
