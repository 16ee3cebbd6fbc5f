import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { InputError } from '../../data/io/inputError.js'
import { encode, type Read } from '../../data/read.js'
import { collectReads, loadReads } from '../../data/readSet.js'
import { sharedPath, testShared } from '../shared.js'

const read = (name: string, sequence: string, rest: Partial<Read> = {}): Read => ({
  name,
  bases: encode(sequence),
  ...rest,
})

const reads = [
  read('exact', 'ACGT', { label: 1 }),
  read('short', 'ACG', { label: 1 }),
  read('long, N after the cut', 'TTTTN', { label: 2 }),
  read('unknown base', 'ACNT', { label: 1 }),
  read('by genus', 'GGGG', { genus: 'Vibrio' }),
  read('no label', 'CCCC'),
]

test('collectReads: cuts long reads, leaves out short ones and unknown bases', async t => {
  const set = await collectReads(reads, { length: 4, labels: new Map([['Vibrio', 11]]) })
  t.equal(set.count, 4)
  t.deepEqual([...set.tokens], [0, 1, 2, 3, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1])
  t.deepEqual([...set.labels], [1, 2, 11, -1])
  t.deepEqual(set.skipped, { short: 1, unknownBase: 1, otherLabel: 0 })
})

test('collectReads: one label only, a limit, and more reads than the first allocation', async t => {
  const one = await collectReads(reads, { length: 4, filterLabel: 1 })
  t.deepEqual([one.count, one.skipped], [1, { short: 1, unknownBase: 1, otherLabel: 3 }])
  t.equal((await collectReads(reads, { length: 4, limit: 2 })).count, 2)
  const many = await collectReads(
    Array.from({ length: 5000 }, (_, i) => read('x', i % 2 ? 'AC' : 'GT')),
    { length: 2 },
  )
  t.equal(many.tokens.length, 10000)
  t.ok(many.tokens.every((code, i) => code === (i % 4 < 2 ? 2 + (i % 2) : i % 2)))
  await collectReads(reads, { length: 1 }).then(
    () => t.fail(),
    error => t.match(error.message, /read length: got 1/),
  )
})

test('loadReads: files in order; nothing left is an error that says why', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const a = join(folder, 'a.fa')
  const b = join(folder, 'b.fq')
  writeFileSync(a, '>x\nAC\n')
  writeFileSync(b, '@y\nGT\n+\n!!\n')
  t.deepEqual([...(await loadReads([b, a], { length: 2 })).tokens], [2, 3, 0, 1])
  await loadReads([a], { length: 3 }).then(
    () => t.fail(),
    error => {
      t.ok(error instanceof InputError)
      t.match(
        error.message,
        /a\.fa: no read of 3 bases to train on \(1 are shorter, 0 have a base outside ACGT/,
      )
    },
  )
})

testShared('the training set of the reference run', async t => {
  const set = await loadReads([sharedPath('data/tf1-oracle/in_tr_class_0.tfrecord')], {
    length: 250,
    filterLabel: 0,
  })
  t.equal(set.count, 1000)
  t.equal(set.tokens.length, 250000)
})
