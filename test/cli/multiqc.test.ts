import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { syntheticReads, writeReads } from '../../data/index.js'
import { scratch, tinyModel, xenograd } from './support.js'

const folder = scratch()
const path = (name: string) => join(folder, name)
const model = await tinyModel(folder)
await writeReads(path('known.fa.gz'), syntheticReads({ split: 'in_tr', count: 60, length: 30, seed: 1 }))
await writeReads(path('new.fa'), syntheticReads({ split: 'ood_val', count: 25, length: 30, seed: 1 }))
await xenograd([
  'calibrate',
  '-m',
  model,
  path('known.fa.gz'),
  '--lengths=30',
  '-o',
  path('c.safetensors'),
  '-q',
])

/** Scores two samples, the second under a name of its own; both summaries. */
async function scored(out: string) {
  const score = [
    'score',
    '-m',
    path('c.safetensors'),
    '-q',
    '--multiqc',
    out,
    '--json',
    '-',
    '-o',
    path('s.tsv'),
  ]
  const known = await xenograd([...score, '--fpr', '0.2', path('known.fa.gz')])
  const other = await xenograd([...score, path('new.fa'), '--sample', 'stool 7'])
  return [JSON.parse(known.stdout), JSON.parse(other.stdout)]
}

/** A file of the data that a report was made of. */
const dataOf = (report: string, name: string) =>
  JSON.parse(readFileSync(join(report, 'multiqc_data', `${name}.json`), 'utf8'))

const isInstalled = spawnSync('multiqc', ['--version']).status === 0
const advice = isInstalled ? '' : ' (skipped: no MultiQC; apt-get install multiqc)'

/** Has MultiQC make a report of a folder. */
function report(from: string): { folder: string; log: string } {
  const to = `${from}-report`
  const args = [from, '-o', to, '--data-format', 'json', '--no-ansi']
  const { stdout, stderr } = spawnSync('multiqc', args, { encoding: 'utf8' })
  return { folder: to, log: stdout + stderr }
}

test(`MultiQC takes what --multiqc writes${advice}`, { skip: !isInstalled }, async t => {
  const [known, other] = await scored(path('mqc'))
  const { folder: made, log } = report(path('mqc'))
  t.ok(existsSync(join(made, 'multiqc_report.html')), log)
  const general = dataOf(made, 'multiqc_general_stats')
  t.deepEqual(Object.keys(general), ['known', 'stool 7'])
  const column = (sample: string, name: string) =>
    Object.entries(general[sample]).find(([key]) => key.endsWith(name))?.[1]
  t.deepEqual([column('known', 'reads'), column('stool 7', 'reads')], [60, 25])
  for (const [sample, { calls }] of [
    ['known', known],
    ['stool 7', other],
  ] as const) {
    t.equal(column(sample, 'unknown'), (100 * calls.unknown) / (calls.known + calls.unknown))
    const bars = dataOf(made, 'multiqc_xenograd_calls_plot')[sample]
    t.deepEqual(bars, { known: calls.known, unknown: calls.unknown, none: calls.NA })
    const points = Object.entries<number>(dataOf(made, 'multiqc_xenograd_scores_plot')[sample]).map(
      ([x, y]) => [Number(x), y] as const,
    )
    points.sort(([a], [b]) => a - b)
    const width = points[1][0] - points[0][0]
    t.ok(Math.abs(points.reduce((sum, [, y]) => sum + y * width, 0) - 1) < 1e-9, 'a density')
  }
  t.match(readFileSync(join(made, 'multiqc_report.html'), 'utf8'), /Xenograd[\s\S]*version \d+\.\d+\.\d+/)
})

test('without a calibration the files say which reads have a score', async t => {
  await xenograd([
    'score',
    '-m',
    model,
    '-q',
    '--multiqc',
    path('plain'),
    '-o',
    path('p.tsv'),
    path('new.fa'),
  ])
  const content = (name: string) =>
    JSON.parse(readFileSync(join(path('plain'), `new_xenograd_${name}_mqc.json`), 'utf8'))
  t.deepEqual(content('calls').data.new, { scored: 25, none: 0 })
  t.deepEqual(Object.keys(content('general').data.new), [
    'xenograd_reads',
    'xenograd_without',
    'xenograd_foreign',
  ])
})

test('an empty sample has its files, too', async t => {
  const { code } = await xenograd([
    'score',
    '-m',
    model,
    '-q',
    '--multiqc',
    path('empty'),
    '-o',
    path('e.tsv'),
  ])
  t.equal(code, 0)
  const files = readdirSync(path('empty'))
  t.deepEqual(
    files,
    ['calls', 'general', 'scores'].map(name => `stdin_xenograd_${name}_mqc.json`),
  )
  for (const file of files) t.ok(JSON.parse(readFileSync(join(path('empty'), file), 'utf8')).data.stdin, file)
})

test('--sample without --multiqc, or with a path, is refused', async t => {
  const refused = async (...args: string[]) =>
    (await xenograd(['score', '-m', model, path('new.fa'), ...args])).stderr
  t.match(await refused('--sample', 'x'), /give that, too/)
  t.match(await refused('--multiqc', path('mqc'), '--sample', '../x'), /without slashes/)
})
