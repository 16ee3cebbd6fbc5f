// How much the alignments of `genusLeads` lack in sensitivity: AUROC with those by DIAMOND in their place.
//
//   npm run build && node bench/diamond.js MANIFEST.tsv [--lengths 250,1000] [--per-class 600] [--seed 101]
//     [--modes fast,mid-sensitive,sensitive]
//
// Needs the program diamond (Buchfink, Reuter & Drost 2021, Nat. Methods 18, 366; Debian: diamond-aligner). Known genera,
// fragments and classes are those of bench/leads.js. DIAMOND aligns them, with gaps, with the translations of the training
// genomes in six frames, from stop codon to stop codon. Of each genus a base has the score per base of the best alignment
// that covers it; the rest is as in `genusLeads`: the greatest lead of a genus over all others, summed over bases, is added
// to the lead by contexts, at its weight and at 0.1 nats for half a bit. In brackets: minus `genusLeads`, p over fragments.
// Seconds are the processor's, with those of contexts; DIAMOND indexes its database anew for each mode and length.
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
    'per-class': { type: 'string', default: '600' },
    seed: { type: 'string', default: '101' },
    modes: { type: 'string', default: 'fast,mid-sensitive,sensitive' },
  },
})
const [manifest] = positionals
if (!manifest) {
  process.stderr.write(
    'usage: node bench/diamond.js MANIFEST.tsv [--lengths 250,1000] [--per-class 600] [--seed 101] [--modes fast,mid-sensitive,sensitive]\n',
  )
  process.exit(2)
}
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

/** The rows of one length, each with the greatest lead by alignments for each fragment, in half bits. */
async function methodsOf(fragments) {
  const byContexts = await timed(() => contexts.score(fragments))
  const own = await timed(() => genusLeads.summed.numbers(fragments))
  const methods = [
    { method: 'contexts alone', leads: fragments.map(() => 0), seconds: byContexts.seconds },
    {
      method: 'genusLeads',
      leads: own.result.map(numbers => Math.max(...numbers.subarray(genera.length)) / ownWeight),
      seconds: own.seconds,
    },
  ]
  for (const mode of values.modes.split(',')) {
    const { alignments, seconds } = align(fragments, mode)
    methods.push({
      method: `contexts and DIAMOND, ${mode}`,
      leads: alignments.map((ofFragment, i) => greatestLead(ofFragment, fragments[i].length, genera.length)),
      least: Math.min(...alignments.flatMap(ofFragment => ofFragment.slice(0, 1)).map(({ score }) => score)),
      seconds: seconds + byContexts.seconds,
    })
  }
  return { byContexts: byContexts.result, methods }
}

const lengths = values.lengths.split(',').map(Number)
const perClass = values['per-class'].split(',').map(Number)
for (const [i, length] of lengths.entries()) {
  const fragments = perClass[Math.min(i, perClass.length - 1)]
  const seed = Number(values.seed)
  const inside = await fragmentsOfClass(genomes, 'ID', { length, fragments, seed })
  const outside = await fragmentsOfClass(genomes, 'OOD', { length, fragments, seed: seed + 1 })
  const classesOf = column => ({ in: column.slice(0, inside.length), ood: column.slice(inside.length) })
  const { byContexts, methods } = await methodsOf([...inside, ...outside].map(({ bases }) => bases))
  const scoresOf = (leads, weight) => classesOf(byContexts.map((lead, j) => lead + weight * leads[j]))
  const ours = scoresOf(methods.find(({ method }) => method === 'genusLeads').leads, ownWeight)

  const compared = weights.map(weight => `AUROC, ${weight} nats for half a bit`)
  process.stdout.write(
    `| ${length} bases, ${inside.length} + ${outside.length} fragments | ${compared.join(' | ')} | least alignment, half bits | with a lead, known and unknown | s |\n` +
      `| ---${' | ---'.repeat(weights.length + 3)} |\n`,
  )
  for (const { method, leads, least, seconds } of methods) {
    const aurocs = weights.map(weight => {
      const classes = scoresOf(leads, weight)
      const { difference, p } = pairedDelong(classes, ours)
      const isReference = method === 'genusLeads' && weight === ownWeight
      const beside = isReference ? '' : ` (${difference.value.toFixed(3)}, p = ${p.toPrecision(1)})`
      return `${auroc(classes.in, classes.ood).toFixed(3)}${beside}`
    })
    const shares = Object.values(classesOf(leads)).map(
      column => `${((100 * column.filter(lead => lead > 0).length) / column.length).toFixed(0)} %`,
    )
    process.stdout.write(
      `| ${[method, ...aurocs, least ?? '', shares.join(', '), seconds.toFixed(0)].join(' | ')} |\n`,
    )
  }
  process.stdout.write('\n')
}
