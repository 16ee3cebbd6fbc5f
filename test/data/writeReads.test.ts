import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import type { Read } from '../../data/read.js'
import { writeReads } from '../../data/writeReads.js'
import { collect } from './reading.js'

test('writeReads: TFRecord and FASTA, plain and gzip, come back', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const reads: Read[] = [
    { name: 'Vibrio|g1|c:1-4|+', bases: Uint8Array.of(0, 1, 2, 3), label: 7, genus: 'Vibrio' },
    { name: 'Yersinia|g2|c:5-6|-', bases: Uint8Array.of(3, 3), label: -1, genus: 'Yersinia' },
  ]
  for (const file of ['a.tfrecord', 'a.tfrecord.gz', 'a.fa', 'a.fasta.gz']) {
    t.equal(await writeReads(join(folder, file), reads), 2)
    t.deepEqual(await collect(join(folder, file)), reads, file)
  }
  const withUnknown = [...reads, { name: 'n', bases: Uint8Array.of(0, 4) }]
  await writeReads(join(folder, 'a.tfrecord'), withUnknown).then(
    () => t.fail('must throw'),
    error =>
      t.equal(error.message, 'read n has a base outside ACGT, which a TFRecord of this format cannot hold'),
  )
  t.equal((await collect(join(folder, 'a.tfrecord'))).length, 2, 'the old file is still there')
})
