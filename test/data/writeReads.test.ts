import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'tape'
import type { Read } from '../../data/read.js'
import { writeReads } from '../../data/writeReads.js'
import { collect, messageOf } from './reading.js'

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

test('writeReads: FASTQ and FASTA as they were read, if their text is kept', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const fastq = '@r1 1:N:0 genus=Vibrio\nacgtNRY\n+\nIIIIII!\n@r2\nAC\n+\n@@\n'
  const fasta = '>r1 1:N:0 genus=Vibrio\nacgtNRY\n>r2\nAC\n'
  const reads = await collect(Readable.from([fastq]), { keepText: true })
  await writeReads(join(folder, 'a.fastq'), reads)
  await writeReads(join(folder, 'a.fa'), reads)
  t.equal(readFileSync(join(folder, 'a.fastq'), 'utf8'), fastq)
  t.equal(readFileSync(join(folder, 'a.fa'), 'utf8'), fasta)
  const folded = await collect(Readable.from(['>a b\nAC\nGT\n']), { keepText: true })
  t.deepEqual(folded[0].text, { title: 'a b', letters: 'ACGT' })
  t.equal((await collect(Readable.from([fastq])))[0].text, undefined)
  const message = await messageOf(writeReads(join(folder, 'b.fq'), folded))
  t.match(message, /^read a has no qualities to write as FASTQ; write FASTA/)
})
