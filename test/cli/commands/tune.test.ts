import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { FolderLock, syntheticReads, writeReads } from '../../../data/index.js'
import { inThisProcess, rowsOf, scratch, start, xenograd } from '../support.js'

/** Flags of a small grid on small data. */
async function smallGrid(folder: string): Promise<string[]> {
  const flags: string[] = []
  for (const split of ['in_tr', 'in_val', 'ood_val'] as const) {
    const path = join(folder, split)
    mkdirSync(path)
    const count = split === 'in_tr' ? 200 : 40
    await writeReads(join(path, `${split}.tfrecord`), syntheticReads({ split, count, length: 30, seed: 3 }))
    flags.push(`--${split}_data_dir=${path}`)
  }
  const small = ['--batch_size=20', '--seq_len=30', '--num_steps=30', '--val_freq=1000', '--log_freq=1']
  return [...flags, ...small, '--hidden-sizes=4', '--mutation-rates=0,0.2', '--reg-weights=0,1e-3']
}

/** A small grid that one process has trained without a break: its flags, and what it printed. */
const folder = scratch()
const flags = await smallGrid(folder)
const straight = await xenograd(['tune', ...flags, `--out_dir=${join(folder, 'out')}`])

test('tune: a table of the grid, the best first; what is finished is not trained again', async t => {
  t.equal(straight.code, 0, straight.stderr)
  t.match(straight.stderr, /^4 trainings, 0 of them finished/)
  t.match(straight.stderr, /best: hidden size 4, mutation rate .*: AUROC of the ratio 0\.\d+ \[/)
  const rows = rowsOf(straight.stdout)
  t.deepEqual(rows.map(([hidden, mutation, weight]) => `${hidden} ${mutation} ${weight}`).sort(), [
    '4 0 0.001',
    '4 0.2 0',
    '4 0.2 0.001',
  ])
  const aurocs = rows.map(row => Number(row[3]))
  t.ok(aurocs[0] >= aurocs[1] && aurocs[1] >= aurocs[2], `${aurocs}`)
  t.ok(
    rows.every(([, , , value, low, high]) => Number(low) < Number(value) && Number(value) < Number(high)),
    'within their intervals',
  )
  t.equal(readFileSync(join(folder, 'out', 'tune.tsv'), 'utf8'), straight.stdout)
  const [best] = JSON.parse(readFileSync(join(folder, 'out', 'tune.json'), 'utf8'))
  t.ok(statSync(join(best.foreground, 'model')).isDirectory() && best.background !== best.foreground)

  const resumed = [...flags, `--out_dir=${join(folder, 'out')}`]
  const again = await xenograd(['tune', ...resumed, '--quiet'])
  t.equal(again.stdout, straight.stdout)
  t.notOk(/: done/.test(again.stderr), 'nothing was trained')
  const more = await xenograd(['tune', ...resumed, '--mutation-rates=0,0.2,0.3'])
  t.match(more.stderr, /^6 trainings, 4 of them finished/)
  t.equal(rowsOf(more.stdout).length, 5)
})

test('tune: shards train the grid at once, and the table of all is the same', async t => {
  const out = `--out_dir=${join(folder, 'shards')}`
  const shards = ['1/3', '2/3', '3/3', '6/6']
  const ended = await Promise.all(shards.map(shard => xenograd(['tune', ...flags, out, '--shard', shard])))
  const trained = (i: number) => /^(\d+) trainings/.exec(ended[i].stderr)?.[1]
  for (const [i, { code, stdout, stderr }] of ended.entries())
    t.deepEqual([code, stdout], [0, ''], `${shards[i]}: ${stderr}`)
  t.deepEqual([0, 1, 2, 3].map(trained), ['2', '1', '1', '0'], 'trainings of each shard')
  const whole = await xenograd(['tune', ...flags, out])
  t.match(whole.stderr, /^4 trainings, 4 of them finished/)
  t.equal(whole.stdout, straight.stdout, 'digit for digit')
})

test('tune: interrupted, it goes on to the same table', async t => {
  const out = join(folder, 'broken')
  const child = start(['tune', ...flags, `--out_dir=${out}`])
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes(': done')) child.kill('SIGINT')
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  t.equal(code, 130)
  t.ok(readdirSync(out).length > 0 && !readdirSync(out).includes('tune.tsv'), 'no table yet')
  const resumed = await xenograd(['tune', ...flags, `--out_dir=${out}`])
  t.match(resumed.stderr, /^4 trainings, [1-3] of them finished/)
  t.equal(resumed.stdout, straight.stdout, 'digit for digit')
})

test('tune: what makes no sense, and trainings that fail', async t => {
  const out = `--out_dir=${join(folder, 'mistaken')}`
  const refused: [string[], RegExp][] = [
    [
      ['--in_val_data_dir=', '--ood_val_data_dir='],
      /tune picks by the AUROC of validation reads, and there are none/,
    ],
    [['--ood_val_data_dir='], /and there are none/],
    [['--mutation-rates=0', '--reg-weights=0'], /no background among them/],
    [['--mutation-rates=0.1,2'], /Give rates from 0 to 1, with commas/],
    [['--dropout_rate=1'], /--dropout_rate 1: give 0 or more/],
  ]
  for (const [change, message] of refused) {
    const { code, stderr } = await inThisProcess(['tune', ...flags, out, ...change])
    t.deepEqual([code, message.test(stderr)], [2, true], stderr)
  }
  const diverging = await xenograd(['tune', ...flags, out, '--learning_rate=1e30'])
  t.equal(diverging.code, 1)
  const failures = diverging.stderr.match(
    /hidden size 4, mutation rate .*, regulariser 0\.001: failed: loss is /g,
  )
  t.equal(failures?.length, 2, 'with a regulariser they diverge')
  t.equal(rowsOf(diverging.stdout).length, 1, 'the others are compared')
})

test('tune and train --each-genus: a folder that another process trains in is left alone', async t => {
  const out = join(folder, 'locked')
  mkdirSync(out)
  const manifest = join(folder, 'MANIFEST.tsv')
  writeFileSync(join(folder, 'a.fna'), `>a\n${'ACGTTGCA'.repeat(100)}\n`)
  writeFileSync(manifest, 'file\tset\tgenus\tpart\na.fna\tID\tA\ttrain:0-1\n')
  const lock = await FolderLock.take(out)
  for (const args of [
    ['tune', ...flags],
    ['train', '--each-genus', '--genomes', manifest, '--seq_len=20'],
  ]) {
    const { code, stderr } = await xenograd([...args, `--out_dir=${out}`])
    t.equal(code, 1, stderr)
    t.match(stderr, /xenograd: .*locked: process \d+ on .* works in this folder/)
    t.deepEqual(readdirSync(out), ['lock.json'])
  }
  lock.release()
})
