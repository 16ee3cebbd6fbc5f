import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import test from 'tape'
import { EmptyInputError, readReads } from '../../../data/index.js'
import { checkDamage, collect, lettersOf, messageOf, readBytes } from '../reading.js'

test('sources that hold no reads, or are of no format that is known', async t => {
  await checkDamage(t, [
    ['', 'reads: is empty'],
    ['\n \r\n', 'reads: has no reads'],
    [gzipSync(''), 'reads: is empty'],
    ['\x89PNG\r\n\x1a\n', 'reads: not FASTA, FASTQ, TSV, TFRecord or gzip of these (has byte 0x1a)'],
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
    [
      [1, 2, 3, 4, 5].reduce(data => gzipSync(data), fasta('a')),
      'reads: compressed data in compressed data, more than 4 deep',
    ],
  ])
})

test('no such file, and a folder', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  t.equal(await messageOf(collect(join(folder, 'no.fa'))), `${join(folder, 'no.fa')}: no such file`)
  t.equal(await messageOf(collect(folder)), `${folder}: is a directory, give a file`)
})

test('zstd, xz and bzip2 are unpacked by their programs', async t => {
  const text = '>a\nACGT\n>b\nAC\n'.repeat(5000)
  for (const program of ['zstd', 'xz', 'bzip2']) {
    const { stdout, error } = spawnSync(program, ['-c'], { input: text })
    if (error) {
      t.skip(`${program} is not installed here`)
      continue
    }
    const several = Buffer.concat([stdout, stdout])
    t.equal((await readBytes(several, 1000)).length, 20_000, `${program}, two streams in a row`)
    t.deepEqual(lettersOf((await readBytes(stdout, 1000)).slice(0, 2)), [
      ['a', 'ACGT'],
      ['b', 'AC'],
    ])
    const cut = stdout.subarray(0, stdout.length - 9)
    t.match(await messageOf(readBytes(cut, 1000)), new RegExp(`^reads: ${program} data is damaged: .+`))
    // Whoever has seen enough leaves no program behind: the test would not end.
    for await (const read of readReads(Readable.from([stdout]))) {
      t.equal(read.name, 'a')
      break
    }
  }
})

test('what is no DNA is refused by its name', async t => {
  const protein = 'MKVLAAGIVGLCAKAYNLTRELPQEIFDERVKQFWLEEALRRG'
  const alignment = 'r1\t0\tchr1\t100\t60\t4M1I3M\t*\t0\t0\tACGTACGT\tIIIIIIII\n'
  await checkDamage(t, [
    [
      `>p1\n${protein.slice(0, 20)}\n${protein.slice(20)}\n`,
      'reads line 3: looks like protein: 41.9 % of the letters stand for no nucleotide (E, F, I, J, L, O, P, Q or Z), more than 10 % is not taken for DNA (read p1)',
    ],
    [`p1\t${protein}\n`, /^reads line 1: .*\(read read1\)/],
    [
      `@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:1000\n${alignment}`,
      'reads: SAM is not supported, pipe it through samtools fastq',
    ],
    [alignment, 'reads: SAM is not supported, pipe it through samtools fastq'],
    ['LOCUS       SCU49845     5028 bp    DNA\n', 'reads: GenBank is not supported, turn it into FASTA'],
    ['<!DOCTYPE html>\n', /^reads: a web page or XML is not supported/],
  ])
  const taken = await collect(Readable.from([`>p1\n${protein}\n`]), { maxForeign: 1 })
  t.equal(taken[0].bases.length, protein.length, 'the share is an option')
  const masked = await readBytes(`>m\nACGT${'X'.repeat(40)}NNNNRYKMSWBDHV\n`)
  t.equal(masked[0].bases.length, 58, 'masked bases and ambiguity codes are DNA')
})

test('a source without reads ends with an error of its own', async t => {
  for (const empty of ['', '\n', gzipSync('')])
    await readBytes(empty).then(
      () => t.fail('must throw'),
      error => t.ok(error instanceof EmptyInputError, error.message),
    )
})
