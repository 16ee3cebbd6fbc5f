// The baselines: AUROC of scores that need no network, on fragments of the validation genomes or on reads, and reads of
// 250 bases per second of one core.
//
//   npm run build && node bench/baselines.js MANIFEST.tsv [--reads IN --reads OOD] [--lengths 100,250] [--samples 5] [SPEC …]
//
// SPECs are those of `xenograd fit`; without any, the rows of issue 16. Chains and sets are fitted on the training parts of
// the known genera (set ID), weighted sums on the fragments themselves, and by cross-validation over genera (cv).
// --reads: evaluates on these two files of reads instead of fragments. --fit-reads FILE: fits on reads instead of genomes.
// --samples: of so many samples of fragments the mean and the standard deviation, instead of an interval of one.
// --by-length: fragments of a genus by the lengths of its genomes, instead of as many of each.
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
  'mlr:own=2,ownPseudocount=1,name=mlr2',
  'mlr:own=3,ownPseudocount=1,name=mlr3',
  'mlr:own=bic',
  'weightedSum:name=homology,l2=0.0001,of=aminoKmers4+aminoKmers5+aminoKmers6+aminoKmers7+kmers11+kmers13+kmers15',
  'weightedSum:name=all,l2=0.0015,of=kmers15+aminoKmers7+markov10+mlrnone+mlr3',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    reads: { type: 'string', multiple: true },
    'fit-reads': { type: 'string' },
    lengths: { type: 'string', default: '100,250,1000,5000,20000' },
    'per-class': { type: 'string', default: '6000' },
    samples: { type: 'string', default: '1' },
    'by-length': { type: 'boolean', default: false },
  },
})
const [manifest, ...wanted] = positionals
if (!manifest) {
  process.stderr.write('usage: node bench/baselines.js MANIFEST.tsv [--reads IN --reads OOD] [SPEC …]\n')
  process.exit(2)
}

const genomes = await readManifest(manifest)
const known = splitByParts(genomes.filter(genome => genome.group === 'ID'))
const others = splitByParts(genomes.filter(genome => genome.group !== 'ID'))

/** Fragments of one class: as many of each genus, or by the lengths of its genomes. */
async function fragmentsOf(parts, length, seed, fragments) {
  const bases = new Map() // of each genus
  for (const { genome, from, to } of parts)
    bases.set(genome.genus, (bases.get(genome.genus) ?? 0) + (to - from) * genome.length)
  const allBases = [...bases.values()].reduce((sum, ofGenus) => sum + ofGenus)
  const reads = []
  for (const [genus, ofGenus] of bases) {
    const share = values['by-length'] ? ofGenus / allBases : 1 / bases.size
    const partsOfGenus = parts.filter(({ genome }) => genome.genus === genus)
    const perGenus = Math.round(share * fragments)
    for (const read of await sampleReads(partsOfGenus, { length, perGenus, seed })) reads.push(read)
  }
  return reads
}

async function collect(path) {
  const reads = []
  for await (const read of readReads(path)) reads.push(read)
  return reads
}

/** A sample: both classes' fragments, with their labels and genera. */
function sampleOf(column, length, inside, outside) {
  const reads = [...inside, ...outside]
  return {
    column,
    length,
    fragments: reads.map(read => read.bases),
    labels: new Uint8Array(reads.length).fill(1, 0, inside.length),
    genera: reads.map((read, i) => read.genus ?? `${i < inside.length}${read.label}`),
    inside: inside.length,
  }
}

/** The samples, one after the other, so that one is in memory at a time. */
async function* samples() {
  if (values.reads) {
    const [inside, outside] = await Promise.all(values.reads.map(collect))
    yield sampleOf('reads', inside[0].bases.length, inside, outside)
    return
  }
  for (const length of values.lengths.split(',').map(Number))
    for (let sample = 0; sample < Number(values.samples); sample++) {
      // Fewer long fragments: they cost more, and soon cover a genome more than once.
      const perClass = Math.round(Math.min(1, 1500 / length + 0.2) * Number(values['per-class']))
      const inside = await fragmentsOf(known.get('val'), length, 1 + 2 * sample, perClass)
      const outside = await fragmentsOf(others.get('val'), length, 2 + 2 * sample, perClass)
      yield sampleOf(String(length), length, inside, outside)
    }
}

async function* labelledReads(path) {
  for await (const { bases, genus, label } of readReads(path)) yield { bases, genus: genus ?? String(label) }
}
async function* nothing() {}
const specs = (wanted.length ? wanted : rows).map(parseSpec)
const ofSequences = specs.filter(({ kind }) => kind.fittedOn === 'sequences')
const sums = specs.filter(spec => !ofSequences.includes(spec))
const began = performance.now()
const training = values['fit-reads'] ? labelledReads(values['fit-reads']) : sequencesOf(known.get('train'))
const fitted = await fitScores(ofSequences, training)
process.stderr.write(`fitted in ${((performance.now() - began) / 1000).toFixed(0)} s\n`)

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

const results = new Map() // of each score's name, the estimates of each column
const rates = new Map()
const columns = new Set()
for await (const sample of samples()) {
  const { column, length, fragments, labels, genera, inside } = sample
  columns.add(column)
  const given = new Map()
  const note = (name, all) => {
    given.set(name, all)
    const row = results.get(name) ?? new Map()
    results.set(name, row)
    row.set(column, [
      ...(row.get(column) ?? []),
      aurocEstimate(all.subarray(0, inside), all.subarray(inside)),
    ])
  }
  for (const score of [...fitted, ...(await fitScores(sums, nothing(), [sample], fitted))]) {
    note(score.name, await score.score(fragments))
    const { kind, settings } = score.store()
    if (kind === 'weightedSum') {
      const parts = settings.of.map(name => given.get(name))
      note(`${score.name} (cv)`, crossValidatedSum(parts, labels, genera, { l2: settings.l2 }))
    } else if (length === 250 && !rates.has(score.name))
      rates.set(score.name, Math.round(await readsPerSecond(score, fragments)))
  }
}

function show(estimates) {
  const [{ value, low, high }] = estimates
  if (estimates.length === 1) return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
  const mean = estimates.reduce((sum, each) => sum + each.value, 0) / estimates.length
  const squares = estimates.reduce((sum, each) => sum + (each.value - mean) ** 2, 0)
  return `${mean.toFixed(3)} ± ${Math.sqrt(squares / (estimates.length - 1)).toFixed(3)}`
}
process.stdout.write(`score\t${[...columns].join('\t')}\treads per CPU second\n`)
for (const [name, row] of results)
  process.stdout.write(
    `${name}\t${[...columns].map(column => show(row.get(column))).join('\t')}\t${rates.get(name) ?? ''}\n`,
  )
