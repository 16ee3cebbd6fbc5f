/** Where records begin, seen from anywhere in a file. */
import { ByteStream } from '../io/bytes.js'
import { maskedCrc32c } from '../io/crc32c.js'
import { checksumBytes, headerBytes, isRecordHeader, u32 } from '../io/records.js'

/**
 * From bytes that begin anywhere in a file to the first record that begins in them, as its distance from their beginning;
 * undefined where none begins up to the end of the file. A record that begins with the first byte may be missed in text:
 * it is a record only if a line begins there, which the bytes do not tell.
 */
export type RecordStart = (bytes: AsyncIterable<Uint8Array>) => Promise<number | undefined>

/** The start of a line: its distance from the beginning of the bytes, and its first byte. */
type LineStart = { readonly distance: number; readonly first: number }

const tab = 9
const newline = 10
const greaterThan = 62
const atSign = 64
const plusSign = 43

/** The starts of all lines but the one that the bytes begin in: lines of any length are not held in memory. */
async function* lineStarts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LineStart> {
  let distance = 0
  let isStart = false
  for await (const chunk of chunks) {
    if (isStart && chunk.length > 0) yield { distance, first: chunk[0] }
    if (chunk.length > 0) isStart = false
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, end + 1))
      if (end + 1 < chunk.length) yield { distance: distance + end + 1, first: chunk[end + 1] }
      else isStart = true
    distance += chunk.length
  }
}

/** A line that begins with `>`: no other line of a FASTA file does. */
export const fastaRecordStart: RecordStart = async bytes => {
  for await (const { distance, first } of lineStarts(bytes)) if (first === greaterThan) return distance
  return undefined
}

/**
 * A line that begins with `@`, if the second line after it begins with `+`. Qualities may begin with `@`, too, but then
 * what follows are the next header, perhaps after empty lines, and its sequence; neither header nor sequence begins with
 * `+`. So there is no doubt in a file that `parseFastq` takes, and the first record of several lines is an error in
 * whichever shard it begins.
 */
export const fastqRecordStart: RecordStart = async bytes => {
  let before: (LineStart | undefined)[] = [undefined, undefined]
  for await (const line of lineStarts(bytes)) {
    const [candidate, sequence] = before
    if (candidate?.first === atSign && line.first === plusSign) return candidate.distance
    before = [sequence, line]
  }
  return undefined
}

/** Any line. */
export const tsvRecordStart: RecordStart = async bytes => {
  for await (const { distance } of lineStarts(bytes)) return distance
  return undefined
}

/**
 * From the beginning of a table to the line after the first one that is not empty, which may be the header; undefined if
 * there is none.
 */
export const tsvBodyStart: RecordStart = async chunks => {
  let distance = 0
  let isEmpty = true
  for await (const chunk of chunks) {
    for (const [i, byte] of chunk.entries())
      if (byte === newline && !isEmpty) return distance + i + 1
      else if (byte === tab || (byte > 32 && byte < 127)) isEmpty = false
    distance += chunk.length
  }
  return undefined
}

/** A record longer than this is not looked for: what looks like a header is none. In bytes. */
const mostRecordBytes = 2 ** 30

/** A length with its checksum, the payload with its checksum, and after it another length or the end. */
export const tfrecordStart: RecordStart = async bytes => {
  const stream = new ByteStream(bytes)
  try {
    for (;;) {
      const window = await stream.peek(2 ** 14)
      for (let i = 0; i + headerBytes <= window.length; i++)
        if (isRecordHeader(window.subarray(i)) && (await isRecord(stream, i))) return stream.offset + i
      if (window.length < headerBytes) return undefined
      await stream.take(window.length - headerBytes + 1)
    }
  } finally {
    await stream.close()
  }
}

/** Whether the record whose header stands `distance` bytes ahead is sound and followed by another one or the end. */
async function isRecord(stream: ByteStream, distance: number): Promise<boolean> {
  const header = (await stream.peek(distance + headerBytes)).subarray(distance)
  const length = u32(header, 0) + u32(header, 4) * 2 ** 32
  if (length > mostRecordBytes) return false
  const end = headerBytes + length + checksumBytes
  const record = (await stream.peek(distance + end + headerBytes)).subarray(distance)
  if (record.length < end) return false
  const next = record.subarray(end)
  const payload = record.subarray(headerBytes, headerBytes + length)
  return (
    (next.length === 0 || isRecordHeader(next)) && maskedCrc32c(payload) === u32(record, headerBytes + length)
  )
}
