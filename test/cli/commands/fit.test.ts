import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import {
  decode,
  readManifest,
  readReads,
  sequencesOf,
  splitByParts,
  writeReads,
} from '../../../data/index.js'
import { fitScores, loadScores, parseSpec } from '../../../eval/scores/index.js'
import { DetectorScores, loadDetector, readDetectorFile } from '../../../model/index.js'
import { uniforms } from '../../eval/arbitrary.js'
import { scratch, xenograd } from '../support.js'
import { dataFlags, runIn } from '../trainingData.js'

/** A folder with a manifest of four small genomes, two of known genera. */
function genomes(): { folder: string; manifest: string } {
  const folder = scratch()
  const rows = ['Known', 'Familiar', 'New', 'Newer'].map((genus, i) => {
    const contigs = [400, 300].map((length, c) =>
      Uint8Array.from(uniforms(10 * i + c, length), u => Math.floor(4 * u ** (1 + i / 4))),
    )
    const file = `${genus}_a.fna`
    writeFileSync(join(folder, file), contigs.map((bases, c) => `>c${c}\n${decode(bases)}\n`).join(''))
    return i < 2 ? `${file}\t${genus}\tID\ttrain:0-0.6;val:0.6-1` : `${file}\t${genus}\tOOD\tval:0-1`
  })
  const manifest = join(folder, 'MANIFEST.tsv')
  writeFileSync(manifest, ['file\tgenus\tset\tpart', ...rows].join('\n'))
  return { folder, manifest }
}

const specs = ['markov:order=3', 'kmers:k=9', 'weightedSum:name=sum,of=markov3+kmers9']

test('fit: a detector file with the scores that the library fits on the same genomes', async t => {
  const { folder, manifest } = genomes()
  const path = join(folder, 'detector.safetensors')
  const sampling = ['--lengths', '40,80', '--per-genus', '20', '--seed', '5']
  const { code, stdout, stderr } = await xenograd([
    'fit',
    ...specs,
    '--genomes',
    manifest,
    ...sampling,
    '-o',
    path,
  ])
  t.equal(code, 0, stderr)
  t.equal(stdout, '')
  t.match(stderr, /detector\.safetensors\n {2}markov3: .* MB\n {2}kmers9: .* MB\n {2}sum: /)
  const { scores, metadata } = await readDetectorFile(path)
  t.equal(metadata.genera, 'Known, Familiar')
  t.match(metadata.description, /fitted on .*MANIFEST\.tsv/)
  const [markov, kmers, sum] = loadScores(scores)
  t.equal(sum.store().arrays.weights.length, 4, 'weights for two scores at two lengths')
  const training = splitByParts((await readManifest(manifest)).slice(0, 2)).get('train')!
  const direct = await fitScores(specs.slice(0, 2).map(parseSpec), sequencesOf(training))
  const fragments: Uint8Array[] = []
  for await (const { bases } of readReads(join(folder, 'New_a.fna'))) fragments.push(bases)
  t.deepEqual(await markov.score(fragments), await direct[0].score(fragments))
  t.deepEqual(await kmers.score(fragments), await direct[1].score(fragments))

  const again = join(folder, 'again.safetensors')
  await xenograd(['fit', ...specs, '--genomes', manifest, ...sampling, '-q', '-o', again])
  t.deepEqual((await readDetectorFile(again)).scores, scores, 'a function of the genomes and the seed')
})

test('fit: on reads; their labels are the classes', async t => {
  const folder = scratch()
  const reads = join(folder, 'reads.tfrecord')
  await writeReads(
    reads,
    [0, 1, 0].map((label, i) => ({ name: `r${i}`, label, bases: Uint8Array.from([0, 1, 2, 3, label, i]) })),
  )
  const path = join(folder, 'detector.safetensors')
  const { code, stderr } = await xenograd(['fit', 'mlr:order=1', '--reads', reads, '-q', '-o', path])
  t.equal(code, 0, stderr)
  t.equal(stderr, '')
  t.deepEqual((await readDetectorFile(path)).scores[0].settings.genera, ['0', '1'])
})

test('fit: added to a detector, from scores of its classifier', async t => {
  const { folder, manifest } = genomes()
  const trained = await xenograd([
    'train-classifier',
    ...(await dataFlags(folder)),
    ...['--num_motifs=4', '--len_motifs=4', '--hidden_dense_size=4', '--seq_len=40', '--batch_size=10'],
    ...['--num_steps=3', '--fit_reads=50', `--out_dir=${join(folder, 'classes')}`],
  ])
  t.equal(trained.code, 0, trained.stderr)
  const classifier = join(await runIn(join(folder, 'classes')), 'detector.safetensors')
  const path = join(folder, 'both.safetensors')
  const sampling = ['--genomes', manifest, '--lengths', '40', '--per-genus', '10']
  const sum = 'weightedSum:name=sum,of=kmers4+maxProbability'
  const added = ['kmers:k=4', sum, '--add-to', classifier, ...sampling, '-o', path, '-q']
  const { code, stderr } = await xenograd(['fit', ...added])
  t.equal(code, 0, stderr)
  const detector = await loadDetector(path)
  const scores = new DetectorScores(detector)
  t.deepEqual(
    scores.scores.map(({ name }) => name),
    ['maxProbability', 'negEntropy', 'mahalanobis', 'relMahalanobis', 'kmers4', 'sum'],
  )
  t.deepEqual(
    detector.metadata.genera?.split(', ').sort(),
    [...(await loadDetector(classifier)).metadata.genera!.split(','), 'Familiar', 'Known'].sort(),
    'the genera of both, each by itself',
  )
  const [values] = await scores.score([Uint8Array.from({ length: 40 }, (_, i) => (i * i) % 4)])
  const { intercepts, weights } = detector.scores.at(-1)!.arrays
  const expected = intercepts[0] + weights[0] * values[4] + weights[1] * values[0]
  t.ok(Math.abs(values[5] / expected - 1) < 1e-9, 'the sum is of a score of bases and one of the classifier')
  scores.dispose()

  const again = await xenograd(['fit', 'kmers:k=4', '--add-to', path, ...sampling, '-o', `${path}2`])
  t.equal(again.code, 2)
  t.match(again.stderr, /two scores are called kmers4/)
})

test('fit gcRegressed: on known genera alone, the same as beside unknown ones', async t => {
  const { folder, manifest } = genomes()
  const known = join(folder, 'known.tsv')
  writeFileSync(known, readFileSync(manifest, 'utf8').split('\n').slice(0, 3).join('\n'))
  const fit = (genomes: string, ...of: string[]) =>
    xenograd([
      'fit',
      'markov:order=3',
      ...of,
      '--genomes',
      genomes,
      '--lengths',
      '40',
      '-o',
      `${genomes}.fit`,
    ])
  const fitted = []
  for (const genomes of [manifest, known]) {
    const { code, stderr } = await fit(genomes, 'gcRegressed:of=markov3')
    t.equal(code, 0, stderr)
    fitted.push((await readDetectorFile(`${genomes}.fit`)).scores)
  }
  t.deepEqual(fitted[1], fitted[0])
  const sum = await fit(known, 'kmers:k=9', 'weightedSum:of=markov3+kmers9')
  t.equal(sum.code, 3)
  t.match(sum.stderr, /no genome whose set is other than 'ID' has a part for 'val'/)
})

test('fit: mistakes are told before the work, and leave no file', async t => {
  const { folder, manifest } = genomes()
  writeFileSync(join(folder, 'Empty_x.fna'), '>c\nNNNN\n')
  const write = (name: string, ...rows: string[]) => {
    const path = join(folder, name)
    writeFileSync(path, ['file\tgenus\tset\tpart', ...rows].join('\n'))
    return path
  }
  const empty = write('empty.tsv', 'Empty_x.fna\tEmpty\tID\ttrain:0-1')
  const twice = write('twice.tsv', 'Known_a.fna\tKnown\tID\ttrain:0-1', 'New_a.fna\tKnown\tOOD\tval:0-1')
  const one = write('one.tsv', 'Known_a.fna\tKnown\tID\ttrain:0-1')
  const out = join(folder, 'out')
  mkdirSync(out)
  for (const [args, exit, message] of [
    [['kmers:k=99', '--genomes', manifest], 2, /k is '99'; give a whole number from 1 to 31/],
    [
      ['gcRegressed:of=markov', '--genomes', manifest],
      2,
      /computed from 'markov', which does not come before it/,
    ],
    [['kmers'], 2, /give either --genomes or --reads to fit on/],
    [
      ['kmers:k=5', '--genomes', manifest, '--set', 'tr'],
      3,
      /no genome whose set is 'ID' has a part for 'tr'/,
    ],
    [['kmers:k=5', '--genomes', empty], 3, /Empty_x\.fna: no base of ACGT in the part from 0 to 1/],
    [
      ['genusOdds:order=3', '--genomes', one],
      3,
      /genusOdds3: .*all sequences are of Known; give genomes of two/,
    ],
    [
      ['genusLeads:order=3', '--genomes', one],
      3,
      /genusLeads3: .*all sequences are of Known; give genomes of two/,
    ],
    [
      ['kmers:k=5', '--genomes', twice],
      3,
      /twice\.tsv line 3: genus Known is in set 'OOD', but in 'ID' on line 2/,
    ],
  ] as const) {
    const { code, stderr } = await xenograd(['fit', ...args, '-o', join(out, 'd.safetensors')])
    t.equal(code, exit, args.join(' '))
    t.match(stderr, message)
  }
  t.deepEqual(readdirSync(out), [])
})
