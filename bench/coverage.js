// How often the evaluator's 95 % intervals cover the truth, and how wide they are, in samples of simulated genera:
//
//   npm run build && node bench/coverage.js [trials [design …]]
//
// A genus' reads have a common part with the standard deviation `deviation`, where within a genus it is 1: the correlation
// within a genus is deviation² / (1 + deviation²), 0 to 0.5. Both are normal, and scores differ, unless a design says
// otherwise. Without numbers of designs (from 0 on), all of them.
import { coverage } from '../dist/test/eval/coverage.js'

const [trials = 2000, ...chosen] = process.argv.slice(2).map(Number)
const genera = (generaIn, generaOod, readsPerGenus, generaDeviation, shift = 1, others = {}) => ({
  ...{ generaIn, generaOod, readsPerGenus, generaDeviation, shift, ...others },
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
  genera(10, 58, 5, 0.5),
  genera(30, 58, 3, 0.5),
  genera(50, 50, 1, 0),
  genera(20, 20, 20, 0.5, 3),
  genera(10, 58, 20, 0.5, 3.5),
  genera(10, 58, 20, 0.5, 1, { step: 0.5 }),
  genera(10, 58, 20, 0.5, 1, { step: 1 }),
  genera(10, 58, 20, 0.5, 1, { generaShape: 'heavyTails' }),
  genera(10, 58, 20, 0.5, 1, { readsShape: 'heavyTails' }),
  genera(10, 58, 20, 0.5, 1, { readsShape: 'lowTail' }),
  genera(10, 58, 20, 0.5, 1, { readsShape: 'highTail' }),
  genera(10, 58, 20, 0.5, 1, { generaShape: 'highTail' }),
  genera(10, 58, 20, 0.5, 1, { generaShape: 'lowTail' }),
  genera(10, 58, 20, 0.5, 1, { generaShape: 'fifthLow' }),
  genera(30, 58, 20, 0.5, 1, { generaShape: 'fifthLow' }),
]
const names = ['auroc', 'auprcIn', 'auprcOod', 'fpr80', 'fpr95', 'difference']
const row = cells => process.stdout.write(`| ${cells.join(' | ')} |\n`)
row(['genera (reads each)', 'deviation', 'shift', 'otherwise', ...names])
row(['---', '---', '---', '---', ...names.map(() => '---')])
for (const [i, design] of designs.entries()) {
  if (chosen.length && !chosen.includes(i)) continue
  const { generaIn, generaOod, readsPerGenus, generaDeviation, shift, ...others } = design
  const covered = coverage(design, { trials, replicates: 200 })
  row([
    `${generaIn} + ${generaOod} (${[readsPerGenus].flat().join(' to ')})`,
    ...[generaDeviation, shift],
    Object.entries(others).flat().join(' '),
    ...names.map(name => `${(100 * covered[name].share).toFixed(1)} (${covered[name].width.toFixed(3)})`),
  ])
}
