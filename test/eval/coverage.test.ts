import test from 'tape'
import { coverage } from './coverage.js'

// The long run is `node bench/coverage.js 1000`; what it found, in % of 1000 samples (their standard error is 0.7):
//
//   genera (reads each)   deviation   shift   auroc      auprcIn    auprcOod   fpr80      fpr95      difference
//   10 + 58 (20)          0.5         1       96.3       95.5       94.7       95.7       90.8       95.9
//   10 + 40 (20)          0.7         1       96.5       96.2       95.3       96.1       90.6       96.1
//   10 + 40 (20)          0.3         1       95.8       96.0       94.6       94.9       92.9       95.9
//   20 + 60 (20)          0.5         1.5     95.9       96.1       95.3       95.4       93.7       95.8
//   10 + 10 (20)          0.7         1       96.7       96.2       95.5       97.3       95.3       96.1
//   200 + 200 (1)         0           1       95.9       94.1       93.7       94.5       93.7       95.6
//   1000 + 1000 (1)       0           1.5     95.4       94.2       94.9       94.2       95.1       94.9
//
// FPR at a TPR of 95 % rests on the worst twentieth of the in-distribution reads, hence on one genus of ten or twenty.
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
