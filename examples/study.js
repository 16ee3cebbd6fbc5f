// The whole study, from genomes to figures: which score tells unknown genera from known ones, at which length.
//
//   node examples/study.js FOLDER|MANIFEST OUT [--quick] [--fragments N] [--near GENUS,GENUS]
//
// FOLDER holds genomes and their MANIFEST.tsv (see `xenograd sample --help`: known genera in set ID with parts train and
// val, unknown ones in set OOD with parts val). Every step is a command of `xenograd`, and is printed, so that any can be
// repeated by hand. Run it again after Ctrl-C: what is finished is not repeated, and trainings go on where they stopped.
// (With other flags, or another list below, it wants another folder: OUT/study.json has what it was begun with.)
//
//   OUT/overview.md         AUROC by score and length, with intervals over genomes
//   OUT/report.html, .md    all lengths together: ROC, genera, GC, near and far genera, training curves
//   OUT/reports/LENGTH.*    the same of one length, with all metrics and paired tests
//   OUT/detector.safetensors  all scores in one file, with p-values: xenograd score -m OUT/detector.safetensors reads.fq
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openGenomes, writeFileAtomic } from 'xenograd/data'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    fragments: { type: 'string' },
    near: { type: 'string' },
  },
})
const [genomes, out] = positionals
if (!genomes || !out) {
  process.stderr.write(
    'usage: node examples/study.js FOLDER|MANIFEST OUT [--quick] [--fragments N] [--near GENUS,GENUS]\n',
  )
  process.exit(2)
}

const fittedScores = [
  ...['kmers:k=15', 'aminoKmers:k=7', 'aminoKmers:k=7,frames=sum,stops=count,name=aminoKmers7sum'],
  ...['markov:order=10', 'markovRatio:order=10,background=1'],
  ...['mlr:own=none,name=maximum7', 'mlr:own=2', 'mlr:own=3'],
  ...['genusOdds:alignments=0,name=contexts11', 'genusOdds', 'pooledOdds:of=odds+genusOdds,name=pooledOdds'],
  ...['genusLeads', 'genusLeads:copies=16,name=leads16'],
]
const fullStudy = {
  lengths: [100, 250, 1000, 5000, 20000],
  fragments: 200, // of each known genus; fewer long ones
  scores: fittedScores,
  sums: [
    'homologyAndChains=kmers15+aminoKmers7+aminoKmers7sum+mlr2+mlr3+maximum7',
    'all=likelihood+ratio+kmers15+aminoKmers7+aminoKmers7sum+mlr2+mlr3+maximum7+contexts11+odds+genusOdds',
    'best=genusLeads+pooledOdds',
  ],
  network: {
    ...{ hidden_lstm_size: 64, num_steps: 4000, learning_rate: 0.003, dropout_rate: 0, val_freq: 500 },
    ...{ lr_schedule: 'cosine', warmup_steps: 100, clip_norm: 1, val_batches: 10 },
  },
  /** What is other for the network of a genus, which has its genomes alone to learn. */
  genusNetwork: { hidden_lstm_size: 128, num_steps: 3000, seq_len: 500, batch_size: 50, val_freq: 1000 },
  mutationRates: '0,0.1,0.2,0.3',
  calibration: 1000,
  replicates: 1000,
}
/** The same steps in a minute: small tables, networks that learn nothing. */
const quickStudy = {
  lengths: [100, 250],
  fragments: 20,
  scores: [
    'kmers:k=8',
    'markov:order=4',
    'mlr:order=4,own=none,name=maximum4',
    'mlr:order=4,name=mlr2',
    'genusOdds:order=6',
    'pooledOdds:of=odds+genusOdds6,name=pooledOdds',
  ],
  sums: ['all=ratio+kmers8+mlr2+genusOdds6'],
  network: {
    ...{ hidden_lstm_size: 8, num_steps: 20, learning_rate: 0.01, dropout_rate: 0, val_freq: 10 },
    ...{ seq_len: 50, batch_size: 20, val_batches: 2 },
  },
  genusNetwork: {},
  mutationRates: '0.1',
  calibration: 100,
  replicates: 100,
}
const study = flags.quick ? quickStudy : fullStudy

const xenograd = fileURLToPath(import.meta.resolve('xenograd/cli/main'))

/** Runs a command of xenograd, unless `result`, the last file that it writes, is there. */
async function step(result, ...args) {
  const isDone = existsSync(result)
  const words = args.map(arg => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`))
  process.stdout.write(`${isDone ? '# done: ' : ''}xenograd ${words.join(' ')}\n`)
  if (isDone) return
  const child = spawn(process.execPath, [xenograd, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  // Ctrl-C reaches the child, too; it ends in its own way, and we after it.
  const wait = () => {}
  process.on('SIGINT', wait)
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  process.off('SIGINT', wait)
  if (code !== 0) process.exit(code ?? 1)
}

const manifest = (await stat(genomes)).isDirectory() ? join(genomes, 'MANIFEST.tsv') : genomes
const all = await openGenomes(manifest)
const [known, unknown] = ['ID', 'OOD'].map(
  group => new Set(all.filter(genome => genome.group === group).map(({ genus }) => genus)),
)
if (known.size < 2 || unknown.size < 1)
  refuse(
    `${manifest}: ${known.size} genera in set ID, ${unknown.size} in set OOD; wanted two or more, and one`,
  )
const strangers = existsSync(flags.near ?? '')
  ? []
  : (flags.near?.split(',') ?? []).filter(genus => !unknown.has(genus))
if (strangers.length) refuse(`--near: ${manifest} has no unknown genus (set OOD) ${strangers.join(', ')}`)
await mkdir(join(out, 'scores'), { recursive: true })
await mkdir(join(out, 'reports'), { recursive: true })
await beginOrGoOn()

// Fragments of the validation genomes. Fewer long ones: they cost more, and soon cover a genome twice. They come first, so
// that a genome which has none of a length is told before hours of training.
const fragments = []
for (const length of study.lengths) {
  const folder = join(out, 'fragments', String(length))
  const share = Math.min(1, 1500 / length + 0.2)
  const perGenus = Math.max(1, Math.round(share * Number(flags.fragments ?? study.fragments)))
  const [inside, outside] = ['in_val', 'ood_val'].map(split => join(folder, `between_2011-2016_${split}`))
  await step(
    join(outside, 'ood_val_nsample.json'),
    ...['sample', manifest, folder, '--length', String(length), '--per-genus', '0'],
    ...['--held-out', String(perGenus)],
    ...['--ood-held-out', String(Math.max(1, Math.round((perGenus * known.size) / unknown.size)))],
  )
  fragments.push({ length, inside, outside })
}

// A network for each genus, and scores that need no network, in one pass over the training genomes.
const flagsOf = settings => Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
const network = flagsOf(study.network)
const genusNetwork = flagsOf({ ...study.network, ...study.genusNetwork })
const networks = join(out, 'genera')
const fitted = join(out, 'fitted.safetensors')
await step(fitted, 'train', '--genomes', manifest, '--each-genus', ...genusNetwork, '--out_dir', networks)
await step(fitted, 'fit', ...study.scores, '--networks', networks, '--genomes', manifest, '-o', fitted)

// A foreground, and backgrounds by their mutation rate; which one is best, the validation fragments say.
const tuned = join(out, 'backgrounds')
await step(
  join(tuned, 'tune.json'),
  ...['tune', '--genomes', manifest, '--mutation-rates', study.mutationRates, '--reg-weights', '0'],
  ...[...network, '--out_dir', tuned],
)
const [{ foreground, background }] = JSON.parse(await readFile(join(tuned, 'tune.json'), 'utf8'))

// All scores in one detector, calibrated at the lengths of the study.
const detector = join(out, 'detector.safetensors')
await step(
  detector,
  ...['calibrate', '-m', foreground, '-b', background, '--add', fitted, '--genomes', manifest],
  ...['--lengths', study.lengths.join(), '--fragments', String(study.calibration), '-o', detector],
)

// Their scores, and a report for each length.
const report = [
  ...study.sums.flatMap(sum => ['--sum', sum]),
  ...['--cluster', 'genome', '--replicates', String(study.replicates)],
  ...(flags.near ? ['--near', flags.near] : []),
]
const tables = []
for (const { length, inside, outside } of fragments) {
  const table = join(out, 'scores', `${length}.tsv`)
  await step(
    table,
    'evaluate',
    '-m',
    detector,
    '--in',
    inside,
    '--ood',
    outside,
    '--replicates',
    '0',
    '--tsv',
    table,
  )
  tables.push(table)
  const files = ['json', 'html', 'md'].map(kind => join(out, 'reports', `${length}.${kind}`))
  await step(
    files[2],
    ...['evaluate', '--scores-tsv', table, ...report],
    ...['--json', files[0], '--html', files[1], '--markdown', files[2]],
  )
}

// All lengths on one page.
const [json, html, markdown] = ['json', 'html', 'md'].map(kind => join(out, `report.${kind}`))
await step(
  html,
  ...['evaluate', '--scores-tsv', ...tables, ...report, '--runs', foreground, background],
  ...['--json', json, '--markdown', markdown, '--html', html],
)
const overview = await tableByLength()
await writeFileAtomic(join(out, 'overview.md'), overview)
process.stdout.write(`\n${overview}\n${html}\n`)

/** Notes what the study is begun with, and ends if what is there was begun with something else. */
async function beginOrGoOn() {
  const path = join(out, 'study.json')
  const settings = `${JSON.stringify({ manifest, flags, study }, undefined, 2)}\n`
  const before = existsSync(path) ? await readFile(path, 'utf8') : settings
  if (before === settings) return writeFileAtomic(path, settings)
  refuse(
    `${out}: was begun with other settings (study.json in it has them); go on with those, or give another folder`,
  )
}

/** Ends with a message. */
function refuse(message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

/** AUROC of each score at each length, in Markdown. */
async function tableByLength() {
  const columns = []
  for (const length of study.lengths)
    columns.push(JSON.parse(await readFile(join(out, 'reports', `${length}.json`), 'utf8')))
  const show = ({ value, low, high }) =>
    value === null ? 'NA' : `${value.toFixed(3)} [${low?.toFixed(3) ?? 'NA'}, ${high?.toFixed(3) ?? 'NA'}]`
  const size = ({ inDistribution, outOfDistribution }) =>
    `${inDistribution.reads} + ${outOfDistribution.reads}`
  const rows = columns[0].scores.map(({ score }, i) => [
    score,
    ...columns.map(column => show(column.scores[i].auroc)),
  ])
  return [
    ['AUROC', ...study.lengths.map(length => `${length} bases`)],
    ['---', ...columns.map(() => '---')],
    ['fragments (known + unknown)', ...columns.map(size)],
    ...rows,
  ]
    .map(row => `| ${row.join(' | ')} |\n`)
    .join('')
}
