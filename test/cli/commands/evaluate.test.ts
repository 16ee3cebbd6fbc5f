import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { writeReads } from '../../../data/index.js'
import { auroc } from '../../../eval/index.js'
import { rowsOf, scratch, tinyModel, xenograd } from '../support.js'

/** Reads whose letters depend on `step`, so that two sets differ. */
const reads = (count: number, step: number, genus: string) =>
  Array.from({ length: count }, (_, i) => ({
    name: `${genus}${i % 3}|${i}`,
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
  const files = ['tsv', 'json', 'svg'].map(kind => join(folder, `out.${kind}`))
  const [tsv, json, svg] = files
  const { code, stdout, stderr } = await xenograd([
    'evaluate',
    ...models,
    ...['--in', inside, '--ood', outside, '--replicates', '50', '--seed', '3'],
    ...['--tsv', tsv, '--json', json, '--plot', svg],
  ])
  t.equal(code, 0, stderr)
  t.match(stdout, /^30 in-distribution and 20 out-of-distribution reads \(1 more without a score\)\n/)
  t.match(stdout, /bootstrap \(50 replicates, seed 3\)/)

  const rows = rowsOf(readFileSync(tsv, 'utf8'))
  t.deepEqual(
    rows.map(([set]) => set).join(' '),
    [...Array(30).fill('in'), ...Array(21).fill('ood')].join(' '),
  )
  const scores = (set: string, column: number) =>
    rows.filter(row => row[0] === set && row[column] !== 'NA').map(row => Number(row[column]))
  const evaluation = JSON.parse(readFileSync(json, 'utf8'))
  for (const [i, column] of [4, 6].entries()) {
    const value = auroc(scores('in', column), scores('ood', column))
    t.equal(evaluation.scores[i].auroc.value, value)
    t.ok(stdout.includes(value.toFixed(3)))
  }
  const [likelihood, ratio] = evaluation.scores.map(
    (score: { auroc: { value: number } }) => score.auroc.value,
  )
  t.ok(stdout.endsWith(`AUCs for raw likelihood and likelihood ratio: ${likelihood}, ${ratio}\n`))
  t.match(readFileSync(svg, 'utf8'), /^<svg /)

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
