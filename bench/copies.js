// How well genomes predict fragments of their own genus: bits a base, by contexts alone and with copies.
//
//   npm run build && node bench/copies.js MANIFEST.tsv [--length 1000] [--per-genus 60] [--copies 12,16,20,24]
//
// Fragments are of the validation parts of the known genera. Kinds of contexts are pooled as `genusOdds` pools them, so
// that probabilities sum to less than 1, and bits are somewhat too many.
import { parseArgs } from 'node:util'
import { openGenomes, partsCalled, sampleReads, sequencesOf } from '../dist/data/index.js'
import { fitScores, parseSpec } from '../dist/eval/scores/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    length: { type: 'string', default: '1000' },
    'per-genus': { type: 'string', default: '60' },
    copies: { type: 'string', default: '12,16,20,24' },
  },
})
const [manifest] = positionals
if (!manifest) {
  process.stderr.write('usage: node bench/copies.js MANIFEST.tsv [--length 1000]\n')
  process.exit(2)
}
const length = Number(values.length)
const genomes = await openGenomes(manifest)
const reads = await sampleReads(partsCalled(genomes, 'ID', 'val'), {
  length,
  perGenus: Number(values['per-genus']),
  seed: 1234,
})
const fragments = reads.map(({ bases }) => bases)
const least = [0, ...values.copies.split(',').map(Number)]
const specs = least.map(k => parseSpec(`genusOdds:alignments=0,copies=${k},copyWeight=1,name=from${k}`))
const scores = await fitScores(specs, sequencesOf(partsCalled(genomes, 'ID', 'train')))

const genera = [...new Set(reads.map(({ genus }) => genus))].sort()
console.log(['copies from', 'all', ...genera].join('\t'))
for (const [i, { genusEvidence }] of scores.entries()) {
  const evidence = await genusEvidence.evidence(fragments)
  const bits = reads.map(
    ({ genus }, k) => -evidence[k][genusEvidence.genera.indexOf(genus)] / Math.LN2 / length,
  )
  const mean = of => {
    const chosen = bits.filter((_, k) => of === undefined || reads[k].genus === of)
    return (chosen.reduce((a, b) => a + b, 0) / chosen.length).toFixed(3)
  }
  console.log([least[i] || 'none', mean(), ...genera.map(mean)].join('\t'))
}
