import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'tape'
import { checkDamage, collect, messageOf, readBytes } from '../reading.js'

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

test('gzip data: members one after the other, zeros at the end, and nothing else', async t => {
  const fasta = (name: string) => Buffer.from(`>${name}\n${'ACGT'.repeat(3000)}\n`)
  const [a, b] = [gzipSync(fasta('a')), gzipSync(fasta('b'))]
  for (const chunkSize of [1, 100, 1 << 16]) {
    t.equal((await readBytes(Buffer.concat([a, b]), chunkSize)).length, 2, 'members')
    t.equal((await readBytes(Buffer.concat([a, Buffer.alloc(1000)]), chunkSize)).length, 1, 'zeros')
  }
  const followed = 'reads: the gzip data is followed by something else (several files in one, or damaged?)'
  await checkDamage(t, [
    [Buffer.concat([a, Buffer.from([0, 0, 7])]), followed],
    [Buffer.concat([a, Buffer.alloc(512), b]), followed],
    [Buffer.concat([a, Buffer.alloc(1), Buffer.alloc(3e5, 65)]), followed],
    [Buffer.concat([a, Buffer.from('>c\nACGT\n')]), /^reads: gzip data is damaged /],
    [[1, 2, 3, 4, 5].reduce(data => gzipSync(data), fasta('a')), 'reads: gzip in gzip, more than 4 deep'],
  ])
})

test('no such file, and a folder', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  t.equal(await messageOf(collect(join(folder, 'no.fa'))), `${join(folder, 'no.fa')}: no such file`)
  t.equal(await messageOf(collect(folder)), `${folder}: is a directory, give a file`)
})
