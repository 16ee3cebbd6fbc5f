import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'tape'
import { checkDamage, collect, messageOf } from '../reading.js'

test('sources that hold no reads, or are of no format that is known', async t => {
  await checkDamage(t, [
    ['', 'reads: is empty'],
    ['\n \r\n', 'reads: has no reads'],
    [gzipSync(''), 'reads: is empty'],
    ['\x89PNG\r\n\x1a\n', 'reads: not FASTA, FASTQ, TSV, TFRecord or gzip of these (has byte 0x1a)'],
    [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), 'reads: zstd is not supported, pipe it through zstd -dc'],
    [gzipSync('BAM\x01....'), 'reads: BAM is not supported, pipe it through samtools fastq'],
  ])
})

test('damaged gzip data', async t => {
  const gz = gzipSync(Buffer.from('>a\nACGT\n>b\nAC\n'.repeat(500)))
  await checkDamage(t, [
    [gz.subarray(0, -9), /^reads: gzip data is cut off /],
    [gz.subarray(0, 15), 'reads: gzip data is cut off before its first read'],
    [Buffer.concat([gz.subarray(0, 40), Buffer.alloc(9), gz.subarray(40)]), /^reads: gzip data is damaged /],
  ])
})

test('no such file, and a folder', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  t.equal(await messageOf(collect(join(folder, 'no.fa'))), `${join(folder, 'no.fa')}: no such file`)
  t.equal(await messageOf(collect(folder)), `${folder}: is a directory, give a file`)
})
