import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { tfrecordOf } from '../../../data/formats/tfrecord.js'
import { runs } from '../../effort.js'
import { sharedPath, testShared } from '../../shared.js'
import { lettersOf, messageOf, readBytes } from '../reading.js'
import { bgzipped, fileOf, readsOfShard, readsOfShards } from './files.js'

const ends = fc.constantFrom('\n', '\r\n')
const blankLines = (end: string) => fc.array(fc.constantFrom(end, ` ${end}`), { maxLength: 2 })
const sequence = fc.string({ unit: fc.constantFrom(...'ACGTNacg-'), maxLength: 12 })
/** Names as no tool would give them: with the marks of the formats at their beginning. */
const readName = fc
  .string({ unit: fc.constantFrom(...'ab@+>#;'), minLength: 1, maxLength: 6 })
  .filter(name => name.trim() !== '')

/** Text, with or without the line end after its last line. */
const text = (body: (end: string) => fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      ends.chain(end => body(end)),
      fc.boolean(),
      fc.constantFrom('', '\ufeff'),
    )
    .map(([whole, isCut, mark]) => Buffer.from(mark + (isCut ? whole.replace(/\r?\n$/, '') : whole)))

const fasta = text(end =>
  fc
    .array(
      fc
        .tuple(readName, fc.array(sequence, { maxLength: 3 }), blankLines(end))
        .map(
          ([name, lines, blank]) =>
            `>${name} 1${end}${lines.map(line => line + end).join('')}${blank.join('')}`,
        ),
      { minLength: 1, maxLength: 8 },
    )
    .map(records => records.join('')),
)

/** Qualities that look like other lines. */
const quality = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'@+>IA'), minLength: length, maxLength: length })

const fastq = text(end =>
  fc
    .array(
      fc
        .tuple(
          readName,
          sequence.chain(letters => quality(letters.length).map(values => [letters, values])),
          fc.boolean(),
          blankLines(end),
        )
        .map(
          ([name, [letters, values], isRepeated, blank]) =>
            `@${name}${end}${letters}${end}+${isRepeated ? name : ''}${end}${values}${end}${blank.join('')}`,
        ),
      { minLength: 1, maxLength: 8 },
    )
    .map(records => records.join('')),
)

const tsv = text(end =>
  fc
    .tuple(
      fc.constantFrom('', `seq\tseq_info${end}`, `label\tseq_info\tseq${end}`),
      blankLines(end),
      fc.array(fc.tuple(sequence, readName, blankLines(end)), { minLength: 1, maxLength: 8 }),
    )
    .map(([header, before, rows]) => {
      const row = header.startsWith('label')
        ? (letters: string, name: string) => `3\t${name}\t${letters}`
        : header
          ? (letters: string, name: string) => `${letters}\t${name}`
          : (letters: string, name: string) => `${letters}\tgenus\t${name}`
      const lines = rows.map(([letters, name, blank]) => row(letters, name) + end + blank.join(''))
      return before.join('') + header + lines.join('')
    }),
)

const tfrecord = fc
  .array(fc.tuple(readName, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map(reads =>
    Buffer.concat(reads.map(([name, bases]) => tfrecordOf({ name, bases: Uint8Array.from(bases) }))),
  )

/** A file as it is, or in blocks of bgzip. */
const packed = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.constant(bytes),
    fc
      .tuple(fc.integer({ min: 20, max: 200 }), fc.constantFrom(0, 6))
      .map(([size, level]) => bgzipped(bytes, size, level)),
  )

for (const [name, format] of Object.entries({ fasta, fastq, tsv, tfrecord }))
  test(`shards of ${name} files, plain or of bgzip: every read once, in order`, async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(format.chain(packed), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        async (contents, count, chunkSize) => {
          const whole = await Promise.all(contents.map(content => readBytes(content, chunkSize)))
          const files = contents.map(content => fileOf(content, { chunkSize }))
          const reads = await readsOfShards(files, count)
          const wanted = whole.flat()
          if (JSON.stringify(lettersOf(reads)) !== JSON.stringify(lettersOf(wanted)))
            throw new Error(
              `${JSON.stringify(lettersOf(reads))} instead of ${JSON.stringify(lettersOf(wanted))}`,
            )
        },
      ),
      { numRuns: runs(40) },
    )
    t.pass('all the same')
  })

const manyReads = (count: number, length = 30): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => `>read ${i}\n${'ACGT'.repeat(length)}\n`).join(''))

test('shards read their own part of a file alone', async t => {
  const bytes = manyReads(2000)
  let bytesRead = 0
  const file = fileOf(bytes, { chunkSize: 512 })
  const counted = {
    ...file,
    async *bytes(from: number, to?: number) {
      for await (const chunk of file.bytes(from, to)) {
        bytesRead += chunk.length
        yield chunk
      }
    },
  }
  t.equal((await readsOfShards([counted], 10)).length, 2000)
  t.ok(bytesRead < bytes.length * 1.2, `${bytesRead} bytes read of ${bytes.length}`)
})

test('shards have about the same number of reads; of one long read, one shard has all', async t => {
  for (const bytes of [manyReads(7000), bgzipped(manyReads(7000), 4000)]) {
    const file = fileOf(bytes, { chunkSize: 4096 })
    for (let index = 1; index <= 7; index++) {
      const { length } = await readsOfShard([file], { index, count: 7 })
      t.ok(length > 900 && length < 1100, `${length} reads`)
    }
  }
  const long = fileOf(Buffer.from(`>a\n${'ACGT\n'.repeat(5000)}`), { chunkSize: 4096 })
  t.deepEqual(
    (await readsOfShards([long], 5)).map(({ bases }) => bases.length),
    [20_000],
  )
})

test('shards of bgzip: what unpacks to data that look like its blocks is taken for what it is', async t => {
  const inner = bgzipped(manyReads(3), 50, 0)
  const nested = fileOf(bgzipped(inner, 400, 0), { name: 'twice.gz' })
  t.match(
    await messageOf(readsOfShard([nested], { index: 1, count: 2 })),
    /^twice.gz: .*cannot be read in shards/,
  )
  // Stored as it is, the packed record stands among the qualities of reads, which may be anything.
  const quality = Buffer.from(inner.map(byte => (byte === 10 || byte === 13 ? 1 : byte)))
  const record = Buffer.concat([
    Buffer.from(`@a\n${'A'.repeat(quality.length)}\n+\n`),
    quality,
    Buffer.from('\n'),
  ])
  const fastq = bgzipped(Buffer.concat([record, record, record]), 1000, 0)
  for (const count of [2, 3, 7, 50])
    t.equal((await readsOfShards([fileOf(fastq, { chunkSize: 4096 })], count)).length, 3, `${count} shards`)
})

test('shards: a file that can only be read from its beginning is refused, or read as a whole beside others', async t => {
  const gz = fileOf(gzipSync(manyReads(10)), { name: 'reads.fa.gz' })
  const plain = fileOf(manyReads(10), { name: 'reads.fa' })
  t.match(
    await messageOf(readsOfShard([gz], { index: 1, count: 2 })),
    /^reads\.fa\.gz: is compressed so that .* cannot be read in shards; compress it with bgzip/,
  )
  t.equal((await readsOfShard([gz], { index: 1, count: 1 })).length, 10, 'one shard is the whole')
  for (const count of [2, 3, 30])
    t.equal((await readsOfShards([gz, plain, gz], count)).length, 30, `${count} shards of three files`)
})

test('shards: reads without names are refused where their numbers are not known', async t => {
  const file = fileOf(Buffer.from('>\nACGT\n>\nACGT\n>\nACGT\n'))
  t.deepEqual(lettersOf(await readsOfShard([file], { index: 1, count: 3 })), [['read1', 'ACGT']])
  t.equal(
    await messageOf(readsOfShard([file], { index: 2, count: 3 })),
    'reads (counted from byte 7) record 1: has no name; it would be called by its number in the file, which a shard does not know (give the reads names, or read the file as a whole)',
  )
})

test('shards: damage is found by the shard that it is in, and says where', async t => {
  const sound = '@a\nACGT\n+\nIIII\n'
  const file = fileOf(Buffer.from(`${sound.repeat(4)}@b\nAC\nGT\n+\nIIII\n${sound.repeat(4)}`))
  const messages = []
  for (let index = 1; index <= 3; index++)
    messages.push(await messageOf(readsOfShard([file], { index, count: 3 })))
  t.deepEqual(messages, [
    'no error',
    "reads (counted from byte 45) line 7: expected the line '+' after the sequence, which must stand on one line (read b)",
    'no error',
  ])
  const bgzip = bgzipped(manyReads(10_000), 4000, 0)
  bgzip[Math.floor(bgzip.length / 2)] ^= 255
  const damaged = fileOf(bgzip, { name: 'reads.gz', chunkSize: 4096 })
  t.match(await messageOf(readsOfShards([damaged], 4)), /^reads.gz byte \d+: bgzip data is damaged: /)
  const cut = fileOf(bgzipped(manyReads(1000), 4000).subarray(0, -100), { name: 'reads.gz', chunkSize: 4096 })
  t.match(await messageOf(readsOfShards([cut], 4)), /^reads.gz byte \d+: bgzip data is damaged: /)
})

const hasBgzip = spawnSync('bgzip', ['--version']).status === 0
test(`shards of files that bgzip wrote${hasBgzip ? '' : ' (skipped: no bgzip; apt-get install tabix)'}`, {
  skip: !hasBgzip,
}, async t => {
  const bytes = manyReads(20_000)
  const bgzip = spawnSync('bgzip', ['-c'], { input: bytes, maxBuffer: 2 ** 28 }).stdout
  const names = (await readsOfShards([fileOf(bgzip, { chunkSize: 2 ** 15 })], 7)).map(
    ({ bases }) => bases.length,
  )
  t.equal(names.length, 20_000)
})

testShared('shards of the data release: the bases of every read, in order', async t => {
  const bytes = readFileSync(sharedPath('data/bench/between_2011-2016_in_val/in_val.tfrecord'))
  const whole = lettersOf(await readBytes(bytes, 2 ** 15))
  t.deepEqual(lettersOf(await readsOfShards([fileOf(bytes, { chunkSize: 2 ** 15 })], 7)), whole)
})
