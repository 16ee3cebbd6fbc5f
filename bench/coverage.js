// How often the evaluator's 95 % intervals cover the truth, and how wide they are, in samples of simulated genera:
//
//   npm run build && node bench/coverage.js [trials [design …]]
//
// A genus' reads have a common part with the standard deviation `deviation`, where within a genus it is 1: the correlation
// within a genus is deviation² / (1 + deviation²), 0 to 0.5. Without numbers of designs (from 0 on), all of them.
import { coverage } from '../dist/test/eval/coverage.js'

const [trials = 2000, ...chosen] = process.argv.slice(2).map(Number)
const genera = (generaIn, generaOod, readsPerGenus, generaDeviation, shift = 1) => ({
  ...{ generaIn, generaOod, readsPerGenus, generaDeviation, shift },
})
const designs = [
  genera(10, 58, 20, 0.5),
  genera(10, 58, 20, 0.3),
  genera(10, 58, 50, 0),
  genera(10, 58, 30, 0.7),
  genera(10, 58, 50, 1),
  genera(10, 58, 100, 0.3),
  genera(10, 58, 10, 0.5, 2),
  genera(10, 10, 20, 0.7),
  genera(20, 58, 20, 0.7, 1.5),
  genera(60, 60, 20, 1),
  genera(5, 58, 20, 0.5),
  genera(5, 58, 20, 1),
  genera(5, 20, 50, 0.5),
  genera(10, 58, [10, 200], 0.5),
  genera(20, 58, [10, 200], 0.7),
  genera(200, 200, 1, 0),
  genera(1000, 1000, 1, 0, 1.5),
]
const names = ['auroc', 'auprcIn', 'auprcOod', 'fpr80', 'fpr95', 'difference']
const row = cells => process.stdout.write(`| ${cells.join(' | ')} |\n`)
row(['genera (reads each)', 'deviation', 'shift', ...names])
row(['---', '---', '---', ...names.map(() => '---')])
for (const [i, design] of designs.entries()) {
  if (chosen.length && !chosen.includes(i)) continue
  const { generaIn, generaOod, readsPerGenus, generaDeviation, shift } = design
  const covered = coverage(design, { trials, replicates: 200 })
  row([
    `${generaIn} + ${generaOod} (${[readsPerGenus].flat().join(' to ')})`,
    ...[generaDeviation, shift],
    ...names.map(name => `${(100 * covered[name].share).toFixed(1)} (${covered[name].width.toFixed(3)})`),
  ])
}
