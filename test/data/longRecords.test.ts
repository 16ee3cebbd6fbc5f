import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { hasLongRecord, syntheticReads, writeReads } from '../../data/index.js'

test('hasLongRecord: of FASTA alone, on any number of lines', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const file = (name: string) => join(folder, name)
  writeFileSync(file('a.fa'), '>x\nACG\n>y\nACGT\nACGT\n')
  t.ok(await hasLongRecord(file('a.fa'), 8))
  t.notOk(await hasLongRecord(file('a.fa'), 9))
  await writeReads(file('a.tfrecord'), syntheticReads({ split: 'in_tr', count: 2, length: 30, seed: 1 }))
  t.notOk(await hasLongRecord(file('a.tfrecord'), 10))
  const missing = await hasLongRecord(file('b.fa'), 1).catch((error: Error) => error.name)
  t.equal(missing, 'InputError')
})
