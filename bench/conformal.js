// How uniform the conformal p-values of a detector are, at lengths that it is calibrated at and between them: held-out
// fragments of its known genera, others than it was calibrated with.
//
//   npm run build && node bench/conformal.js MANIFEST.tsv [--detector FILE] [--lengths 115,130,160] [--fragments 2000] [--seed 2]
//
// Shares that are called at 5 %, and the distance of p-values from the uniform distribution (Kolmogorov and Smirnov) with its
// p-value as of two samples, since the calibration is one, too. Beside them what the larger of the p-values at the next
// shorter and the next longer calibrated length gives, which is cautious.
import { parseArgs } from 'node:util'
import { openGenomes, partsCalled, sampleReads } from '../dist/data/index.js'
import { DetectorScores, loadDetector, shippedDetector } from '../dist/model/index.js'

const rate = 0.05
const batch = 100

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    detector: { type: 'string', default: shippedDetector() },
    lengths: { type: 'string', default: '115,130,160,200,320,400,500,700' },
    fragments: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '2' },
  },
})
const [manifest] = positionals
if (!manifest) {
  process.stderr.write(
    'usage: node bench/conformal.js MANIFEST.tsv [--detector FILE] [--lengths 115,130,160] [--fragments 2000] [--seed 2]\n',
  )
  process.exit(2)
}
// Calls rest on the last fitted score, where there is one: its networks of genera would be computed for nothing.
const { genera, ...fitted } = await loadDetector(values.detector)
const scores = new DetectorScores(fitted.scores.length ? fitted : { ...fitted, genera })
await scores.prepare()
const { name, summed } = scores.scores[scores.main]
const calibration = fitted.calibration.scores.get(name)
const lengths = values.lengths.split(',').map(Number)
if (
  lengths.some(length => Number.isNaN(calibration.leastRate(length)) || length > calibration.lengths.at(-1))
) {
  process.stderr.write(
    `--lengths ${values.lengths}: give lengths from ${calibration.lengths[0]} to ${calibration.lengths.at(-1)}\n`,
  )
  process.exit(2)
}
const parts = partsCalled(await openGenomes(manifest), 'ID', 'val')
const genusCount = new Set(parts.map(({ genome }) => genome.genus)).size

/** The greatest distance of p-values from the uniform distribution. */
function distanceFromUniform(pValues) {
  const sorted = pValues.toSorted((a, b) => a - b)
  return Math.max(...sorted.map((p, i) => Math.max((i + 1) / sorted.length - p, p - i / sorted.length)))
}

/**
 * How probable as great a distance of two samples is; `n` is the product of their sizes by their sum (Stephens 1970, Use of
 * the Kolmogorov-Smirnov, Cramer-von Mises and related statistics without extensive tables, J. R. Stat. Soc. B 32).
 */
function kolmogorovP(distance, n) {
  const x = (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance
  let p = 0
  for (let k = 1; k <= 100; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * (k * x) ** 2)
  return Math.min(1, p)
}

function cells(pValues, calibrated) {
  const called = pValues.filter(p => p <= rate).length / pValues.length
  const distance = distanceFromUniform(pValues)
  const p = kolmogorovP(distance, (pValues.length * calibrated) / (pValues.length + calibrated))
  return `${called.toFixed(3)} | ${distance.toFixed(3)} (${p.toPrecision(2)})`
}

console.log(`Score ${name}, calibrated at ${calibration.lengths.join(', ')} bases.\n`)
console.log(
  '| length | between | fragments | called at 5 %, 95 % of times | called | distance (p) | larger p: called | distance (p) |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const length of lengths) {
  const reads = await sampleReads(parts, {
    length,
    perGenus: Math.round(Number(values.fragments) / genusCount),
    seed: Number(values.seed),
  })
  const ofReads = []
  for (let i = 0; i < reads.length; i += batch) {
    const scored = await scores.score(reads.slice(i, i + batch).map(({ bases }) => bases))
    ofReads.push(...scored.map(ofRead => ofRead[scores.main]))
  }
  const next = calibration.lengths.findIndex(calibrated => calibrated >= length)
  const isBetween = calibration.lengths[next] !== length
  const neighbours = isBetween ? [calibration.lengths[next - 1], calibration.lengths[next]] : [length]
  const calibrated = calibration.scores[next].length
  const deviation = Math.sqrt(rate * (1 - rate) * (1 / reads.length + 1 / calibrated))
  const p = ofReads.map(score => calibration.pValue(score, length, summed !== undefined))
  const larger = ofReads.map(score => Math.max(...neighbours.map(at => calibration.pValue(score, at))))
  const row = [
    length,
    isBetween ? neighbours.join(' and ') : '',
    reads.length,
    [-1, 1].map(sign => (rate + 1.96 * sign * deviation).toFixed(3)).join(' to '),
    cells(p, calibrated),
    cells(larger, calibrated),
  ]
  console.log(`| ${row.join(' | ')} |`)
}
