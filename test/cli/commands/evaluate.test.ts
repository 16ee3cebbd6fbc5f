import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'tape'
import { writeReads } from '../../../data/index.js'
import { auroc } from '../../../eval/index.js'
import { rowsOf, scratch, tinyModel, xenograd } from '../support.js'

/** Reads whose letters depend on `step`, so that two sets differ. */
const reads = (count: number, step: number, genus: string) =>
  Array.from({ length: count }, (_, i) => ({
    name: `${genus}${i % 3}|genome${i % 2}|${i}`,
    genus: `${genus}${i % 3}`,
    bases: Uint8Array.from({ length: 20 }, (_, k) => (k * step + i * i + ((i * k) >> 2)) % 4),
  }))

test('evaluate: the table, and what it writes, agree with the scores of the reads', async t => {
  const folder = scratch()
  const foreground = await tinyModel(folder)
  const background = await tinyModel(folder, { name: 'background.safetensors', seed: 2 })
  const [inside, outside] = [join(folder, 'in.fa'), join(folder, 'ood.fa')]
  await writeReads(inside, reads(30, 1, 'Known'))
  await writeReads(outside, [
    ...reads(20, 2, 'New'),
    { name: 'short', genus: 'New', bases: Uint8Array.of(1) },
  ])
  const models = ['-m', foreground, '-b', background]
  const files = ['tsv', 'json', 'svg', 'html', 'md', 'table.tsv'].map(kind => join(folder, `out.${kind}`))
  const [tsv, json, svg, html, markdown, table] = files
  const { code, stdout, stderr } = await xenograd([
    'evaluate',
    ...models,
    ...['--in', inside, '--ood', outside, '--replicates', '50', '--seed', '3'],
    ...[
      '--tsv',
      tsv,
      '--json',
      json,
      '--plot',
      svg,
      '--html',
      html,
      '--markdown',
      markdown,
      '--table',
      table,
    ],
  ])
  t.equal(code, 0, stderr)
  t.match(stdout, /^30 in-distribution and 20 out-of-distribution reads \(1 more without a score\)\n/)
  t.match(stdout, /bootstrap \(50 replicates, seed 3\)/)

  const rows = rowsOf(readFileSync(tsv, 'utf8'))
  t.deepEqual(
    rows.map(([set]) => set).join(' '),
    [...Array(30).fill('in'), ...Array(21).fill('ood')].join(' '),
  )
  t.deepEqual(rows[1].slice(0, 5), ['in', 'Known1|genome1|1', 'Known1', 'genome1', '20'])
  const scores = (set: string, column: number) =>
    rows.filter(row => row[0] === set && row[column] !== 'NA').map(row => Number(row[column]))
  const evaluation = JSON.parse(readFileSync(json, 'utf8'))
  for (const [i, column] of [6, 7].entries()) {
    const value = auroc(scores('in', column), scores('ood', column))
    t.equal(evaluation.scores[i].auroc.value, value)
    t.ok(stdout.includes(value.toFixed(3)))
  }
  const [likelihood, ratio] = evaluation.scores.map(
    (score: { auroc: { value: number } }) => score.auroc.value,
  )
  t.ok(stdout.endsWith(`AUCs for raw likelihood and likelihood ratio: ${likelihood}, ${ratio}\n`))
  t.match(readFileSync(svg, 'utf8'), /^<svg /)
  t.match(readFileSync(html, 'utf8'), /^<!doctype html>/)
  t.match(readFileSync(markdown, 'utf8'), /^\| ratio \| 0\./m)
  t.match(readFileSync(table, 'utf8'), new RegExp(`^ratio\tauroc\tall\t${ratio}\t`, 'm'))

  const again = await xenograd(['evaluate', '--scores-tsv', tsv, '--replicates', '50', '--seed', '3', '-q'])
  t.equal(again.code, 0, again.stderr)
  t.ok(stdout.startsWith(again.stdout), 'the table of scores says the same as the models')

  const alone = await xenograd(['evaluate', '-m', foreground, '--in', inside, '--ood', outside, '-q'])
  t.equal(alone.code, 0, alone.stderr)
  t.notOk(alone.stdout.includes('ratio'), 'no background, no ratio')
  t.match(alone.stderr, /^xenograd evaluate: ood: 1 of 21 reads have no score \(NA\)\n$/)
})

test("evaluate: the reference's flags and folders", async t => {
  const folder = scratch()
  const run = (name: string) => join(folder, name, 'model')
  for (const [name, seed] of [
    ['foreground', 1],
    ['background', 2],
  ] as const) {
    mkdirSync(run(name), { recursive: true })
    await tinyModel(run(name), { name: 'model_5.safetensors', seed })
    await tinyModel(run(name), { name: 'model_10.safetensors', seed: seed + 2 })
  }
  const [inside, outside] = ['after_2016_in_test', 'after_2016_ood_test'].map(name => join(folder, name))
  for (const path of [inside, outside]) mkdirSync(path)
  await writeReads(join(inside, 'a_in_test.tfrecord'), reads(30, 1, 'Known'))
  await writeReads(join(outside, 'a_ood_test.tfrecord'), reads(30, 2, 'New'))
  writeFileSync(join(inside, 'notes.txt'), 'not reads')
  const sets = [`--in_test_data_dir=${inside}`, '--ood_test_data_dir', outside]
  const [reference, newest, own, absent] = await Promise.all([
    xenograd([
      'evaluate',
      ...['--model_dir_frgd', run('foreground'), '--model_dir_bkgd', run('background')],
      ...['--ckpt_step', '5', '--n_samples=20', ...sets],
    ]),
    xenograd(['evaluate', '-m', join(folder, 'foreground'), '-b', join(folder, 'background'), ...sets]),
    xenograd([
      'evaluate',
      ...['-m', join(run('foreground'), 'model_10.safetensors'), '--in', inside, '--ood', outside],
      ...['-b', join(run('background'), 'model_10.safetensors'), '--cluster', 'genus'],
    ]),
    xenograd(['evaluate', '-m', join(folder, 'foreground'), '--ckpt_step', '6', ...sets]),
  ])
  t.equal(reference.code, 0, reference.stderr)
  t.match(reference.stdout, /^20 in-distribution and 20 out-of-distribution reads\n/)
  t.match(reference.stderr, /model_5\.safetensors.*step 7\n.*model_5\.safetensors/)
  t.equal(newest.code, 0, newest.stderr)
  t.match(newest.stdout, /^30 in-distribution and 30 /)
  const line = (text: string) => text.trimEnd().split('\n').at(-1)
  t.equal(line(newest.stdout), line(own.stdout), 'the newest checkpoint is taken')
  t.match(own.stdout, /intervals over genera/)
  t.equal(absent.code, 1)
  t.match(absent.stderr, /wanted model_6\.safetensors/)
})

test('evaluate: bad reads leave no files', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const [inside, outside] = [join(folder, 'in.fa'), join(folder, 'ood.fa')]
  await writeReads(inside, reads(3, 1, 'Known'))
  writeFileSync(outside, '>a\nACGT\n>b\nAC?T\n')
  const out = ['--tsv', join(folder, 'o.tsv'), '--json', join(folder, 'o.json')]
  const { code, stdout, stderr } = await xenograd([
    'evaluate',
    '-m',
    model,
    '--in',
    inside,
    '--ood',
    outside,
    ...out,
  ])
  t.equal(code, 3)
  t.equal(stdout, '')
  t.match(stderr, /ood\.fa line 4: .*\(read b\)\n$/)
  t.deepEqual(readdirSync(folder).sort(), ['in.fa', 'ood.fa', 'tiny.safetensors'])
})

/** A table of scores: `ood` scores are lower; the third row lacks a score. */
function scoresTable(): string {
  const rows = Array.from({ length: 240 }, (_, i) => {
    const set = i % 2 ? 'ood' : 'in'
    const genus = `${set === 'in' ? 'Known' : 'New'}${i % 6}`
    const [weak, strong] = [(i * 37) % 101, ((i * 53) % 101) + (set === 'in' ? 40 : 0)]
    const relation = set === 'ood' ? (i % 6 === 1 ? 'near' : 'far') : ''
    return [
      set,
      genus,
      `${genus}.${i % 5}`,
      i % 4 < 2 ? 100 : 250,
      0.5,
      i === 2 ? 'NA' : weak,
      strong,
      relation,
    ]
  })
  const header = ['#set', 'genus', 'genome', 'length', 'gc', 'weak', 'strong', 'relation']
  return [header, ...rows].map(row => `${row.join('\t')}\n`).join('')
}

test('evaluate: a table of any scores, over genomes, with near genera and trainings', async t => {
  const folder = scratch()
  const [table, json] = [join(folder, 'scores.tsv.gz'), join(folder, 'out.json')]
  writeFileSync(table, gzipSync(scoresTable()))
  const run = join(folder, 'run')
  mkdirSync(run)
  const lines = [0, 10, 20].map(step => JSON.stringify({ step, loss: 1.3, auroc: 0.5 + step / 100 }))
  writeFileSync(join(run, 'metrics.jsonl'), lines.join('\n'))
  const evaluate = (...flags: string[]) => xenograd(['evaluate', '--scores-tsv', table, ...flags])
  const [full, chosen, listed] = await Promise.all([
    evaluate('--cluster', 'genome', '--json', json, '--runs', run, '--window', '10-20', '--replicates', '20'),
    evaluate('--scores', 'strong', '--replicates', '0'),
    evaluate('--near', 'New3,New5', '--replicates', '0'),
  ])
  t.equal(full.code, 0, full.stderr)
  t.match(full.stdout, /^119 in-distribution and 120 out-of-distribution reads \(1 more without a score\)\n/)
  t.match(full.stdout, /\nstrong +0\.\d{3} \[.*\] +\+0\.\d{3} \[.*\] +\S+\n/)
  t.match(full.stdout, /\nweak +1 +0\n/, 'scores that are NA are counted')
  t.match(full.stdout, /\nnear +119 +40 /)
  t.match(full.stdout, /\nrun +0\.650 \[.*\] +2 +10 to 20\n/)
  t.match(full.stdout, /intervals over genomes/)
  t.notOk(full.stdout.includes('AUCs for'), "the reference's line is of two models")
  const evaluation = JSON.parse(readFileSync(json, 'utf8'))
  t.equal(evaluation.scores[1].score, 'strong')
  t.ok(Math.abs(evaluation.loggedAurocs[0].value - 0.65) < 1e-12)
  t.match(chosen.stdout, /^120 in-distribution and 120 /, 'only scores that are taken count')
  t.match(listed.stdout, /\nnear +119 +80 /, 'a list goes before the column')
})

test('evaluate: bad flags and tables end before anything is printed', async t => {
  const folder = scratch()
  const table = join(folder, 'good.tsv')
  writeFileSync(table, scoresTable())
  writeFileSync(join(folder, 'bad.tsv'), 'set\ta\nin\tx\n')
  const cases: [flags: string[], code: number, message: RegExp][] = [
    [[join(folder, 'bad.tsv')], 3, /bad\.tsv line 2: 'x' in column a is not a number/],
    [[table, '--scores', 'weak,strange'], 2, /no score 'strange'; there are weak, strong/],
    [[table, '--near', 'Vibrio'], 3, /no out-of-distribution read is of Vibrio/],
    [[table, '--window', '20-10'], 2, /Give two steps/],
    [[table, '--window', '10-20'], 2, /--window needs --runs/],
    [[table, '--runs', folder], 3, /has no metrics\.jsonl/],
    [[table, '-m', 'model'], 2, /cannot be used with/],
  ]
  const ended = await Promise.all(
    cases.map(([flags]) => xenograd(['evaluate', '--replicates', '0', '--scores-tsv', ...flags])),
  )
  for (const [i, [, code, message]] of cases.entries()) {
    t.equal(ended[i].code, code, ended[i].stderr)
    t.match(ended[i].stderr, message)
    t.equal(ended[i].stdout, '')
  }
})

test('evaluate: what can be known before is said before; what fails later costs no figures', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const [inside, outside, nameless] = ['in.fa', 'ood.fa', 'nameless.fa'].map(name => join(folder, name))
  await writeReads(inside, reads(10, 1, 'Known'))
  await writeReads(outside, reads(10, 2, 'New'))
  await writeReads(
    nameless,
    reads(3, 3, 'x').map(({ name, bases }) => ({ name, bases })),
  )
  const evaluate = (ood: string, ...flags: string[]) =>
    xenograd(['evaluate', '-m', model, '--in', inside, '--ood', ood, '--replicates', '0', ...flags])
  const before: [ood: string, flags: string[], code: number, message: RegExp][] = [
    [
      nameless,
      ['--cluster', 'genus'],
      3,
      /--ood: read .* does not say its genus, which --cluster genus needs/,
    ],
    [nameless, ['--cluster', 'genome'], 3, /does not say its genome, which --cluster genome needs/],
    [nameless, ['--near', 'Vibrio'], 3, /does not say its genus, which --near needs/],
    [outside, ['--scores', 'strange'], 2, /there is no score 'strange'; there are likelihood/],
    [outside, ['--runs', folder], 3, /has no metrics\.jsonl/],
    [join(folder, 'absent.fa'), [], 3, /absent\.fa/],
  ]
  for (const [ood, flags, code, message] of before) {
    const ended = await evaluate(ood, ...flags)
    t.equal(ended.code, code, ended.stderr)
    t.match(ended.stderr, message)
    t.notOk(ended.stderr.includes('reads scored'), 'before any is scored')
    t.equal(ended.stdout, '')
  }
  const unknownGenus = await evaluate(outside, '--near', 'Vibrio', '--json', join(folder, 'found.json'))
  t.equal(unknownGenus.code, 3)
  t.match(unknownGenus.stdout, /^10 in-distribution and 10 out-of-distribution reads\n/)
  t.match(unknownGenus.stderr, /no out-of-distribution read is of Vibrio; this is the evaluation without/)
  t.equal(JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')).inDistribution.reads, 10)
  const full = await evaluate(outside, '--markdown', '/dev/full', '--table', join(folder, 'table.tsv'))
  t.equal(full.code, 1)
  t.match(full.stdout, /^10 in-distribution and 10 /)
  t.match(full.stderr, /xenograd evaluate: .*(ENOSPC|no space)/)
  t.match(readFileSync(join(folder, 'table.tsv'), 'utf8'), /likelihood\tauroc/, 'the other files are there')
})
