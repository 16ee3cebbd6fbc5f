/** Readers of reads: the text formats against plain parsers, TFRecord and gzip with their checksums right and wrong. */
import { gzipSync, inflateRawSync } from 'node:zlib'
import { parseReads } from '../../data/formats/index.js'
import { tfrecordOf } from '../../data/formats/tfrecord.js'
import { ByteStream } from '../../data/io/bytes.js'
import { field, printable } from '../../data/io/printable.js'
import { frameRecord, isRecordHeader, u32 } from '../../data/io/records.js'
import { decode, encode, type Read } from '../../data/read.js'
import { readReads } from '../../data/readReads.js'
import { bgzipped, fileOf, readsOfShards } from '../data/shards/files.js'
import { type Mutation, mutate } from './mutation.js'
import { type PlainRead, plainExample, plainFasta, plainFastq } from './reference.js'
import { pickOf, type Target } from './targets.js'
import { check, outcomeOf } from './verdict.js'

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

/** The most bases of a read: small, so that sequences become too long, too. */
const maxLength = 2000

/** @throws Error unless a read is one that the rest of the program can rely on. */
function checkRead({ name, bases, label, genus }: Read): void {
  check(name !== '' && printable(name) === name, `name ${JSON.stringify(name)}`)
  check(bases.length <= maxLength && bases.every(base => base <= 4), `bases ${bases}`)
  check(label === undefined || Number.isSafeInteger(label), `label ${label}`)
  check(genus === undefined || (genus !== '' && printable(genus) === genus), `genus ${JSON.stringify(genus)}`)
}

/** All reads of an input, however it is cut into chunks; undefined where it is refused. */
async function readAll(
  input: Uint8Array,
  open: (chunks: AsyncIterable<Uint8Array>) => Promise<AsyncIterable<Read>> | AsyncIterable<Read>,
): Promise<Read[] | undefined> {
  const [whole, pieces] = await Promise.all(
    [1 << 16, 1 + (input.length % 13)].map(size =>
      outcomeOf(async () => {
        const reads: Read[] = []
        for await (const read of await open(chunksOf(input, size))) reads.push(read)
        return reads
      }),
    ),
  )
  check(JSON.stringify(whole) === JSON.stringify(pieces), 'another result when the chunks are cut otherwise')
  whole?.forEach(checkRead)
  return whole
}

const parsed = (input: Uint8Array, format: 'fasta' | 'fastq' | 'tsv') =>
  readAll(input, chunks =>
    parseReads({ name: 'reads', bytes: new ByteStream(chunks), format }, { maxLength, maxForeign: 1 }),
  )

/** A text format, against a plain parser of it. */
const textTarget = (
  format: 'fasta' | 'fastq',
  samples: readonly string[],
  plain: (text: string) => PlainRead[] | undefined,
): Target => ({
  name: format,
  make: (changes, pick) => mutate(Buffer.from(pickOf(samples, pick)), changes),
  judge: async input => {
    const reads = await parsed(input, format)
    const expected = plain(Buffer.from(input).toString('latin1'))
    const tooLong = expected?.some(({ letters }) => letters.length > maxLength)
    check(
      (reads === undefined || reads.length === 0) === (expected === undefined || tooLong === true),
      'only one of two parsers takes it',
    )
    for (const [i, { name, bases }] of (reads ?? []).entries()) {
      check(
        decode(bases) === expected?.[i].letters,
        `read ${i}: ${decode(bases)}, not ${expected?.[i].letters}`,
      )
      check(name === field(expected?.[i].name ?? ''), `name ${name}`)
    }
    return reads !== undefined && reads.length > 0
  },
})

const fasta = [
  '>a genus=X label=3\nACGT\nNNacgu\n\n>b\n>c d\r\nGG\r\n',
  '>only\nACGTACGTACGT',
  `>${'n'.repeat(300)}\nA\n`,
  // Nearly too long.
  `>long\n${'ACGTN'.repeat(399)}\n`,
]
const fastq = ['@a genus=X label=3\nACGT\n+\nIIII\n@b\n\n+b\n\n@c\nNN\n+\n@@\n', '@only\r\nAC\r\n+\r\n>I\r\n']
const tsv = [
  'seq\tlabel\tseq_info\tdomain\nACGT\t3\tname\tood\nGGCC\tX\tother\tood\n',
  'ACGT\nGGTT\n',
  'sequence\nA\n',
]

const texts = [...fasta, ...fastq, ...tsv].map(text => Buffer.from(text))

const original: readonly Read[] = [
  { name: 'Bacillus|genome|12|+', bases: encode('ACGTACGTTTGA'), label: 2, genus: 'Bacillus' },
  { name: 'read2', bases: encode(''), label: -1 },
  { name: 'Yersinia|x|1|-', bases: encode('GGGGGGGG'), label: 9, genus: 'Yersinia' },
]
const records = original.map(tfrecordOf)
const originalTexts = new Set(original.map(({ bases }) => decode(bases)))

/** What is read unless it is refused must be what was written: checksums cover all of it. */
function checkOriginal(reads: readonly Read[] | undefined): boolean {
  for (const { bases } of reads ?? [])
    check(originalTexts.has(decode(bases)), `another read: ${decode(bases)}`)
  return reads !== undefined
}

const opened = (input: Uint8Array, name: string) =>
  readAll(input, chunks => readReads(chunks, { name, maxLength }))

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/** gzip data of one member with the checksum and the length that its contents have, if it has any. */
function resealGzip(gzip: Uint8Array): Uint8Array {
  try {
    const contents = inflateRawSync(gzip.subarray(10, -8))
    return Buffer.concat([gzip.subarray(0, -8), gzipSync(contents).subarray(-8)])
  } catch {
    return gzip
  }
}

/** The payloads of records with sound frames, up to the first that has none. */
function payloadsOf(bytes: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = []
  for (let at = 0; isRecordHeader(bytes.subarray(at, at + 12)); at += u32(bytes, at) + 16)
    payloads.push(bytes.subarray(at + 12, at + 12 + u32(bytes, at)))
  return payloads
}

const plainFasta2 = Buffer.concat(original.map(({ bases }, i) => Buffer.from(`>r${i}\n${decode(bases)}\n`)))

/** Shards have what the whole has, or one of them is refused with it. */
async function judgeShards(input: Uint8Array): Promise<boolean> {
  const whole = await opened(input, 'reads')
  const isNamed = !whole?.some(({ name }) => /^read\d+$/.test(name))
  const reads = await outcomeOf(() => readsOfShards([fileOf(input)], 2 + (input.length % 3), { maxLength }))
  if (whole === undefined) check(!reads?.length, 'shards take what is refused as a whole')
  // Numbers instead of names are known to the first shard alone.
  else if (isNamed || reads !== undefined)
    check(JSON.stringify(reads) === JSON.stringify(whole), 'shards give other reads')
  return whole !== undefined
}

export const readTargets: readonly Target[] = [
  textTarget('fasta', fasta, plainFasta),
  textTarget('fastq', fastq, plainFastq),
  {
    name: 'tsv',
    make: (changes, pick) => mutate(Buffer.from(pickOf(tsv, pick)), changes),
    judge: async input => (await parsed(input, 'tsv')) !== undefined,
  },
  {
    name: 'shards',
    make: (changes, pick) => {
      const bytes = mutate(pickOf(texts, pick), changes)
      return pick & 16 ? bytes : bgzipped(bytes, 10 + (pick & 63))
    },
    judge: judgeShards,
  },
  {
    name: 'any',
    make: (changes: readonly Mutation[], pick) => {
      const sample = pickOf(texts, pick)
      const wraps = [
        (bytes: Uint8Array) => bytes,
        (bytes: Uint8Array) => gzipSync(bytes),
        (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes), gzipSync(''), Buffer.alloc(3)]),
        (bytes: Uint8Array) => gzipSync(gzipSync(bytes)),
      ]
      return pickOf(wraps, pick >> 4)(mutate(sample, changes))
    },
    judge: async input => (await opened(input, 'reads')) !== undefined,
  },
  {
    name: 'tfrecord',
    make: (changes, pick) => mutate(Buffer.concat(pick % 2 ? records : records.slice(0, 1)), changes),
    judge: async input => checkOriginal(await opened(input, 'reads.tfrecord')),
  },
  {
    name: 'tfrecordSealed',
    make: (changes, pick) =>
      Buffer.concat([frameRecord(mutate(pickOf(records, pick).subarray(12, -4), changes)), records[2]]),
    judge: async input => {
      const reads = await opened(input, 'reads.tfrecord')
      if (!reads) return false
      const expected = payloadsOf(input).map(plainExample)
      check(reads.length === expected.length, `${reads.length} reads, not ${expected.length}`)
      for (const [i, { bases }] of reads.entries())
        check(decode(bases) === expected[i], `read ${i}: ${decode(bases)}, not ${expected[i]}`)
      return true
    },
  },
  {
    name: 'gzip',
    make: changes => mutate(gzipSync(plainFasta2), changes),
    // What does not begin as gzip data does is taken for text.
    judge: async input => {
      const reads = await opened(input, 'reads.gz')
      return isGzip(input) ? checkOriginal(reads) : reads !== undefined
    },
  },
  {
    name: 'gzipSealed',
    make: changes => resealGzip(mutate(gzipSync(plainFasta2), changes)),
    judge: async input => (await opened(input, 'reads.gz')) !== undefined,
  },
]
