import { PbfReader, PbfWriter } from 'pbf'
import test from 'tape'
import { type FieldReaders, readMessage } from '../../../data/io/protobuf.js'

type Message = { number?: number; fixed?: number; text?: string; inner?: Message }

const fields: FieldReaders<Message> = {
  1: {
    varint: (message, number) => {
      message.number = number
    },
  },
  2: {
    bytes: (message, pbf, end) => {
      message.text = Buffer.from(pbf.buf.subarray(pbf.pos, end)).toString()
    },
  },
  3: {
    bytes: (message, pbf, end) => {
      message.inner = readMessage(pbf, fields, {}, end)
    },
  },
  4: {
    fixed32: (message, fixed) => {
      message.fixed = fixed
    },
  },
}

const read = (bytes: Iterable<number>): Message =>
  readMessage<Message>(new PbfReader(Uint8Array.from(bytes)), fields, {})

test('readMessage: reads what is written, and skips what it does not know', t => {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, -3)
  pbf.writeStringField(2, 'ACGT')
  pbf.writeMessage(3, (_: number, inner) => inner.writeVarintField(1, 2 ** 40), 0)
  pbf.writeFixed32Field(4, 7)
  pbf.writeDoubleField(9, 1)
  pbf.writeStringField(2000, 'new')
  t.deepEqual(read(pbf.finish()), { number: -3, text: 'ACGT', inner: { number: 2 ** 40 }, fixed: 7 })
  t.deepEqual(read([]), {})
  t.end()
})

test('readMessage: whatever is no message is refused', t => {
  const endless = Array(11).fill(0x80)
  const cases: [string, number[], RegExp][] = [
    ['field 0', [0x02, 0], /a field has the number 0/],
    ['a number where bytes are wanted', [0x10, 5], /field 2 is a varint, wanted bytes/],
    ['bytes where a number is wanted', [0x0a, 1, 5], /field 1 is a bytes, wanted varint/],
    ['fixed64 where fixed32 is wanted', [0x21, ...Array(8).fill(0)], /field 4 is a fixed64, wanted fixed32/],
    ['groups', [0x0b], /field 1 has a wire type/],
    ['no such wire type', [0x0f], /field 1 has a wire type/],
    ['bytes beyond the end', [0x12, 9, 1], /field 2 of 9 bytes leaves its message/],
    ['an inner message beyond its own end', [0x1a, 2, 0x12, 5, 0, 0, 0, 0, 0], /leaves its message/],
    ['a number cut off', [0x08, 0x80], /a number does not end/],
    ['an endless number', [0x08, ...endless], /a number does not end/],
    ['an endless tag', endless, /a number does not end/],
    ['a fixed number cut off', [0x25, 0, 0], /field 4 leaves its message/],
    ['an unknown field cut off', [0x49, 0], /field 9 leaves its message/],
    ['a tag beyond 32 bits', [0x88, 0x80, 0x80, 0x80, 0x80, 0x01, 0], /a field has the number/],
    ['a number that leaves an inner message', [0x1a, 2, 0x08, 0x80, 0x01], /leaves/],
  ]
  for (const [name, bytes, message] of cases) t.throws(() => read(bytes), message, name)
  t.end()
})
