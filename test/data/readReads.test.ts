import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { fastaOf } from '../../data/formats/fasta.js'
import type { Source } from '../../data/formats/source.js'
import { tfrecordOf } from '../../data/formats/tfrecord.js'
import { InputError } from '../../data/io/inputError.js'
import { decode, type Read } from '../../data/read.js'
import { type ReadOptions, readReads } from '../../data/readReads.js'
import { writeReads } from '../../data/writeReads.js'
import { sharedPath, testShared } from '../shared.js'

async function collect(source: Source, options?: ReadOptions): Promise<Read[]> {
  const reads: Read[] = []
  for await (const read of readReads(source, options)) reads.push(read)
  return reads
}

/** Reads of bytes as a stream of chunks of the given size. */
const fromBytes = (bytes: Uint8Array | string, chunk = 7, name = 'reads'): Promise<Read[]> => {
  const all = Buffer.from(bytes)
  const chunks = function* () {
    for (let i = 0; i < all.length; i += chunk) yield all.subarray(i, i + chunk)
  }
  return collect(Readable.from(chunks()), { name })
}

const short = (reads: Read[]): [string, string][] => reads.map(read => [read.name, decode(read.bases)])

async function messageOf(reads: Promise<Read[]>): Promise<string> {
  try {
    return `no error, ${(await reads).length} reads`
  } catch (error) {
    return error instanceof InputError ? error.message : `not an InputError: ${error}`
  }
}

const read: fc.Arbitrary<Read> = fc.record(
  {
    name: fc.stringMatching(/^[!-~]{1,12}$/),
    bases: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }).map(codes => Uint8Array.from(codes)),
    label: fc.integer({ min: -1, max: 1000 }),
  },
  { requiredKeys: ['name', 'bases', 'label'] },
)

const asText = {
  fasta: (reads: Read[]) => reads.map(fastaOf).join(''),
  'fasta in short lines with CRLF': (reads: Read[]) =>
    reads
      .map(r => `>${r.name} label=${r.label}\r\n${decode(r.bases).replace(/.{1,7}/g, '$&\r\n')}\r\n`)
      .join(''),
  fastq: (reads: Read[]) =>
    reads
      .map(r => `@${r.name} label=${r.label}\n${decode(r.bases)}\n+\n${'@'.repeat(r.bases.length)}\n`)
      .join(''),
  tsv: (reads: Read[]) =>
    `seq\tlabel\tseq_info\tdomain\n${reads.map(r => `${decode(r.bases)}\t${r.label}\t${r.name}\tin\n`).join('')}`,
  tfrecord: (reads: Read[]) => Buffer.concat(reads.map(tfrecordOf)),
}

for (const [format, write] of Object.entries(asText))
  test(`${format}: any reads, in chunks of any size, plain or in any number of gzip members`, async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(read, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
        async (reads, chunk, cuts) => {
          const plain = Buffer.from(write(reads))
          const bounds = [
            0,
            ...cuts.map(cut => Math.round(cut * plain.length)).sort((a, b) => a - b),
            plain.length,
          ]
          const members = bounds.slice(1).map((end, i) => gzipSync(plain.subarray(bounds[i], end)))
          for (const bytes of [plain, Buffer.concat(members)]) {
            const back = (await fromBytes(bytes, chunk)).map(({ name, bases, label }) => ({
              name,
              bases,
              label,
            }))
            if (JSON.stringify(back) !== JSON.stringify(reads)) return false
          }
          return true
        },
      ),
      { numRuns: 60 },
    )
    t.pass()
  })

test('letters: lower case, U, ambiguity codes and gaps', async t => {
  t.deepEqual(short(await fromBytes('>a\nacguTNryK-.*\n')), [['a', 'ACGTTNNNNNNN']])
})

test('FASTA: names, blank lines, empty records, byte order mark', async t => {
  const text = '\uFEFF\n> sequence0 and more\nAC\n\nGT  \n>\nA\n>empty\n>last genus=Vibrio label=3\nTT'
  const reads = await fromBytes(text)
  t.deepEqual(short(reads), [
    ['sequence0', 'ACGT'],
    ['read2', 'A'],
    ['empty', ''],
    ['last', 'TT'],
  ])
  t.equal(reads[3].genus, 'Vibrio')
  t.equal(reads[3].label, 3)
  t.notOk('genus' in reads[0])
})

test('FASTQ: empty reads, repeated name after +, blank line at the end', async t => {
  t.deepEqual(short(await fromBytes('@a x\nAC\n+a x\n!!\n@b\n\n+\n\n@c\r\nG\r\n+\r\n@\r\n\r\n')), [
    ['a', 'AC'],
    ['b', ''],
    ['c', 'G'],
  ])
})

test('TSV: the TFDS header in any order, no header, a list of sequences', async t => {
  const [first] = await fromBytes('label\tdomain\tsequence\tseq_info\nBacillus\tin\tACGT\tGCF_1 at 7\n')
  t.deepEqual(
    { ...first, bases: decode(first.bases) },
    { name: 'GCF_1 at 7', bases: 'ACGT', genus: 'Bacillus' },
  )
  t.deepEqual(short(await fromBytes('ACGT\tBacillus\tx1\tin\r\n\r\nTT\t3\tx2\tin')), [
    ['x1', 'ACGT'],
    ['x2', 'TT'],
  ])
  t.deepEqual(short(await fromBytes('acgt\nTT\n')), [
    ['read1', 'ACGT'],
    ['read2', 'TT'],
  ])
})

const example = (tokens: string | undefined) => {
  // What tfrecordOf writes for four bases, with other text of the same length in their place.
  const record = tfrecordOf({ name: 'n', bases: new Uint8Array(4) })
  const payload = record.subarray(12, -4)
  if (tokens !== undefined) payload.set(Buffer.from(tokens.padEnd(7)), payload.indexOf(48))
  return payload
}

async function frame(payload: Uint8Array): Promise<Uint8Array> {
  const { maskedCrc32c } = await import('../../data/io/crc32c.js')
  const record = Buffer.alloc(payload.length + 16)
  record.writeBigUInt64LE(BigInt(payload.length))
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8)
  record.set(payload, 12)
  record.writeUInt32LE(maskedCrc32c(payload), payload.length + 12)
  return record
}

test('TFRecord: spaces around and between the numbers', async t => {
  t.deepEqual(short(await fromBytes(await frame(example('0 1 2 3')))), [['n', 'ACGT']])
  t.deepEqual(short(await fromBytes(await frame(example(' 1   2 ')))), [['n', 'CG']])
})

test('every damage is an InputError that says where', async t => {
  const fastq = '@SRR1.77\nACGTACGT\n+\nIIIIIII\n'
  const record = tfrecordOf({ name: 'n', bases: new Uint8Array(4), label: 1 })
  const size = record.length
  const flipped = (at: number) => {
    const copy = Buffer.concat([record, record])
    copy[at] ^= 1
    return copy
  }
  const gz = gzipSync(Buffer.from('>a\nACGT\n>b\nAC\n'.repeat(500)))
  const without = (name: string) =>
    Buffer.from(Buffer.from(example(undefined)).toString('latin1').replace('\x01x', name), 'latin1')
  const cases: [Uint8Array | string, string | RegExp][] = [
    ['', 'reads: is empty'],
    ['\n \r\n', 'reads: has no reads'],
    [gzipSync(''), 'reads: is empty'],
    ['hello, world\n', /^reads line 1: ',' in the sequence, column 6 \(read read1\); not FASTA/],
    ['ACGT\nAC!T\n', "reads line 2: '!' in the sequence, column 3 (read read2)"],
    ['label\tseq\nx\n', 'reads line 2: the column with the sequence is missing (read read1)'],
    ['\x89PNG\r\n\x1a\n', 'reads: not FASTA, FASTQ, TSV, TFRecord or gzip of these (has byte 0x1a)'],
    [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), 'reads: zstd is not supported, pipe it through zstd -dc'],
    [gzipSync('BAM\x01....'), 'reads: BAM is not supported, pipe it through samtools fastq'],
    [' ACGT\n>a\nAC\n', /^reads line 1: byte 0x20 in the sequence/],
    ['>a\nACGT\nAC GT\n', 'reads line 3: byte 0x20 in the sequence, column 3 (read a)'],
    ['>a\nAC\xffGT\n', /^reads line 2: byte 0xc3 in the sequence, column 3 \(read a\)$/],
    ['>a\n@b\n', "reads line 2: '@' in the sequence, column 1 (read a)"],
    [fastq, 'reads line 4: quality has 7 characters, sequence 8 (read SRR1.77)'],
    [
      '@a\nAC\nGT\n+\nIIII\n',
      "reads line 3: expected the line '+' after the sequence, which must stand on one line (read a)",
    ],
    ['@a\nAC\n+\nII\nACGT\n', /^reads line 5: expected '@' and a name, got 'A'; the record before is a/],
    ['@a\nA?\n+\nII\n', "reads line 2: '?' in the sequence, column 2 (read a)"],
    ['@a\n', "reads line 2: file ends where the record's sequence is expected (read a)"],
    ['@a\nAC\n', "reads line 3: file ends where the record's plus is expected (read a)"],
    ['@a\nAC\n+\n', "reads line 4: file ends where the record's quality is expected (read a)"],
    [gz.subarray(0, -9), /^reads: gzip data is cut off /],
    [gz.subarray(0, 15), 'reads: gzip data is cut off before its first read'],
    [Buffer.concat([gz.subarray(0, 40), Buffer.alloc(9), gz.subarray(40)]), /^reads: gzip data is damaged /],
    [
      flipped(size),
      `reads record 2 at byte ${size}: wrong checksum of the record's length; the file is damaged or not a TFRecord`,
    ],
    [flipped(size + 9), /^reads record 2 at byte \d+: wrong checksum of the record's length/],
    [
      flipped(size + 20),
      `reads record 2 at byte ${size}: wrong checksum of the record's ${size - 16} bytes; the file is damaged`,
    ],
    [flipped(2 * size - 1), /^reads record 2 at byte \d+: wrong checksum of the record's \d+ bytes/],
    [flipped(0).subarray(0, size + 5), `reads record 1 at byte 0: wrong checksum`],
    [
      Buffer.concat([record, record.subarray(0, 5)]),
      `reads record 2 at byte ${size}: cut off after 5 of the 12 bytes of its header`,
    ],
    [record.subarray(0, -1), `reads record 1 at byte 0: cut off after ${size - 13} of ${size - 12} bytes`],
    [await frame(example('0 1 4 3')), 'reads record 1 at byte 0: base 3 is "4", not 0, 1, 2 or 3'],
    [await frame(example('0 12  3')), 'reads record 1 at byte 0: base 2 is "12", not 0, 1, 2 or 3'],
    [await frame(example('0 -1  3')), 'reads record 1 at byte 0: base 2 is "-1", not 0, 1, 2 or 3'],
    [
      await frame(without('\x01w')),
      'reads record 1 at byte 0: has no feature x of type bytes, which holds the bases (features: w, y, z)',
    ],
    [await frame(Buffer.from([0x17, 1, 2, 3])), /^reads record 1 at byte 0: not a tf.train.Example/],
    [await frame(new Uint8Array(0)), /^reads record 1 at byte 0: has no feature x .*\(features: none\)/],
  ]
  for (const [bytes, expected] of cases)
    for (const chunk of [1, 1 << 16]) {
      // Only its name tells a file whose first record is damaged from junk.
      const name =
        typeof expected === 'string' && /wrong checksum$/.test(expected) ? 'reads.tfrecord' : 'reads'
      const message = await messageOf(fromBytes(bytes, chunk, name))
      if (typeof expected === 'string' && name === 'reads') t.equal(message, expected)
      else if (typeof expected === 'string')
        t.ok(message.startsWith('reads.tfrecord record 1 at byte 0: wrong checksum'))
      else t.ok(expected.test(message), message)
    }
})

test('damage in one place: the reads before it are sound, or all, or an InputError', async t => {
  const reads: Read[] = Array.from({ length: 4 }, (_, i) => ({
    name: `r${i}`,
    bases: Uint8Array.of(0, 1, 2, 3, i),
    label: i,
  }))
  for (const [format, write] of Object.entries(asText)) {
    if (format.startsWith('fasta in')) continue
    const whole = Buffer.from(write(reads.map(r => ({ ...r, bases: r.bases.slice(0, 4) }))))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, zip) => {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        const message = await messageOf(fromBytes(zip ? gzipSync(damaged) : damaged, 16))
        return !message.startsWith('not an InputError')
      }),
    )
    const zipped = gzipSync(whole)
    await fc.assert(
      fc.asyncProperty(fc.nat(zipped.length - 1), async length => {
        const message = await messageOf(fromBytes(zipped.subarray(0, length), 16))
        return /^reads: (is empty$|not FASTA|gzip data is cut off)/.test(message)
      }),
    )
  }
  t.pass()
})

test('files: missing, a directory, an error after good reads', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  t.equal(await messageOf(collect(join(folder, 'no.fa'))), `${join(folder, 'no.fa')}: no such file`)
  t.equal(await messageOf(collect(folder)), `${folder}: is a directory, give a file`)
  const path = join(folder, 'a.fa')
  writeFileSync(path, '>a\nAC\n>b\nA?\n')
  const names: string[] = []
  try {
    for await (const read of readReads(path)) names.push(read.name)
    t.fail('must throw')
  } catch (error) {
    t.equal((error as Error).message, `${path} line 4: '?' in the sequence, column 2 (read b)`)
  }
  t.deepEqual(names, ['a'])
})

test('a read longer than the limit is an error before it is in memory', async t => {
  const long = 'ACGT'.repeat(100)
  const limit = { name: 'reads', maxLength: 100 }
  const message = (text: string) => messageOf(collect(Readable.from([Buffer.from(text)]), limit))
  t.equal(await message(`>a\n${long}\n`), 'reads line 2: sequence is longer than 100 bases (read a)')
  t.equal(
    await message(`>a\n${'ACGT\n'.repeat(26)}`),
    'reads line 27: sequence is longer than 100 bases (read a)',
  )
  t.equal(await message(`@a\n${long}\n`), 'reads line 2: sequence is longer than 100 bases (read a)')
  t.equal(await message(`${long}\n`), 'reads line 1: sequence is longer than 100 bases (read read1)')
  let chunks = 0
  const endless = function* () {
    for (;;) {
      chunks++
      yield Buffer.alloc(1 << 16, 'A')
    }
  }
  t.equal(
    await messageOf(collect(Readable.from(endless()), limit)),
    'reads line 1: longer than 65636 characters',
  )
  t.ok(chunks < 40, `${chunks} chunks of an endless line were taken`)
})

test('a long pipe: memory is bounded, and the source is not read ahead', async t => {
  const record = `@r\n${'ACGT'.repeat(62)}AC\n+\n${'I'.repeat(250)}\n`
  const block = Buffer.from(record.repeat(1000))
  const blocks = 120
  const member = gzipSync(block)
  let given = 0
  const source = function* () {
    for (; given < blocks; given++) yield member
  }
  let count = 0
  let ahead = 0
  let heap = 0
  const start = process.memoryUsage().arrayBuffers
  for await (const { bases } of readReads(Readable.from(source()))) {
    count += bases.length === 250 ? 1 : 0
    if (count % 1000 === 0) {
      ahead = Math.max(ahead, given - count / 1000)
      heap = Math.max(heap, process.memoryUsage().arrayBuffers - start)
    }
  }
  t.equal(count, blocks * 1000, `${Math.round((blocks * block.length) / 1e6)} MB`)
  t.ok(ahead < 60, `at most ${ahead} blocks of ${blocks} were read ahead`)
  t.ok(heap < 48e6, `at most ${Math.round(heap / 1e6)} MB were held`)
})

test('leaving the loop closes the source', async t => {
  const source = Readable.from(
    (function* () {
      for (;;) yield '>a\nACGT\n'
    })(),
  )
  for await (const _ of readReads(source)) break
  t.ok(source.destroyed)
})

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

testShared("the reference's TFRecord files hold the reads of its FASTA files", async t => {
  const folder = sharedPath('data/tf1-oracle/')
  for (const [records, fasta, length] of [
    ['in_tr_class_0.tfrecord', 'in_tr_class0.fa', 250],
    ['test_len250.tfrecord', 'test_data.fa', 125],
  ] as const) {
    const a = (await collect(folder + records)).map(read => decode(read.bases))
    const b = (await collect(folder + fasta)).map(read => decode(read.bases).slice(0, length))
    t.ok(a.length >= 200 && a[0].length === length, `${records}: ${a.length} reads`)
    t.deepEqual(a, b)
  }
})

testShared('records are written as the reference writes them, byte for byte', async t => {
  const file = sharedPath('data/bench/between_2011-2016_in_val/in_val.tfrecord')
  const written: Uint8Array[] = []
  for await (const read of readReads(file)) if (written.push(tfrecordOf(read)) === 100) break
  const ours = Buffer.concat(written)
  t.ok(readFileSync(file).subarray(0, ours.length).equals(ours))
})
