/** `xenograd calibrate`, and what `xenograd score` does with a calibrated detector. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { decode, type Read, writeReads } from '../../../data/index.js'
import { bitsAt, keyFromSeed } from '../../../engine/hostRandom.js'
import { FalseDiscovery } from '../../../eval/index.js'
import {
  command,
  type Ended,
  inThisProcess,
  rowsOf,
  scratch,
  shell,
  tinyModel,
  xenograd,
} from '../support.js'

/** Reads of random bases, all of one distribution. */
const readsOf = (count: number, length: number, seed: number): Read[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `r${seed}.${i}`,
    bases: Uint8Array.from({ length }, (_, k) => bitsAt(keyFromSeed(seed), i, k) & 3),
  }))

const fastqOf = (reads: readonly Read[], suffix = ''): string =>
  reads
    .map(({ name, bases }) => `@${name}${suffix} extra\n${decode(bases)}\n+\n${'F'.repeat(bases.length)}\n`)
    .join('')

type Calibrated = {
  readonly models: readonly string[]
  readonly heldOut: string
  readonly detector: string
  readonly made: Ended
}

const detectors = new Map<number, Promise<Calibrated>>()

/**
 * A detector calibrated with `count` fragments of each of 20 to 80 bases, and the models that it is made of; all tests share
 * it.
 */
function calibrated(count: 60 | 400): Promise<Calibrated> {
  const known = detectors.get(count) ?? calibrate(count)
  detectors.set(count, known)
  return known
}

async function calibrate(count: number): Promise<Calibrated> {
  const folder = scratch()
  const models = [
    '-m',
    await tinyModel(folder),
    '-b',
    await tinyModel(folder, { name: 'other.safetensors', seed: 2, cell: 'gru' }),
  ]
  const heldOut = join(folder, 'held.fa')
  const detector = join(folder, 'detector.safetensors')
  await writeReads(heldOut, readsOf(count, 80, 1))
  const lengths = ['--lengths', '20,40,80,160', '--fragments', String(count)]
  const made = await xenograd([
    'calibrate',
    ...models,
    heldOut,
    ...lengths,
    '-o',
    detector,
    '--genera',
    'A,B',
  ])
  return { models, heldOut, detector, made }
}

test('calibrate: p-values are uniform on other reads of the same kind, calls keep their rate', async t => {
  const { detector, made } = await calibrated(400)
  const folder = scratch()
  t.equal(made.code, 0, made.stderr)
  t.match(made.stderr, /too few fragments for lengths 160: /)
  const lengths = [20, 40, 80, 120]
  const inputs = lengths.map(length => join(folder, `${length}.fa`))
  for (const [i, length] of lengths.entries()) await writeReads(inputs[i], readsOf(400, length, 100 + length))
  const { code, stdout, stderr } = await xenograd(['score', '-m', detector, ...inputs, '--fpr', '0.1'])
  t.equal(code, 0, stderr)
  t.ok(stdout.startsWith('#read\tlength\tgc\tll_fg\tll_bg\tllr\tp\tcall\tfile\n'))
  for (const [i, length] of lengths.entries()) {
    const rows = rowsOf(stdout).filter(row => row[8] === inputs[i])
    t.equal(rows.length, 400)
    const p = rows.map(row => Number(row[6]))
    const calls = rows.map(row => row[7])
    t.ok(p.every((x, k) => calls[k] === (x <= 0.1 ? 'unknown' : 'known')))
    const unknown = calls.filter(call => call === 'unknown').length
    t.ok(unknown < 40 + 3 * Math.sqrt(2 * 400 * 0.1 * 0.9), `${length} bases: ${unknown} of 400 at 10 %`)
    if (length > 80) continue // the p-value of the longest is cautious
    const sorted = p.toSorted((a, b) => a - b)
    const distance = Math.max(...sorted.map((x, k) => Math.max((k + 1) / 400 - x, x - k / 400)))
    t.ok(distance < 1.63 * Math.sqrt(2 / 400), `${length} bases: Kolmogorov-Smirnov ${distance}`)
  }
  const short = await xenograd(['score', '-m', detector], '>short\nACGTACGT\n')
  t.deepEqual(rowsOf(short.stdout)[0].slice(6), ['NA', 'NA'], 'below the shortest length')
})

test('calibrate: the detector is the models, and needs no others; info says what it is', async t => {
  const { models, heldOut, detector } = await calibrated(60)
  const [one, both, beside, info, evaluated] = await Promise.all([
    xenograd(['score', '-m', detector, heldOut]),
    xenograd(['score', ...models, heldOut]),
    xenograd(['score', '-m', detector, '-b', models[3], heldOut]),
    xenograd(['info', detector]),
    xenograd(['score', '-m', detector, heldOut, '-o', join(scratch(), 'out.tsv')]),
  ])
  t.deepEqual(
    rowsOf(one.stdout).map(row => row.slice(0, 6)),
    rowsOf(both.stdout),
  )
  t.equal(beside.code, 2)
  t.match(beside.stderr, /is a whole detector; --background goes with a single model/)
  t.match(info.stdout, /\ncalibration llr\t20 bases: 60, 40 bases: 60, 80 bases: 60\n/)
  t.match(evaluated.stderr, /knows 2 genera: A, B\n/)
})

test('score: what calls need is checked before the work', async t => {
  const { models, detector } = await calibrated(60)
  const folder = scratch()
  const out = join(folder, 'reads.fa')
  const cases: [string[], RegExp][] = [
    [[...models, '--fpr', '0.1'], /--fpr: .* has no calibration of llr; .* xenograd calibrate/],
    [[...models, '--bh', '--keep', 'known', '--reads-out', out], /--bh, --keep: .* has no calibration/],
    [['-m', detector, '--fpr', '1.5'], /Give a number between 0 and 1/],
    [['-m', detector, '--keep', 'known'], /--keep and --reads-out go together/],
    [['-m', detector, '--both-strands'], /is calibrated without --both-strands/],
    [['-m', detector, '--by', 'x'], /--by x: there is no such score; .* has ll_fg, ll_bg, llr/],
    [['-m', detector, '--track', out, '--paired'], /cannot be used with option '--paired'/],
    [['-m', detector, '--group-by', '(['], /--group-by \(\[: Invalid regular expression/],
    [['-m', detector, '--group-by', '(?:x)'], /no group to take a name from/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await inThisProcess(['score', ...args])
    t.equal(code, 2, stderr)
    t.match(stderr, message)
  }
  t.deepEqual(
    readdirSync(folder).filter(name => name.startsWith('.')),
    [],
  )
})

test('score --bh, --keep: Benjamini and Hochberg over the file; reads are written as they were', async t => {
  const { detector } = await calibrated(400)
  const folder = scratch()
  const reads = readsOf(60, 80, 9)
  // Reads of one base only are nothing that random bases resemble, whichever the models prefer.
  for (let i = 0; i < 60; i += 2) reads[i] = { name: `odd${i}`, bases: new Uint8Array(80).fill((i / 2) % 4) }
  const input = join(folder, 'in.fq')
  writeFileSync(input, fastqOf(reads))
  const kept = (name: string) => join(folder, name)
  const [plain, bh, known] = await Promise.all([
    xenograd(['score', '-m', detector, input]),
    xenograd([
      'score',
      '-m',
      detector,
      input,
      '--bh',
      '--fpr',
      '0.2',
      '--keep',
      'unknown',
      '--reads-out',
      kept('u.fq'),
    ]),
    xenograd(['score', '-m', detector, input, '--keep', 'known', '--reads-out', kept('k.fa')]),
  ])
  t.equal(bh.code, 0, bh.stderr)
  const p = rowsOf(plain.stdout).map(row => Number(row[6]))
  const discovery = new FalseDiscovery()
  for (const x of p) discovery.add(x)
  const threshold = discovery.threshold(0.2)
  const expected = p.map(x => (x <= threshold ? 'unknown' : 'known'))
  t.deepEqual(
    rowsOf(bh.stdout).map(row => row[7]),
    expected,
  )
  t.deepEqual(
    rowsOf(bh.stdout).map(row => row.slice(0, 7)),
    rowsOf(plain.stdout).map(row => row.slice(0, 7)),
  )
  t.ok(expected.includes('unknown'), `threshold ${threshold}`)
  const unknown = reads.filter((_, i) => expected[i] === 'unknown')
  t.equal(readFileSync(kept('u.fq'), 'utf8'), fastqOf(unknown))
  const ofKnown = reads.filter((_, i) => p[i] > 0.05)
  t.equal(
    readFileSync(kept('k.fa'), 'utf8'),
    ofKnown.map(({ name, bases }) => `>${name} extra\n${decode(bases)}\n`).join(''),
  )
  t.equal(known.code, 0, known.stderr)
  const refused = await xenograd(
    ['score', '-m', detector, '--keep', 'known', '--reads-out', kept('x.fq')],
    `>a\n${'ACGT'.repeat(20)}\n`,
  )
  t.equal(refused.code, 3)
  t.match(refused.stderr, /read a has no qualities to write as FASTQ/)
  t.notOk(readdirSync(folder).some(name => name.startsWith('.') || name === 'x.fq'))
})

test('score --paired: both mates in one row, their evidence summed', async t => {
  const { detector } = await calibrated(60)
  const folder = scratch()
  const [first, second] = [readsOf(5, 40, 5), readsOf(5, 60, 6)]
  const named = (reads: Read[]) => reads.map((read, i) => ({ ...read, name: `pair${i}` }))
  const r1 = join(folder, 'r1.fq')
  const r2 = join(folder, 'r2.fq')
  writeFileSync(r1, fastqOf(named(first), '/1'))
  writeFileSync(r2, fastqOf(named(second), '/2'))
  const inTurn = named(first).flatMap((read, i) => [read, named(second)[i]])
  const [single, files, interleaved, odd, cut, mixed] = await Promise.all([
    xenograd(['score', '-m', detector, r1, r2]),
    xenograd(['score', '-m', detector, '--paired', r1, r2]),
    xenograd(['score', '-m', detector, '--paired'], fastqOf(inTurn)),
    xenograd(['score', '-m', detector, '--paired', r1, r2, r1]),
    xenograd(['score', '-m', detector, '--paired'], fastqOf(inTurn.slice(0, 3))),
    xenograd(['score', '-m', detector, '--paired', r1, '-'], fastqOf(first)),
  ])
  t.equal(files.code, 0, files.stderr)
  t.equal(interleaved.stdout, files.stdout)
  const mates = rowsOf(single.stdout)
  t.deepEqual(mates[7].at(-1), r2)
  for (const [i, row] of rowsOf(files.stdout).entries()) {
    const [a, b] = [mates[i], mates[i + 5]]
    t.deepEqual(row.slice(0, 2), [`pair${i}`, '100'])
    const llr = (39 * Number(a[5]) + 59 * Number(b[5])) / 98
    t.ok(Math.abs(Number(row[5]) - llr) < 1e-8, `${row[5]}, ${llr}`)
    const p = Math.min(1, (2 * (39 * Number(a[6]) + 59 * Number(b[6]))) / 98)
    t.ok(Math.abs(Number(row[6]) - p) < 1e-5, `${row[6]}, ${p}`)
  }
  t.equal(odd.code, 2)
  t.match(odd.stderr, /paired reads: got 3 files/)
  // A group's p-value is twice the mean of its reads', whether these come in pairs or not.
  const [ofPairs, ofReads] = await Promise.all([
    xenograd(['score', '-m', detector, '--paired', r1, r2, '--group-by', '^(pair)']),
    xenograd(['score', '-m', detector, r1, r2, '--group-by', '^(pair)']),
  ])
  const [[pairs], [singles]] = [ofPairs, ofReads].map(({ stdout }) => rowsOf(stdout))
  t.deepEqual([pairs[1], singles[1]], ['5', '10'])
  t.ok(Math.abs(Number(pairs.at(-2)) - Number(singles.at(-2))) < 1e-5, `${pairs.at(-2)}, ${singles.at(-2)}`)
  t.equal(cut.code, 3)
  t.match(cut.stderr, /stdin: read pair1 at its end has no mate/)
  t.equal(rowsOf(cut.stdout).length, 1)
  t.equal(mixed.code, 3)
  t.match(mixed.stderr, /read r5\.0 stands where the mate of read pair0\/1 of .*r1\.fq is expected/)
})

test('score --group-by: a row for each group, by pattern, table and file', async t => {
  const { detector } = await calibrated(60)
  const folder = scratch()
  const reads = readsOf(6, 80, 7).map((read, i) => ({ ...read, name: `bin${i % 2}_c${i}` }))
  reads.push({ name: 'bin2_c0', bases: reads[0].bases }, { name: 'other', bases: reads[1].bases })
  const input = join(folder, 'contigs.fa')
  const map = join(folder, 'bins.tsv')
  await writeReads(input, reads)
  writeFileSync(
    map,
    `contig\tsize\tbin\n${reads
      .slice(0, 7)
      .map(({ name }) => `${name}\t80\t${name.slice(0, 4)}\n`)
      .join('')}`,
  )
  const [single, byPattern, byTable, byFile, contradiction] = await Promise.all([
    xenograd(['score', '-m', detector, input]),
    xenograd(['score', '-m', detector, input, '--group-by', '^(bin\\d)_']),
    xenograd(['score', '-m', detector, input, '--group-by', `${map}:bin`]),
    xenograd(['score', '-m', detector, input, input, '--group-by', 'file', '--bh']),
    xenograd(['score', '-m', detector, input, '--group-by', `${map}:none`]),
  ])
  t.equal(byPattern.code, 0, byPattern.stderr)
  t.match(byPattern.stderr, /1 reads belong to no group and were left out/)
  t.equal(byTable.stdout, byPattern.stdout)
  t.ok(byPattern.stdout.startsWith('#group\tn\tlength\tgc\tll_fg\tll_bg\tllr\tlow\thigh\tp\tcall\n'))
  const rows = rowsOf(byPattern.stdout)
  t.deepEqual(
    rows.map(row => row.slice(0, 3)),
    [
      ['bin0', '3', '240'],
      ['bin1', '3', '240'],
      ['bin2', '1', '80'],
    ],
  )
  const members = rowsOf(single.stdout)
    .filter(([name]) => name.startsWith('bin1'))
    .map(row => Number(row[5]))
  const mean = members.reduce((a, b) => a + b) / 3
  const half = 4.30265273 * Math.sqrt(members.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2 / 3)
  for (const [i, wanted] of [mean, mean - half, mean + half].entries())
    t.ok(Math.abs(Number(rows[1][6 + i]) - wanted) < 1e-7, `${rows[1][6 + i]}, ${wanted}`)
  t.deepEqual(rows[2].slice(7, 9), ['NA', 'NA'], 'one member has no interval')
  t.equal(rows[2][9], rowsOf(single.stdout)[6][6], 'and its own p-value')
  t.equal(rowsOf(byFile.stdout).length, 1)
  t.deepEqual(rowsOf(byFile.stdout)[0].slice(0, 2), [input, '16'])
  t.equal(contradiction.code, 3)
  t.match(contradiction.stderr, /bins\.tsv line 1: the header has no column 'none' \(contig, size, bin\)/)
})

test('score --track: the ratio base by base as bedGraph', async t => {
  const { detector } = await calibrated(60)
  const folder = scratch()
  const track = join(folder, 'track.bg')
  const { code, stdout, stderr } = await xenograd(
    ['score', '-m', detector, '--track', track],
    '>a\nACGTNACGTT\n>b\nG\n>c\nGGCA\n',
  )
  t.equal(code, 0, stderr)
  const [header, ...lines] = readFileSync(track, 'utf8').trimEnd().split('\n')
  t.equal(header, 'track type=bedGraph name="xenograd" description="log-likelihood ratio per base, nats"')
  const values = lines.map(line => line.split('\t'))
  t.deepEqual(
    values.map(([name, start, end]) => `${name}:${start}-${end}`),
    ['a:1-2', 'a:2-3', 'a:3-4', 'a:6-7', 'a:7-8', 'a:8-9', 'a:9-10', 'c:1-2', 'c:2-3', 'c:3-4'],
  )
  const sum = values.slice(7).reduce((total, [, , , value]) => total + Number(value), 0)
  t.ok(Math.abs(sum / 3 - Number(rowsOf(stdout)[2][5])) < 1e-5)
})

test('score: a reader that has seen enough leaves no half-written files', async t => {
  const { detector, heldOut } = await calibrated(400)
  const folder = scratch()
  const before = readdirSync(folder).sort()
  const beside = `--track '${join(folder, 't.bg')}' --keep known --reads-out '${join(folder, 'k.fa')}'`
  const many = Array(20).fill(`'${heldOut}'`).join(' ')
  const { code, stderr } = await shell(`${command} score -m '${detector}' ${beside} ${many} | head -1`)
  t.equal(code, 0, stderr)
  t.equal(stderr, '')
  t.deepEqual(readdirSync(folder).sort(), before)
  const nowhere = await xenograd(['score', '-m', detector, '--track', join(folder, 'no', 't.bg')], '>a\nAC\n')
  t.deepEqual([nowhere.code, nowhere.stdout], [1, ''], 'found out before the work')
})

test('fit, calibrate --add, score, evaluate: networks and fitted scores in one detector', async t => {
  const { models, heldOut } = await calibrated(60)
  const folder = scratch()
  const [fitted, whole, other] = ['fitted', 'whole', 'other'].map(name => join(folder, `${name}.safetensors`))
  const reads = join(folder, 'other.fa')
  await writeReads(reads, readsOf(30, 80, 3))
  const fit = await xenograd([
    'fit',
    'markov:order=1',
    'markov:order=2',
    '--reads',
    heldOut,
    '-o',
    fitted,
    '-q',
  ])
  t.equal(fit.code, 0, fit.stderr)
  const adding = ['calibrate', ...models, '--add', fitted, heldOut, '--lengths', '40,80', '-q']
  const calibrate = [...adding, '--scores', 'markov2', '-o']
  t.equal((await xenograd([...calibrate, whole])).code, 0)
  const foreign = await xenograd([...adding, '--scores', 'kmers15', '-o', join(folder, 'none.safetensors')])
  t.equal(foreign.code, 2)
  t.match(foreign.stderr, /--scores kmers15: .* has no such fitted score; it has markov1, markov2/)
  const [score, by, replaced, evaluate] = await Promise.all([
    xenograd(['score', '-m', whole, reads]),
    xenograd(['score', '-m', whole, reads, '--by', 'll_fg']),
    xenograd([...calibrate, fitted]),
    xenograd([
      'evaluate',
      '-m',
      whole,
      '--in',
      heldOut,
      '--ood',
      reads,
      '--json',
      other,
      '--replicates',
      '20',
    ]),
  ])
  t.ok(score.stdout.startsWith('#read\tlength\tgc\tll_fg\tll_bg\tllr\tmarkov2\tp\tcall\n'), score.stderr)
  t.notDeepEqual(
    rowsOf(by.stdout).map(row => row[7]),
    rowsOf(score.stdout).map(row => row[7]),
    'p-values of another score',
  )
  t.equal(replaced.code, 2)
  t.match(replaced.stderr, /fitted\.safetensors: would replace .*fitted\.safetensors, which is read/)
  t.equal(evaluate.code, 0, evaluate.stderr)
  const { scores } = JSON.parse(readFileSync(other, 'utf8'))
  t.deepEqual(
    scores.map(({ score: name }: { score: string }) => name),
    ['likelihood', 'ratio', 'markov2'],
  )
})
