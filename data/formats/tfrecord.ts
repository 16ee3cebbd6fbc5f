/**
 * TFRecord files of tf.train.Example, as the reference's data release has them: `x` is bytes, the bases as numbers
 * with spaces between ("0 3 1 2 "), `y` an int64 label, `z` bytes that say where the read is from
 * ("Genus|genome|position|strand"). `io/records` has the frames of such files.
 */
import type { ByteStream } from '../io/bytes.js'
import { maskedCrc32c } from '../io/crc32c.js'
import { InputError } from '../io/inputError.js'
import { field } from '../io/printable.js'
import { checksumBytes, frameRecord, headerBytes, isRecordHeader, u32 } from '../io/records.js'
import { type Read, unknown } from '../read.js'
import { decodeExample, encodeExample, type Feature, type Values } from './example.js'
import type { RecordOptions } from './textSource.js'

/**
 * Reads of a TFRecord file.
 *
 * @param file what messages call it
 * @param maxLength the longest read that is taken, in bases
 * @param unnamed what the record of this number is called if it does not say it
 * @throws InputError when the file is damaged; it names file, record (from 1) and byte offset.
 */
export async function* parseTfrecord(
  bytes: ByteStream,
  file: string,
  maxLength: number,
  unnamed: RecordOptions['unnamed'],
): AsyncGenerator<Read> {
  for (let number = 1; ; number++) {
    const location = `${file} record ${number} at byte ${bytes.offset}`
    const header = await bytes.take(headerBytes)
    if (header.length === 0) return
    if (header.length < headerBytes)
      throw new InputError(
        `${location}: cut off after ${header.length} of the ${headerBytes} bytes of its header`,
      )
    if (!isRecordHeader(header))
      throw new InputError(
        `${location}: wrong checksum of the record's length; the file is damaged or not a TFRecord`,
      )
    const length = u32(header, 0) + u32(header, 4) * 2 ** 32
    // Two characters a base, and what stands around them.
    if (length > 2 * maxLength + 2 ** 20)
      throw new InputError(`${location}: has ${length} bytes, more than a read of ${maxLength} bases takes`)
    const body = await bytes.take(length + checksumBytes)
    if (body.length < length + checksumBytes)
      throw new InputError(`${location}: cut off after ${body.length} of ${length + checksumBytes} bytes`)
    const payload = body.subarray(0, length)
    if (maskedCrc32c(payload) !== u32(body, length))
      throw new InputError(`${location}: wrong checksum of the record's ${length} bytes; the file is damaged`)
    yield readOf(featuresOf(payload, location), () => unnamed(number), location)
  }
}

function featuresOf(payload: Uint8Array, location: string): Map<string, Values> {
  try {
    return decodeExample(payload)
  } catch (error) {
    throw new InputError(`${location}: not a tf.train.Example (${(error as Error).message})`)
  }
}

function readOf(features: Map<string, Values>, unnamed: () => string, location: string): Read {
  const text = onlyValue('x', features.get('x')?.bytes, location)
  if (text === undefined) {
    const names = [...features.keys()].sort().join(', ') || 'none'
    throw new InputError(
      `${location}: has no feature x of type bytes, which holds the bases (features: ${names})`,
    )
  }
  const origin = onlyValue('z', features.get('z')?.bytes, location)
  const name = (origin && field(new TextDecoder().decode(origin).trim())) || unnamed()
  const label = onlyValue('y', features.get('y')?.int64, location)
  if (label !== undefined && !Number.isSafeInteger(label))
    throw new InputError(`${location}: the label is ${label}, wanted a whole number below 2^53`)
  const bar = name.indexOf('|')
  return {
    name,
    bases: parseTokens(text, location),
    ...(label !== undefined && { label }),
    ...(bar > 0 && { genus: name.slice(0, bar) }),
  }
}

/** The value of a feature of one value, undefined where there is none. @throws InputError where there are several. */
function onlyValue<T>(name: string, values: readonly T[] = [], location: string): T | undefined {
  if (values.length > 1)
    throw new InputError(`${location}: feature ${name} has ${values.length} values, wanted one`)
  return values[0]
}

const space = 32
const zero = 48

/** The numbers in "0 1 2 3 "; any number of spaces between and around them, as TensorFlow's string_split has it. */
function parseTokens(text: Uint8Array, location: string): Uint8Array {
  const bases = new Uint8Array((text.length + 1) >> 1)
  let count = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === space) continue
    const code = text[i] - zero
    const isLast = i + 1 === text.length || text[i + 1] === space
    if (code < 0 || code > 3 || !isLast) {
      const end = text.indexOf(space, i)
      const token = new TextDecoder('latin1').decode(
        text.subarray(i, Math.min(end < 0 ? text.length : end, i + 20)),
      )
      throw new InputError(`${location}: base ${count + 1} is ${JSON.stringify(token)}, not 0, 1, 2 or 3`)
    }
    bases[count++] = code
  }
  return bases.subarray(0, count)
}

/**
 * One read as the bytes of one record, `y` -1 if it has no label, `z` its name.
 * @throws RangeError when it has an unknown base, which the format cannot say.
 */
export function tfrecordOf(read: Read): Uint8Array {
  if (read.bases.includes(unknown))
    throw new RangeError(
      `read ${read.name} has a base outside ACGT, which a TFRecord of this format cannot hold`,
    )
  const encoder = new TextEncoder()
  const payload = encodeExample(
    new Map<string, Feature>([
      ['x', { bytes: encoder.encode(read.bases.join(' ')) }],
      ['y', { int64: read.label ?? -1 }],
      ['z', { bytes: encoder.encode(read.name) }],
    ]),
  )
  return frameRecord(payload)
}
