import { readFileSync } from 'node:fs'
import test from 'tape'
import { tfrecordOf } from '../../../data/formats/tfrecord.js'
import { maskedCrc32c } from '../../../data/io/crc32c.js'
import { decode } from '../../../data/read.js'
import { readReads } from '../../../data/readReads.js'
import { sharedPath, testShared } from '../../shared.js'
import { checkDamage, collect, lettersOf, readBytes } from '../reading.js'

/** The message that tfrecordOf writes for four bases, with other text of the same length in their place. */
function exampleOf(tokens?: string): Buffer {
  const payload = Buffer.from(tfrecordOf({ name: 'n', bases: new Uint8Array(4) }).subarray(12, -4))
  if (tokens !== undefined) payload.set(Buffer.from(tokens.padEnd(7)), payload.indexOf(48))
  return payload
}

/** A record with sound checksums around any payload. */
function recordOf(payload: Uint8Array): Buffer {
  const record = Buffer.alloc(payload.length + 16)
  record.writeBigUInt64LE(BigInt(payload.length))
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8)
  record.set(payload, 12)
  record.writeUInt32LE(maskedCrc32c(payload), payload.length + 12)
  return record
}

test('TFRecord: spaces around and between the numbers', async t => {
  t.deepEqual(lettersOf(await readBytes(recordOf(exampleOf('0 1 2 3')))), [['n', 'ACGT']])
  t.deepEqual(lettersOf(await readBytes(recordOf(exampleOf(' 1   2 ')))), [['n', 'CG']])
})

test('TFRecord: a damaged or cut record is an InputError that says where', async t => {
  const record = tfrecordOf({ name: 'n', bases: new Uint8Array(4), label: 1 })
  const size = record.length
  /** Two records, one bit of them wrong. */
  const flipped = (index: number) => {
    const copy = Buffer.concat([record, record])
    copy[index] ^= 1
    return copy
  }
  await checkDamage(t, [
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
    [
      Buffer.concat([record, record.subarray(0, 5)]),
      `reads record 2 at byte ${size}: cut off after 5 of the 12 bytes of its header`,
    ],
    [record.subarray(0, -1), `reads record 1 at byte 0: cut off after ${size - 13} of ${size - 12} bytes`],
  ])
  // Only its name tells a file whose first record is damaged from junk.
  const first = flipped(0).subarray(0, size + 5)
  await checkDamage(t, [[first, /^reads\.tfrecord record 1 at byte 0: wrong checksum/]], 'reads.tfrecord')
})

test('TFRecord: a sound record of something else is an InputError that says what', async t => {
  const without = (name: string) =>
    Buffer.from(exampleOf().toString('latin1').replace('\x01x', name), 'latin1')
  await checkDamage(t, [
    [recordOf(exampleOf('0 1 4 3')), 'reads record 1 at byte 0: base 3 is "4", not 0, 1, 2 or 3'],
    [recordOf(exampleOf('0 12  3')), 'reads record 1 at byte 0: base 2 is "12", not 0, 1, 2 or 3'],
    [recordOf(exampleOf('0 -1  3')), 'reads record 1 at byte 0: base 2 is "-1", not 0, 1, 2 or 3'],
    [
      recordOf(without('\x01w')),
      'reads record 1 at byte 0: has no feature x of type bytes, which holds the bases (features: w, y, z)',
    ],
    [recordOf(Buffer.from([0x17, 1, 2, 3])), /^reads record 1 at byte 0: not a tf.train.Example/],
    [recordOf(new Uint8Array(0)), /^reads record 1 at byte 0: has no feature x .*\(features: none\)/],
  ])
})

test('TFRecord: a message that is damaged under a sound checksum is refused', async t => {
  const location = 'reads record 1 at byte 0: '
  const sound = exampleOf()
  const entry = (name: string, feature: Uint8Array) =>
    Buffer.concat([Buffer.from([0x0a, 1]), Buffer.from(name), Buffer.from([0x12, feature.length]), feature])
  const example = (...entries: Buffer[]) => {
    const features = Buffer.concat(entries.flatMap(entry => [Buffer.from([0x0a, entry.length]), entry]))
    return Buffer.concat([Buffer.from([0x0a, features.length]), features])
  }
  const x = entry('x', Buffer.from('0a050a03302031', 'hex'))
  t.deepEqual(lettersOf(await readBytes(recordOf(example(x)))), [['read1', 'AC']])
  await checkDamage(t, [
    [
      recordOf(Buffer.concat([sound, Buffer.from([2, 0])])),
      `${location}not a tf.train.Example (a field has the number 0)`,
    ],
    [
      recordOf(Buffer.concat([sound, Buffer.from([8, 5])])),
      /not a tf.train.Example \(field 1 is a varint, wanted bytes\)/,
    ],
    [recordOf(example(entry('x', Buffer.from([0x08, 1])))), /field 1 is a varint, wanted bytes/],
    [recordOf(example(entry('x', Buffer.from('1a030a0101', 'hex')))), /has no feature x of type bytes/],
    [
      recordOf(example(entry('x', Buffer.from('0a060a01300a0131', 'hex')))),
      `${location}feature x has 2 values, wanted one`,
    ],
    [
      recordOf(example(x, entry('y', Buffer.from('1a0c0a0affffffffffffffff7f', 'hex')))),
      /not a tf.train.Example|the label is/,
    ],
  ])
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
