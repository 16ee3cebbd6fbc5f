// The baselines: AUROC of scores that need no network, on fragments of the validation genomes, and reads of 250
// bases per second of one core.
//
//   npm run build && node bench/baselines.js MANIFEST.tsv [--reads IN --reads OOD] [--lengths 100,250] [SPEC …]
//
// SPECs are those of `xenograd fit`; without any, the rows of issue 16. Chains and sets are fitted on the training parts of
// the known genera (set ID), weighted sums on the fragments themselves, and by cross-validation over genera (cv).
// --reads: evaluates on these two files of reads instead of fragments. --fit-reads FILE: fits on reads instead of genomes.
import { parseArgs } from 'node:util'
import { readManifest, readReads, sampleReads, sequencesOf, splitByParts } from '../dist/data/index.js'
import { aurocEstimate } from '../dist/eval/index.js'
import { crossValidatedSum, fitScores, parseSpec } from '../dist/eval/scores/index.js'

const aminos = [4, 5, 6, 7].map(k => `aminoKmers:k=${k}`)
const bases = [11, 13, 15].map(k => `kmers:k=${k}`)
const rows = [
  ...bases,
  ...aminos,
  'aminoKmers:k=7,frames=sum,stops=count',
  'markov:order=8',
  'markov:order=10',
  'markovRatio:order=10,background=1',
  'mlr:own=none',
  'mlr:own=2',
  'mlr:own=3',
  'mlr:own=bic',
  'weightedSum:name=homology,of=aminoKmers4+aminoKmers5+aminoKmers6+aminoKmers7+kmers11+kmers13+kmers15',
  'weightedSum:name=all,of=kmers15+aminoKmers7+aminoKmers7-sum-count+mlrnone+mlr2+mlr3',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    reads: { type: 'string', multiple: true },
    'fit-reads': { type: 'string' },
    lengths: { type: 'string', default: '100,250,1000,5000,20000' },
    'per-class': { type: 'string', default: '6000' },
  },
})
const [manifest, ...specs] = positionals
if (!manifest) {
  process.stderr.write('usage: node bench/baselines.js MANIFEST.tsv [--reads IN --reads OOD] [SPEC …]\n')
  process.exit(2)
}

const genomes = await readManifest(manifest)
const known = splitByParts(genomes.filter(genome => genome.group === 'ID'))
const others = splitByParts(genomes.filter(genome => genome.group !== 'ID'))

/** Fragments of one class: a number of each genus, or all of a file. */
async function fragmentsOf(parts, length, seed, bases) {
  const genera = new Set(parts.map(({ genome }) => genome.genus)).size
  return sampleReads(parts, { length, perGenus: Math.round(bases / genera), seed })
}

async function collect(path) {
  const reads = []
  for await (const read of readReads(path)) reads.push(read)
  return reads
}

/** A sample: both classes' fragments, with their labels and genera. */
function sampleOf(name, length, inside, outside) {
  const reads = [...inside, ...outside]
  return {
    name,
    length,
    fragments: reads.map(read => read.bases),
    labels: new Uint8Array(reads.length).fill(1, 0, inside.length),
    genera: reads.map((read, i) => read.genus ?? `${i < inside.length}${read.label}`),
    inside: inside.length,
  }
}

const samples = []
if (values.reads) {
  const [inside, outside] = await Promise.all(values.reads.map(collect))
  samples.push(sampleOf('reads', inside[0].bases.length, inside, outside))
} else
  for (const length of values.lengths.split(',').map(Number)) {
    // Fewer long fragments: they cost more, and soon cover a genome more than once.
    const perClass = Math.round(Math.min(1, 1500 / length + 0.2) * Number(values['per-class']))
    const inside = await fragmentsOf(known.get('val'), length, 1, perClass)
    const outside = await fragmentsOf(others.get('val'), length, 2, perClass)
    samples.push(sampleOf(String(length), length, inside, outside))
  }

async function* labelledReads(path) {
  for await (const { bases, genus, label } of readReads(path)) yield { bases, genus: genus ?? String(label) }
}
const began = performance.now()
const training = values['fit-reads'] ? labelledReads(values['fit-reads']) : sequencesOf(known.get('train'))
const scores = await fitScores((specs.length ? specs : rows).map(parseSpec), training, samples)
process.stderr.write(`fitted in ${((performance.now() - began) / 1000).toFixed(0)} s\n`)

const auroc = (all, inside) => aurocEstimate(all.subarray(0, inside), all.subarray(inside))
const show = ({ value, low, high }) => `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`

/** Reads per second of the processor's time (of one core), over at least a second after a warm-up. */
async function readsPerSecond(score, fragments) {
  await score.score(fragments.slice()) // a new array each time: nothing is remembered of it
  const start = process.cpuUsage()
  for (let reads = fragments.length; ; reads += fragments.length) {
    await score.score(fragments.slice())
    const { user, system } = process.cpuUsage(start)
    if (user + system > 1e6) return (1e6 * reads) / (user + system)
  }
}

process.stdout.write(`score\t${samples.map(({ name }) => name).join('\t')}\treads per CPU second\n`)
const columns = samples.map(() => new Map())
for (const score of scores) {
  const { kind, settings } = score.store()
  const cells = []
  let rate = 0
  for (const [i, { fragments, inside }] of samples.entries()) {
    const all = await score.score(fragments)
    if (samples[i].length === 250 && kind !== 'weightedSum') rate = await readsPerSecond(score, fragments)
    columns[i].set(score.name, all)
    cells.push(show(auroc(all, inside)))
  }
  process.stdout.write(`${score.name}\t${cells.join('\t')}\t${Math.round(rate)}\n`)
  if (kind !== 'weightedSum') continue
  const held = samples.map(({ labels, genera, inside }, i) =>
    show(
      auroc(
        crossValidatedSum(
          settings.of.map(name => columns[i].get(name)),
          labels,
          genera,
          { l2: settings.l2 },
        ),
        inside,
      ),
    ),
  )
  process.stdout.write(`${score.name} (cv)\t${held.join('\t')}\t\n`)
}
