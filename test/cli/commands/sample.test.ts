import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { decode, loadReads, syntheticReads } from '../../../data/index.js'
import { scratch, xenograd } from '../support.js'

/** A manifest and its genomes, of 300 bases each. */
function writeGenomes(folder: string, rows: readonly (readonly [file: string, rest: string])[]): string {
  for (const [i, [file]] of rows.entries()) {
    const [contig] = syntheticReads({ split: 'in_tr', count: 1, length: 300, seed: i })
    writeFileSync(join(folder, file), `>c\n${decode(contig.bases)}\n`)
  }
  const path = join(folder, 'MANIFEST.tsv')
  writeFileSync(path, ['file\tset\tgenus\tpart', ...rows.map(row => row.join('\t')), ''].join('\n'))
  return path
}

test("sample: reads of a manifest's parts in the reference's layout, which train takes", async t => {
  const folder = scratch()
  const manifest = writeGenomes(folder, [
    ['a.fna', 'ID\tA\ttrain:0-0.5;val:0.5-1'],
    ['b.fna', 'ID\tB\ttrain:0-0.5;val:0.5-1'],
    ['c.fna', 'OOD\tC\tval:0-0.5;test:0.5-1'],
  ])
  const out = join(folder, 'out')
  const flags = ['--length=20', '--per_genus=30', '--held-out=10', '--seed=3']
  const { code, stdout, stderr } = await xenograd(['sample', manifest, out, ...flags])
  t.equal(code, 0, stderr)
  t.equal(stdout, '')
  t.match(stderr, /before_2011_in_tr: 60 reads of 2 genera\n.*in_val: 20 reads.*\n.*ood_val: 10 reads of 1/)
  t.deepEqual(readdirSync(out).sort(), [
    'after_2016_ood_test',
    'before_2011_in_tr',
    'between_2011-2016_in_val',
    'between_2011-2016_ood_val',
    'label_dict.json',
  ])
  t.deepEqual(JSON.parse(readFileSync(join(out, 'label_dict.json'), 'utf8')), { A: 0, B: 1, C: 2 })
  const reads = join(out, 'before_2011_in_tr')
  t.deepEqual(JSON.parse(readFileSync(join(reads, 'in_tr_nsample.json'), 'utf8')), { A: 30, B: 30 })
  const set = await loadReads([join(reads, 'in_tr.tfrecord')], { length: 20, filterLabel: 1 })
  t.deepEqual([set.count, set.skipped.otherLabel], [30, 30])
  const again = await xenograd(['sample', folder, join(folder, 'again'), ...flags, '-q'])
  t.deepEqual([again.code, again.stderr], [0, ''])
  const bytes = (root: string) => readFileSync(join(root, 'before_2011_in_tr', 'in_tr.tfrecord'))
  t.ok(bytes(out).equals(bytes(join(folder, 'again'))), 'a function of the seed')
})

test('sample: only held-out reads, and another number of the unknown genera', async t => {
  const folder = scratch()
  const manifest = writeGenomes(folder, [
    ['a.fna', 'ID\tA\ttrain:0-0.5;val:0.5-1'],
    ['c.fna', 'OOD\tC\tval:0-0.5;test:0.5-1'],
  ])
  const out = join(folder, 'out')
  const flags = ['--length=20', '--per-genus=0', '--held-out=3', '--ood-held-out=5']
  const { code, stderr } = await xenograd(['sample', manifest, out, ...flags])
  t.equal(code, 0, stderr)
  t.match(stderr, /in_val: 3 reads of 1 genera\n.*ood_val: 5 reads.*\n.*ood_test: 5 reads/)
  t.notOk(readdirSync(out).includes('before_2011_in_tr'))
})

test('sample: what is wrong with a manifest', async t => {
  const folder = scratch()
  const failing = async (rows: Parameters<typeof writeGenomes>[1], exitCode: number, message: RegExp) => {
    const { code, stderr } = await xenograd(['sample', writeGenomes(folder, rows), join(folder, 'out')])
    t.equal(code, exitCode, stderr)
    t.match(stderr, message)
    t.equal(stderr.trim().split('\n').length, 1, 'one line')
  }
  await failing([['a.fna', 'ID\tA\tval:0-1']], 2, /no genome of set ID has a part 'train'/)
  await failing(
    [
      ['a.fna', 'ID\tA\ttrain:0-1'],
      ['b.fna', 'OOD\tA\tval:0-1'],
    ],
    3,
    /MANIFEST\.tsv line 3: genus A is in set 'OOD', but in 'ID' on line 2/,
  )
  await failing([['a.fna', 'ID\tA\ttrain:0-0.1']], 3, /a\.fna: no 250 bases of ACGT in a row/)
  const manifest = writeGenomes(folder, [['a.fna', 'ID\tA\ttrain:0-1']])
  writeFileSync(join(folder, 'a.fna'), '>c\n')
  const empty = await xenograd(['sample', manifest, join(folder, 'out')])
  t.deepEqual([empty.code, /a\.fna: an empty genome/.test(empty.stderr)], [3, true], empty.stderr)
})
