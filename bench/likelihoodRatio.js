// The picture of the guide's first chapter: log-likelihood, and likelihood ratio, of reads against their GC content.
//
//   node examples/train.js && npm run build && node bench/likelihoodRatio.js [OUT]
//
// It scores reads that no model has seen with the models that examples/train.js leaves in OUT (default: out), writes
// web/guide/chapters/likelihoodRatio.svg, and prints the numbers that the chapter states. The genera are SYNTHETIC.
import { fileURLToPath } from 'node:url'
import { gcFraction, syntheticReads, writeFileAtomic } from '../dist/data/index.js'
import { auroc, pearson } from '../dist/eval/index.js'
import { Detector, loadModel } from '../dist/model/index.js'

const out = process.argv[2] ?? 'out'
const detector = new Detector(await loadModel(`${out}/foreground`), await loadModel(`${out}/background`))

const classes = await Promise.all(
  ['in_test', 'ood_test'].map(async split => {
    const reads = [...syntheticReads({ split, count: 2000, length: 200, seed: 1234 })].map(
      ({ bases }) => bases,
    )
    const scores = await detector.score(reads)
    return {
      gc: reads.map(gcFraction),
      likelihood: scores.map(({ foreground }) => foreground),
      ratio: scores.map(({ ratio }) => ratio),
    }
  }),
)

/** Where the panels lie, and what they show. */
const [width, height, top, bottom] = [300, 220, 34, 44]
const lefts = [56, 412]
const panels = [
  {
    score: 'likelihood',
    title: 'Log-likelihood (nats per base)',
    range: [-1.45, -0.9],
    ticks: [-1.4, -1.2, -1],
  },
  { score: 'ratio', title: 'Ratio', range: [-0.036, 0.06], ticks: [-0.02, 0, 0.02, 0.04] },
]
const gcRange = [0, 1]
/** Reads of each class that are drawn. */
const drawn = 500
/** Custom properties of the page, with colours that are read on light and dark where there is no page. */
const colours = ['var(--accent, #11897b)', 'var(--warm, #c77418)']
const soft = 'var(--soft, #777)'

const scale = (value, [low, high], length) => ((value - low) / (high - low)) * length
const text = (x, y, content, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${content}</text>`

function drawPanel({ score, title, range, ticks }, left) {
  const x = gc => (left + scale(gc, gcRange, width)).toFixed(1)
  const y = value => (top + height - scale(value, range, height)).toFixed(1)
  const dots = classes.map((reads, i) => {
    const marks = reads[score].slice(0, drawn).map((value, j) => `M${x(reads.gc[j])} ${y(value)}h0`)
    return `<path d="${marks.join('')}" stroke="${colours[i]}" stroke-width="3.4" stroke-linecap="round" stroke-opacity="0.5"/>`
  })
  const lines = ticks.map(
    tick => `<path d="M${left} ${y(tick)}h${width}" stroke="${soft}" stroke-opacity="0.25"/>`,
  )
  const labels = ticks.map(tick =>
    text(left - 8, Number(y(tick)) + 4, String(tick).replace('-', '−'), 'text-anchor="end"'),
  )
  const below = [0, 0.25, 0.5, 0.75, 1].map(gc =>
    text(x(gc), top + height + 18, `${100 * gc} %`, 'text-anchor="middle"'),
  )
  return [
    text(left, 18, title, 'font-weight="600" font-size="14"'),
    ...lines,
    ...dots,
    ...labels,
    ...below,
    text(left + width / 2, top + height + 38, 'GC content of the read', 'text-anchor="middle"'),
  ].join('\n')
}

const legend = ['known genera', 'unknown genera'].map(
  (label, i) =>
    `<circle cx="${lefts[1] + 62 + 118 * i}" cy="14" r="4" fill="${colours[i]}"/>${text(lefts[1] + 70 + 118 * i, 18, label)}`,
)
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 736 ${top + height + bottom}" font-family="system-ui, sans-serif" font-size="12" fill="${soft}" stroke="none">
${panels.map((panel, i) => drawPanel(panel, lefts[i])).join('\n')}
${legend.join('\n')}
</svg>
`
await writeFileAtomic(
  fileURLToPath(new URL('../web/guide/chapters/likelihoodRatio.svg', import.meta.url)),
  svg,
)

for (const { score } of panels) {
  const [known, unknown] = classes
  const correlation = pearson(
    [...known.gc, ...unknown.gc].map(gc => Math.abs(gc - 0.5)),
    [...known[score], ...unknown[score]],
  )
  console.log(
    `${score}: AUROC ${auroc(known[score], unknown[score]).toFixed(3)}, correlation with the distance from 50 % GC ${correlation.toFixed(2)}`,
  )
}
