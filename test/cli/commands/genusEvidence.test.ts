/** `xenograd score` with leads of genera: summed over mates and groups, and base by base. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { decode, type Read, writeReads } from '../../../data/index.js'
import { DetectorScores, loadDetector } from '../../../model/index.js'
import { uniforms } from '../../eval/arbitrary.js'
import { rowsOf, scratch, tinyModel, xenograd } from '../support.js'

const genera = ['Bacillus', 'Vibrio', 'Yersinia']
const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))
const genomes = genera.map((_, i) => random(4000, i + 1))

/** A detector that knows three genomes: their contexts, and these with alignments. */
async function detectorOfGenomes(folder: string): Promise<string> {
  const rows = genera.map((genus, i) => {
    writeFileSync(join(folder, `${genus}.fna`), `>c\n${decode(genomes[i])}\n`)
    return `${genus}.fna\t${genus}\tID\ttrain:0-1`
  })
  const manifest = join(folder, 'MANIFEST.tsv')
  writeFileSync(manifest, ['file\tgenus\tset\tpart', ...rows].join('\n'))
  const [fitted, calibrated] = ['fitted', 'calibrated'].map(name => join(folder, `${name}.safetensors`))
  const specs = [
    'markov:order=1',
    'genusOdds:alignments=0,order=4,name=contexts',
    'genusOdds:order=4,name=whole',
  ]
  const fit = await xenograd(['fit', ...specs, '--genomes', manifest, '-o', fitted, '-q'])
  if (fit.code !== 0) throw new Error(fit.stderr)
  const held = ['--genomes', manifest, '--set', 'train', '--lengths', '60,100,200', '--fragments', '60', '-q']
  const calibrate = await xenograd(['calibrate', '-m', fitted, ...held, '-o', calibrated])
  if (calibrate.code !== 0) throw new Error(calibrate.stderr)
  return calibrated
}

/** Reads of a known bin, all of one genome, and of an unknown one, each of another genome. */
const reads: Read[] = Array.from({ length: 18 }, (_, i) => {
  const isKnown = i % 2 === 0
  const start = 100 * i + 7
  const bases = isKnown ? genomes[1].slice(start, start + 100 + i) : random(100 + i, 70 + i)
  if (!isKnown) bases.set(genomes[((i - 1) / 2) % 3].subarray(start, start + 50))
  return { name: `${isKnown ? 'known' : 'mixed'}_${i}`, bases }
})

const sumsOf = (members: readonly Float64Array[]): number[] =>
  genera.map((_, genus) => members.reduce((sum, evidence) => sum + evidence[genus], 0))

function leadOf(sums: readonly number[]): number {
  const [best, second] = [...sums].sort((a, b) => b - a)
  return best - second
}

test('score --group-by, --paired: what each genus has to say is summed, then the lead taken', async t => {
  const folder = scratch()
  const detector = await detectorOfGenomes(folder)
  const input = join(folder, 'reads.fa')
  const mates = join(folder, 'mates.fa')
  await writeReads(input, reads)
  await writeReads(
    mates,
    reads.map(({ bases }, i) => ({ name: `pair${i >> 1}`, bases })),
  )
  const [single, grouped, paired, pairsOfFile] = await Promise.all([
    xenograd(['score', '-m', detector, input]),
    xenograd(['score', '-m', detector, input, '--group-by', '^([^_]+)_']),
    xenograd(['score', '-m', detector, mates, '--paired']),
    xenograd(['score', '-m', detector, mates, '--paired', '--group-by', 'file']),
  ])
  for (const { code, stderr } of [single, grouped, paired, pairsOfFile]) t.equal(code, 0, stderr)
  const scores = new DetectorScores(await loadDetector(detector))
  const evidence = await scores.evidence(reads.map(({ bases }) => bases))
  const wholeOf = (i: number): Float64Array => evidence[i][2]!
  const near = (text: string, value: number) =>
    t.ok(Math.abs(Number(text) - value) <= 1e-7 * (1 + Math.abs(value)), `${text}, ${value}`)

  t.ok(grouped.stdout.startsWith('#group\tn\tlength\tgc\tmarkov1\tcontexts\twhole\tlow\thigh\tp\tcall\n'))
  const groups = rowsOf(grouped.stdout)
  const members = rowsOf(single.stdout)
  for (const [g, group] of groups.entries()) {
    const indices = [...reads.keys()].filter(i => i % 2 === g)
    const [, n, , , markov, contexts, whole, low, high, p] = group
    t.equal(n, '9')
    near(whole, leadOf(sumsOf(indices.map(wholeOf))))
    near(contexts, leadOf(sumsOf(indices.map(i => evidence[i][1]!))))
    t.ok(Number(low) < Number(whole) && Number(whole) < Number(high))
    const weights = indices.map(i => reads[i].bases.length - 1)
    const total = weights.reduce((a, b) => a + b)
    const meanOf = (column: number) =>
      indices.reduce((sum, i, k) => sum + (weights[k] * Number(members[i][column])) / total, 0)
    near(markov, meanOf(3))
    t.ok(Math.abs(Number(p) - Math.min(1, 2 * meanOf(6))) < 1e-5, `p ${p}`)
  }
  t.ok(Number(groups[0][7]) > 0, 'reads of a known genus agree')
  t.ok(Number(groups[1][7]) < 0, 'others do not')

  const pairs = rowsOf(paired.stdout)
  for (const [i, pair] of pairs.entries()) near(pair[5], leadOf(sumsOf([wholeOf(2 * i), wholeOf(2 * i + 1)])))
  const [[, n, , , , , whole]] = rowsOf(pairsOfFile.stdout)
  t.equal(n, '9', 'a pair is one member')
  near(whole, leadOf(sumsOf([...reads.keys()].map(wholeOf))))
})

test('score: a read beyond the longest calibrated length has the p-value of its lead per base', async t => {
  const detector = await detectorOfGenomes(scratch())
  const { code, stdout, stderr } = await xenograd(
    ['score', '-m', detector],
    `>long\n${decode(genomes[1].subarray(500, 3500))}\n`,
  )
  t.equal(code, 0, stderr)
  const [[, , , , , lead, p]] = rowsOf(stdout)
  const calibration = (await loadDetector(detector)).calibration!.scores.get('whole')!
  t.equal(Number(p), Number(calibration.pValue((Number(lead) * 200) / 3000, 200).toPrecision(6)))
  t.notEqual(Number(p), Number(calibration.pValue(Number(lead), 200).toPrecision(6)), `a lead of ${lead}`)
})

test('score --track: of a detector of genomes, the lead base by base', async t => {
  const folder = scratch()
  const detector = await detectorOfGenomes(folder)
  const track = join(folder, 'track.bg')
  const input = `${reads
    .slice(0, 4)
    .map(({ name, bases }) => `>${name}\n${decode(bases)}\n`)
    .join('')}>short\nACG\n`
  const { code, stdout, stderr } = await xenograd(['score', '-m', detector, '--track', track], input)
  t.equal(code, 0, stderr)
  const [header, ...lines] = readFileSync(track, 'utf8').trimEnd().split('\n')
  t.equal(header, 'track type=bedGraph name="xenograd" description="log odds of genera per base, nats"')
  const comments = lines.filter(line => line.startsWith('#'))
  t.equal(comments.length, 4, 'none of a read that is too short')
  t.match(comments[0], /^# known_0: Vibrio against (Bacillus|Yersinia)$/)
  for (const [i, { name }] of reads.slice(0, 4).entries()) {
    const values = lines.filter(line => line.startsWith(`${name}\t`)).map(line => Number(line.split('\t')[3]))
    const sum = values.reduce((a, b) => a + b, 0)
    t.ok(Math.abs(sum - Number(rowsOf(stdout)[i][5])) < 0.01, `${name}: ${sum}, ${rowsOf(stdout)[i][5]}`)
  }
  const leads = join(folder, 'leads.safetensors')
  const genome = join(folder, 'MANIFEST.tsv')
  const fitLeads = await xenograd(['fit', 'genusLeads:order=4', '--genomes', genome, '-o', leads, '-q'])
  t.equal(fitLeads.code, 0, fitLeads.stderr)
  const ofLeads = await xenograd(['score', '-m', leads, '--track', track], input)
  t.equal(ofLeads.code, 0, ofLeads.stderr)
  const [, comment, ...values] = readFileSync(track, 'utf8').split('\n')
  t.match(
    comment,
    /^# known_0: Vibrio by contexts, Vibrio by alignments against \w+ by contexts, all others by/,
  )
  const ofFirst = values.filter(line => line.startsWith('known_0\t')).map(line => Number(line.split('\t')[3]))
  const lead = Number(rowsOf(ofLeads.stdout)[0][3])
  t.ok(Math.abs(ofFirst.reduce((a, b) => a + b) - lead) < 0.01, `the track of ${lead}`)
  const [lone, none] = [join(folder, 'none.safetensors'), join(folder, 'none.bg')]
  const fit = await xenograd(['fit', 'markov:order=1', '--reads', await readsFile(folder), '-o', lone, '-q'])
  t.equal(fit.code, 0, fit.stderr)
  const refused = await xenograd(['score', '-m', lone, '--track', none], input)
  t.equal(refused.code, 2)
  t.match(refused.stderr, /--track: .* has neither networks nor genusOdds/)
  // Networks go before: their ratio.
  const joined = join(folder, 'joined.safetensors')
  const model = ['-m', await tinyModel(folder), '--add', detector, await readsFile(folder)]
  const calibrate = await xenograd(['calibrate', ...model, '--lengths', '60', '-o', joined, '-q'])
  t.equal(calibrate.code, 0, calibrate.stderr)
  const ofNetwork = await xenograd(['score', '-m', joined, '--track', track], input)
  t.equal(ofNetwork.code, 0, ofNetwork.stderr)
  t.match(readFileSync(track, 'utf8'), /description="log-likelihood per base, nats"\nknown_0\t1\t2\t-/)
  // Unless calls are by a lead: that is told then, contexts although another lead comes after it.
  const byLead = await xenograd(['score', '-m', joined, '--track', track, '--by', 'contexts'], input)
  t.equal(byLead.code, 0, byLead.stderr)
  const ofContexts = readFileSync(track, 'utf8').split('\n')
  t.match(ofContexts.slice(0, 2).join(), /description="log odds of genera per base, nats",# known_0: Vibrio/)
  const column = byLead.stdout.split('\n')[0].split('\t').indexOf('contexts')
  const told = ofContexts
    .filter(line => line.startsWith('known_0\t'))
    .map(line => Number(line.split('\t')[3]))
  const expected = Number(rowsOf(byLead.stdout)[0][column])
  t.ok(Math.abs(told.reduce((a, b) => a + b) - expected) < 0.01, `the track of ${expected}`)
  // A track is of one strand, so none is of a detector of both.
  const ofBoth = ['calibrate', ...model, '--lengths', '60', '--both-strands', '-o', joined, '-q']
  t.equal((await xenograd(ofBoth)).code, 0)
  const refusedBoth = await xenograd(['score', '-m', joined, '--track', none], input)
  t.equal(refusedBoth.code, 2)
  t.match(refusedBoth.stderr, /--track: .* is calibrated with --both-strands, and a track is of one strand/)
})

async function readsFile(folder: string): Promise<string> {
  const path = join(folder, 'calibration.fa')
  await writeReads(
    path,
    Array.from({ length: 40 }, (_, i) => ({ name: `c${i}`, bases: random(80, 200 + i) })),
  )
  return path
}
