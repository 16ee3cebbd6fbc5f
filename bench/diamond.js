// How much the alignments of `genusLeads` lack in sensitivity: AUROC with those by DIAMOND in their place.
//
//   npm run build && node bench/diamond.js MANIFEST.tsv [--lengths 250,1000] [--per-class 3000,1200] [--seed 101]
//     [--modes fast,mid-sensitive,sensitive]
//
// Needs the program diamond (Buchfink, Reuter & Drost 2021, Nat. Methods 18, 366; Debian: diamond-aligner). Known genera,
// fragments and classes are those of bench/leads.js. DIAMOND aligns them, with gaps, with the translations of the training
// genomes in six frames, from stop codon to stop codon. Of each genus a base has the score per base of the best alignment
// that covers it; the rest is as in `genusLeads`: the greatest lead of a genus over all others, summed over bases, is added
// to the lead by contexts, at its weight and at 0.1 nats for half a bit. In brackets: minus `genusLeads`, p over fragments.
// Seconds are the processor's; DIAMOND indexes its database anew for each mode and length.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  decode,
  openGenomes,
  partsCalled,
  removeAtExit,
  reverseComplement,
  sequencesOf,
  unknown,
} from '../dist/data/index.js'
import { auroc, pairedDelong } from '../dist/eval/index.js'
import { fitScores, parseSpec } from '../dist/eval/scores/index.js'
import { addBaseLeads } from '../dist/eval/scores/memory/regionLeads.js'
import { residueLetter } from '../dist/eval/scores/translate.js'
import { fragmentsOfClass } from './fragmentsOfClass.js'

const leastProtein = 40 // amino acids
/** Half bits a base that every genus is credited with, as in `genusLeads`. */
const credited = 1 / 3
/** Nats for half a bit, beside those of `genusLeads`, by whose scores codons that are the same have 1 more than by DIAMOND's. */
const otherWeight = 0.1
const threads = 2

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lengths: { type: 'string', default: '250,1000' },
    'per-class': { type: 'string', default: '3000,1200' },
    seed: { type: 'string', default: '101' },
    modes: { type: 'string', default: 'fast,mid-sensitive,sensitive' },
  },
})
const [manifest] = positionals
if (!manifest) {
  process.stderr.write(
    'usage: node bench/diamond.js MANIFEST.tsv [--lengths 250,1000] [--per-class 3000,1200] [--seed 101] [--modes fast,mid-sensitive,sensitive]\n',
  )
  process.exit(2)
}
const modes = values.modes.split(',')
const version = spawnSync('diamond', ['version'], { encoding: 'utf8' })
if (version.error) {
  process.stderr.write(
    `cannot run diamond (${version.error.message}): install it with "apt-get install diamond-aligner", or from https://github.com/bbuchfink/diamond\n`,
  )
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'xenograd-diamond-'))
removeAtExit(folder)
const [proteins, database, queries, hits] = ['proteins.fa', 'proteins.dmnd', 'queries.fa', 'hits.tsv'].map(
  name => join(folder, name),
)

/** Runs DIAMOND. @returns what it took, in seconds of the processor: what the shell says of its children. */
function diamond(...args) {
  const { status, stdout, stderr, error } = spawnSync(
    'sh',
    ['-c', '"$@" && times', 'sh', 'diamond', ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 2 ** 28,
    },
  )
  if (status !== 0) throw new Error(`diamond ${args.join(' ')}: ${stderr || error}`)
  const ofChildren = stdout.trim().split('\n').at(-1)
  return [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * m + Number(s), 0)
}

const letters = Buffer.from(Array.from({ length: 64 }, (_, codon) => residueLetter(codon)).join(''))
const stop = '*'.charCodeAt(0)

/** The proteins that bases in a direction may code for: between stop codons and unknown bases, in three frames. */
function* proteinsOf(bases) {
  for (let frame = 0; frame < 3; frame++) {
    const translated = Buffer.alloc(Math.max(0, Math.floor((bases.length - frame) / 3)))
    for (let residue = 0, i = frame; residue < translated.length; residue++, i += 3) {
      const [one, two, three] = [bases[i], bases[i + 1], bases[i + 2]]
      translated[residue] = (one | two | three) < unknown ? letters[16 * one + 4 * two + three] : stop
    }
    for (const protein of translated.toString('latin1').split('*'))
      if (protein.length >= leastProtein) yield protein
  }
}

/** Writes the proteins of sequences in both directions, each named by the number of its genus. */
async function writeProteins(path, sequences, genera) {
  const file = openSync(path, 'w')
  let count = 0
  for await (const { genus, bases } of sequences)
    for (const strand of [bases, reverseComplement(bases)]) {
      const records = Array.from(
        proteinsOf(strand),
        protein => `>${genera.indexOf(genus)}_${count++}\n${protein}\n`,
      )
      writeSync(file, records.join(''))
    }
  closeSync(file)
}

/** The alignments of fragments by DIAMOND: of each fragment, from the worst to the best. */
function align(fragments, mode) {
  writeFileSync(queries, fragments.map((bases, i) => `>${i}\n${decode(bases)}\n`).join(''))
  const seconds = diamond(
    ...[
      'blastx',
      `--${mode}`,
      '--db',
      database,
      '--query',
      queries,
      '--out',
      hits,
      '--threads',
      `${threads}`,
    ],
    ...['-k', '1000', '-e', '1', '--comp-based-stats', '0', '--masking', '0'],
    ...['-f', '6', 'qseqid', 'sseqid', 'qstart', 'qend', 'score'],
  )
  const alignments = fragments.map(() => [])
  for (const line of readFileSync(hits, 'utf8').split('\n')) {
    if (!line) continue
    const [query, subject, first, last, score] = line.split('\t')
    // Of a fragment's reverse complement, the first base comes after the last one.
    const [start, end] = [Math.min(first, last) - 1, Math.max(first, last)]
    alignments[query].push({ genus: Number(subject.split('_')[0]), start, end, score: Number(score) })
  }
  for (const ofFragment of alignments) ofFragment.sort((a, b) => a.score - b.score)
  return { alignments, seconds }
}

/** The greatest lead of a genus over all others by alignments, in half bits. */
function greatestLead(alignments, length, genera) {
  const tracks = Array.from({ length: genera }, () => new Float32Array(length).fill(credited))
  for (const { genus, start, end, score } of alignments)
    tracks[genus].fill(Math.max(credited, score / (end - start)), start, end)
  const sums = new Float64Array(genera)
  addBaseLeads(tracks, sums)
  return Math.max(...sums)
}

/** What `work` gives, and how many seconds of the processor it takes this process. */
async function timed(work) {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, seconds: (user + system) / 1e6 }
}

const genomes = await openGenomes(manifest)
const known = partsCalled(genomes, 'ID', 'train')
const genera = [...new Set(known.map(({ genome }) => genome.genus))]
const [contexts, genusLeads] = await fitScores(
  ['genusLeads:alignments=0,name=contexts', 'genusLeads'].map(parseSpec),
  sequencesOf(known),
)
const ownWeight = genusLeads.store().settings.alignments
const weights = [ownWeight, otherWeight]

const ofContexts = await timed(() => contexts.prepare())
const ofSeeds = await timed(() => genusLeads.prepare())
const ofProteins = await timed(() => writeProteins(proteins, sequencesOf(known), genera))
const ofDatabase = diamond('makedb', '--in', proteins, '--db', database, '--threads', `${threads}`)
process.stderr.write(
  `${version.stdout.trim()}; to make ready, s of the processor: contexts ${ofContexts.seconds.toFixed(0)}, seeds of genusLeads ` +
    `${ofSeeds.seconds.toFixed(0)}, DIAMOND's database ${(ofProteins.seconds + ofDatabase).toFixed(0)}\n`,
)

/** Of each way to align: the greatest lead of a genus by alignments in each fragment, in half bits, and who has alignments. */
async function waysToAlign(fragments) {
  const own = await timed(() => genusLeads.summed.numbers(fragments))
  const ofAlignments = own.result.map(numbers => numbers.subarray(genera.length))
  const ways = [
    {
      name: 'genusLeads',
      leads: ofAlignments.map(leads => Math.max(...leads) / ownWeight),
      isAligned: ofAlignments.map(leads => leads.some(lead => lead !== 0)),
      seconds: own.seconds,
    },
  ]
  for (const mode of modes) {
    const { alignments, seconds } = align(fragments, mode)
    ways.push({
      name: `DIAMOND, ${mode}`,
      leads: alignments.map((ofFragment, i) => greatestLead(ofFragment, fragments[i].length, genera.length)),
      isAligned: alignments.map(ofFragment => ofFragment.length > 0),
      least: Math.min(...alignments.flatMap(([worst]) => worst?.score ?? [])),
      seconds,
    })
  }
  return ways
}

const compared = (classes, others) => {
  const { difference, p } = pairedDelong(classes, others)
  return `${difference.value.toFixed(3)}, p = ${p.toPrecision(1)}`
}
const row = cells => process.stdout.write(`| ${cells.join(' | ')} |\n`)

const lengths = values.lengths.split(',').map(Number)
const perClass = values['per-class'].split(',').map(Number)
for (const [i, length] of lengths.entries()) {
  const fragments = perClass[Math.min(i, perClass.length - 1)]
  const seed = Number(values.seed)
  const inside = await fragmentsOfClass(genomes, 'ID', { length, fragments, seed })
  const outside = await fragmentsOfClass(genomes, 'OOD', { length, fragments, seed: seed + 1 })
  const classesOf = column => ({ in: column.slice(0, inside.length), ood: column.slice(inside.length) })
  const bases = [...inside, ...outside].map(read => read.bases)
  const byContexts = await timed(() => contexts.score(bases))
  const withLeads = (leads, weight) =>
    classesOf(byContexts.result.map((lead, fragment) => lead + weight * leads[fragment]))
  const ways = await waysToAlign(bases)
  const [ours, first] = ways
  const last = ways.at(-1)
  const reference = withLeads(ours.leads, ownWeight)
  const ofWeights = cell => weights.map(cell)

  row([
    `${length} bases, ${inside.length} + ${outside.length} fragments`,
    ...ofWeights(weight => `AUROC with ${weight} nats for half a bit`),
    'aligned: known, unknown',
    'least alignment',
    's',
  ])
  row(Array(weights.length + 4).fill('---'))
  const alone = classesOf(byContexts.result)
  row([
    'contexts alone',
    ...ofWeights(() => `${auroc(alone.in, alone.ood).toFixed(3)} (${compared(alone, reference)})`),
    ...['', '', byContexts.seconds.toFixed(0)],
  ])
  for (const { name, leads, isAligned, least, seconds } of ways) {
    const aurocs = ofWeights(weight => {
      const classes = withLeads(leads, weight)
      const difference =
        leads === ours.leads && weight === ownWeight ? '' : ` (${compared(classes, reference)})`
      return `${auroc(classes.in, classes.ood).toFixed(3)}${difference}`
    })
    const shares = Object.values(classesOf(isAligned)).map(
      column => `${((100 * column.filter(Boolean).length) / column.length).toFixed(0)} %`,
    )
    row([name, ...aurocs, shares.join(', '), least ?? '', seconds.toFixed(0)])
  }
  if (modes.length > 1)
    row([
      `${last.name} minus ${first.name}`,
      ...ofWeights(weight => compared(withLeads(last.leads, weight), withLeads(first.leads, weight))),
      ...['', '', ''],
    ])
  process.stdout.write('\n')
}
