import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { fastaOf } from '../../data/formats/fasta.js'
import { tfrecordOf } from '../../data/formats/tfrecord.js'
import { decode, type Read } from '../../data/read.js'
import { readReads } from '../../data/readReads.js'
import { collect, messageOf, readBytes } from './reading.js'

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
            const back = (await readBytes(bytes, chunk)).map(({ name, bases, label }) => ({
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
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (index, byte, zip) => {
        const damaged = Buffer.from(whole)
        damaged[index] = byte
        const message = await messageOf(readBytes(zip ? gzipSync(damaged) : damaged, 16))
        return !message.startsWith('not an InputError')
      }),
    )
    const zipped = gzipSync(whole)
    await fc.assert(
      fc.asyncProperty(fc.nat(zipped.length - 1), async length => {
        const message = await messageOf(readBytes(zipped.subarray(0, length), 16))
        return /^reads: (is empty$|not FASTA|gzip data is cut off)/.test(message)
      }),
    )
  }
  t.pass()
})

test('the reads before a damage are given', async t => {
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'a.fa')
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

test('records of chromosomes: whole, one after another, and no longer than the limit', async t => {
  const line = Buffer.from('ACGTTGCAAC'.repeat(5000))
  const lineFeed = Buffer.from('\n')
  const lengths = [180, 3, 350, 170]
  function* text() {
    for (const [record, lines] of lengths.entries()) {
      yield Buffer.from(`>r${record}\n`)
      for (let i = 0; i < lines; i++) yield Buffer.concat([line, lineFeed])
    }
  }
  const codes = Buffer.from(line.map(letter => 'ACGT'.indexOf(String.fromCharCode(letter))))
  let record = 0
  for await (const { bases } of readReads(Readable.from(text()))) {
    t.equal(bases.length, lengths[record] * line.length)
    const isWhole = Array.from({ length: lengths[record] }, (_, i) => i * line.length).every(start =>
      codes.equals(bases.subarray(start, start + line.length)),
    )
    t.ok(isWhole, `record ${record++}`)
  }
  t.equal(record, lengths.length)
  const limit = { name: 'reads', maxLength: 180 * line.length }
  t.equal(
    await messageOf(collect(Readable.from(text()), limit)),
    'reads line 367: sequence is longer than 9000000 bases (read r2)',
  )
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
