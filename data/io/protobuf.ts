/**
 * Messages of protocol buffers, read strictly (https://protobuf.dev/programming-guides/encoding). The library's own reader
 * takes what damage leaves for granted: numbers of fields, their wire types, lengths that leave the message.
 */
import type { PbfReader } from 'pbf'

/** What takes the value of a field, by the wire types that the field may have. Nothing but these may stand there. */
export type FieldReader<Message> = {
  /** A number; an int64, so above 2^63 it is negative. */
  readonly varint?: (message: Message, value: number) => void
  readonly fixed32?: (message: Message, value: number) => void
  /** Bytes of the reader from where it is up to `end`: a text, bytes, a message, packed numbers. */
  readonly bytes?: (message: Message, pbf: PbfReader, end: number) => void
}

/** The fields of a message that matter, by their numbers; others are skipped, as newer writers may add some. */
export type FieldReaders<Message> = Readonly<Record<number, FieldReader<Message>>>

/**
 * A number of one to ten bytes, an int64: above 2^63 it is negative, beyond 2^53 rounded.
 * @throws Error when the bytes end before it does.
 */
export function readVarint(pbf: PbfReader): number {
  const start = pbf.pos
  let end = start
  while (end < pbf.length && pbf.buf[end] > 127) end++
  if (end >= pbf.length || end - start >= 10) throw new Error('a number does not end')
  return pbf.readVarint(true)
}

const wireNames = ['varint', 'fixed64', 'bytes', 'start of a group', 'end of a group', 'fixed32'] as const

/**
 * Reads the message that ends at `end` (by default where the reader's bytes do) into `message`, which is returned.
 * @throws Error that names the field, for bytes that are no message: a field 0, a wire type that does not exist or that
 * the field cannot have, a value that leaves the message.
 */
export function readMessage<Message>(
  pbf: PbfReader,
  fields: FieldReaders<Message>,
  message: Message,
  end = pbf.length,
): Message {
  while (pbf.pos < end) {
    const tag = readVarint(pbf)
    const number = Math.floor(tag / 8)
    const wire = wireNames[tag % 8]
    if (number < 1 || number >= 2 ** 29) throw new Error(`a field has the number ${number}`)
    readValue(pbf, wire, number, fields[number], message, end)
  }
  if (pbf.pos !== end) throw new Error('a field begins at the end of its message')
  return message
}

function readValue<Message>(
  pbf: PbfReader,
  wire: (typeof wireNames)[number] | undefined,
  number: number,
  field: FieldReader<Message> | undefined,
  message: Message,
  end: number,
): void {
  const refuse = () => {
    if (field) throw new Error(`field ${number} is a ${wire}, wanted ${Object.keys(field).join(' or ')}`)
  }
  switch (wire) {
    case 'varint': {
      const value = readVarint(pbf)
      if (field?.varint) field.varint(message, value)
      else refuse()
      break
    }
    case 'bytes': {
      const length = readVarint(pbf)
      const valueEnd = pbf.pos + length
      if (!(length >= 0 && valueEnd <= end))
        throw new Error(`field ${number} of ${length} bytes leaves its message`)
      if (field?.bytes) field.bytes(message, pbf, valueEnd)
      else refuse()
      if (pbf.pos > valueEnd) throw new Error(`a value in field ${number} leaves it`)
      pbf.pos = valueEnd
      break
    }
    case 'fixed32':
    case 'fixed64':
      if (pbf.pos + (wire === 'fixed32' ? 4 : 8) > end) throw new Error(`field ${number} leaves its message`)
      if (wire === 'fixed32' && field?.fixed32) field.fixed32(message, pbf.readFixed32())
      else {
        refuse()
        pbf.pos += wire === 'fixed32' ? 4 : 8
      }
      break
    default:
      throw new Error(`field ${number} has a wire type that these messages do not have`)
  }
  if (pbf.pos > end) throw new Error(`field ${number} leaves its message`)
}
