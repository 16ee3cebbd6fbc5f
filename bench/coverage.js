// How often the evaluator's 95 % intervals cover the truth, in samples of simulated genera: node bench/coverage.js [trials]
import { coverage } from '../dist/test/eval/coverage.js'

const trials = Number(process.argv[2] ?? 1000)
const populations = [
  { generaIn: 10, generaOod: 58, readsPerGenus: 20, generaDeviation: 0.5, shift: 1 },
  { generaIn: 10, generaOod: 40, readsPerGenus: 20, generaDeviation: 0.7, shift: 1 },
  { generaIn: 10, generaOod: 40, readsPerGenus: 20, generaDeviation: 0.3, shift: 1 },
  { generaIn: 20, generaOod: 60, readsPerGenus: 20, generaDeviation: 0.5, shift: 1.5 },
  { generaIn: 10, generaOod: 10, readsPerGenus: 20, generaDeviation: 0.7, shift: 1 },
  { generaIn: 200, generaOod: 200, readsPerGenus: 1, generaDeviation: 0, shift: 1 },
  { generaIn: 1000, generaOod: 1000, readsPerGenus: 1, generaDeviation: 0, shift: 1.5 },
]
const names = ['auroc', 'auprcIn', 'auprcOod', 'fpr80', 'fpr95', 'difference']
console.log(
  `genera (reads each)   deviation   shift   ${names.map(name => name.padEnd(10)).join(' ')}   % of ${trials}`,
)
for (const population of populations) {
  const { generaIn, generaOod, readsPerGenus, generaDeviation, shift } = population
  const covered = coverage(population, { trials, replicates: 300 })
  const genera = `${generaIn} + ${generaOod} (${readsPerGenus})`
  const cells = names.map(name => (100 * covered[name]).toFixed(1).padEnd(10))
  console.log(
    [genera.padEnd(21), String(generaDeviation).padEnd(11), String(shift).padEnd(7), cells.join(' ')].join(
      ' ',
    ),
  )
}
