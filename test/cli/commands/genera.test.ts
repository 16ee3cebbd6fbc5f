import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { decode } from '../../../data/index.js'
import { uniforms } from '../../eval/arbitrary.js'
import { inThisProcess, rowsOf, scratch, xenograd } from '../support.js'

/** A manifest of three genera, of which one is not known, and a file of reads. */
function genomes(folder: string): { manifest: string; reads: string } {
  const rows = ['Bacillus', 'Vibrio', 'New'].map((genus, i) => {
    const bases = Uint8Array.from(uniforms(i + 1, 3000), u => Math.floor(4 * u ** (1 + i / 3)))
    writeFileSync(join(folder, `${genus}.fna`), `>c\n${decode(bases)}\n`)
    return `${genus}.fna\t${genus}\t${i < 2 ? 'ID\ttrain:0-0.6;val:0.6-1' : 'OOD\tval:0-1'}`
  })
  const manifest = join(folder, 'MANIFEST.tsv')
  writeFileSync(manifest, ['file\tgenus\tset\tpart', ...rows].join('\n'))
  const reads = join(folder, 'reads.fa')
  const read = (i: number) => Uint8Array.from(uniforms(50 + i, 90), u => Math.floor(4 * u))
  writeFileSync(reads, Array.from({ length: 12 }, (_, i) => `>r${i}\n${decode(read(i))}\n`).join(''))
  return { manifest, reads }
}

test('a network for each genus: trained, put into a detector, pooled with odds of genomes, calibrated', async t => {
  const folder = scratch()
  const { manifest, reads } = genomes(folder)
  const out = join(folder, 'out')
  const flags = ['--genomes', manifest, '--out_dir', out, '--hidden_lstm_size=4', '--seq_len=40']
  const training = ['train', '--each-genus', ...flags, '--num_steps=4', '--batch_size=10', '--val_freq=1000']
  const first = await xenograd(training)
  t.equal(first.code, 0, first.stderr)
  t.match(first.stderr, /^2 trainings, 0 of them finished/)
  t.match(first.stderr, /networks of 2 genera in .*out: xenograd fit --networks/)
  t.deepEqual(readdirSync(out).sort(), ['Bacillus', 'Vibrio'])
  const again = await xenograd(training)
  t.match(again.stderr, /^2 trainings, 2 of them finished/)

  const fitted = join(folder, 'fitted.safetensors')
  const specs = ['genusOdds:order=3', 'pooledOdds:name=pool,of=odds+genusOdds3,weights=0.5+1']
  const fit = await xenograd([
    'fit',
    ...specs,
    '--networks',
    out,
    '--half',
    '--genomes',
    manifest,
    '-o',
    fitted,
  ])
  t.equal(fit.code, 0, fit.stderr)
  const info = await xenograd(['info', fitted])
  t.match(info.stdout, /network of Bacillus\t.*hidden 4.*\nnetwork of Vibrio\t/)
  const calibrated = join(folder, 'calibrated.safetensors')
  const held = ['--genomes', manifest, '--lengths', '80,100', '--fragments', '40']
  const calibrate = await xenograd(['calibrate', '-m', fitted, ...held, '-o', calibrated])
  t.equal(calibrate.code, 0, calibrate.stderr)
  t.match(calibrate.stderr, /a network for each of Bacillus, Vibrio/)
  const score = await xenograd(['score', '-m', calibrated, reads])
  t.equal(score.code, 0, score.stderr)
  t.match(score.stdout, /^#read\tlength\tgc\tmlr\todds\tgenusOdds3\tpool\tp\tcall\n/)
  t.ok(
    rowsOf(score.stdout).every(row => row.slice(3, 8).every(value => Number.isFinite(Number(value)))),
    'all are numbers',
  )
  // Networks alone, and beside a foreground.
  const alone = join(folder, 'alone.safetensors')
  t.equal((await xenograd(['fit', '--networks', out, '-o', alone])).code, 0)
  const [genus] = readdirSync(join(out, 'Vibrio'))
  const foreground = join(out, 'Vibrio', genus)
  const joined = join(folder, 'joined.safetensors')
  const join2 = await xenograd([
    'calibrate',
    '-m',
    foreground,
    '--add',
    alone,
    '--half',
    ...held,
    '-o',
    joined,
  ])
  t.equal(join2.code, 0, join2.stderr)
  const columns = (await xenograd(['score', '-m', joined, reads])).stdout.split('\n')[0]
  t.match(columns, /\tll_fg\tll_bg\tllr\tmlr\todds\tp/)
  t.ok(statSync(joined).size > 0)
})

test('networks of genera: mistakes are told before the work', async t => {
  const folder = scratch()
  const { manifest } = genomes(folder)
  const networks = join(folder, 'networks')
  mkdirSync(networks)
  const out = join(folder, 'x.safetensors')
  for (const [args, message] of [
    [['train', '--each-genus'], /--each-genus trains on genomes; give --genomes/],
    [
      ['train', '--each-genus', '--genomes', manifest, '--filter-label=1'],
      /--each-genus trains on every genus; leave --filter-label out/,
    ],
    [['train', '--genomes', manifest, '--processes=2'], /--processes goes with --each-genus/],
    [['fit', '-o', out], /name a score to fit .*, or give --networks/],
    [['fit', 'kmers', '--half', '--genomes', manifest, '-o', out], /--half is for networks; give --networks/],
    [['fit', 'kmers', '-o', out], /give either --genomes or --reads to fit on/],
    [['fit', '--networks', networks, '-o', out], /networks of 0 genera in this folder, wanted two or more/],
    [
      ['fit', 'pooledOdds:of=odds', '--genomes', manifest, '-o', out],
      /is computed from 'odds', which does not come before it/,
    ],
  ] as const) {
    const { code, stderr } = await inThisProcess(args)
    t.ok(code !== 0, args.join(' '))
    t.match(stderr, message)
  }
  t.notOk(readdirSync(folder).includes('x.safetensors'))
})
