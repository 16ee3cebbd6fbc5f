import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { describeValue } from '../io/arguments.js'
import { ByteStream } from '../io/bytes.js'
import { EmptyInputError, InputError, unreadable } from '../io/inputError.js'
import { headerBytes, isRecordHeader } from '../io/records.js'
import { describeByte } from '../read.js'
import { unpackerOf } from './unpack.js'

/** Where reads come from: a path, `-` for standard input, or a stream of bytes or of text. */
export type Source = string | AsyncIterable<Uint8Array | string>

export type Format = 'fasta' | 'fastq' | 'tfrecord' | 'tsv'

/** Bytes of a source after decompression, what they are, and what to call the source in a message. */
export type OpenSource = {
  readonly name: string
  readonly bytes: ByteStream
  readonly format: Format
}

/** What a message calls a source that was given no name. */
const sourceName = (source: Source): string =>
  typeof source !== 'string' ? 'stream' : source === '-' ? 'stdin' : source

/**
 * Opens a source, unpacks it (gzip, zstd, xz, bzip2), and finds out its format.
 * @throws EmptyInputError when it is empty; InputError when there is no such file, or it is of no format that is known.
 */
export async function openSource(source: Source, name = sourceName(source)): Promise<OpenSource> {
  let bytes = new ByteStream(asBytes(await openStream(source)))
  try {
    let unpack = unpackerOf(await bytes.peek(headerBytes))
    for (let depth = 0; unpack; depth++) {
      // There is gzip data that decompresses to itself.
      if (depth === mostPacked)
        throw new InputError(`${name}: compressed data in compressed data, more than ${mostPacked} deep`)
      bytes = new ByteStream(unpack(bytes.chunks(), name))
      unpack = unpackerOf(await bytes.peek(headerBytes))
    }
    return { name, bytes, format: await detectFormat(bytes, name) }
  } catch (error) {
    await bytes.close()
    throw asInputError(error, name)
  }
}

async function openStream(source: Source): Promise<AsyncIterable<Uint8Array | string>> {
  if (typeof source !== 'string') {
    const what = 'a path, - for standard input, or a stream'
    if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source))
      throw new TypeError(`reads: got ${describeValue(source)}, give ${what}`)
    return source
  }
  if (source === '-') {
    if (process.stdin.isTTY) throw new InputError('stdin is a terminal: pipe reads into it, or name a file')
    return process.stdin
  }
  const info = await stat(source).catch(unreadable(source, 'file'))
  if (info.isDirectory()) throw new InputError(`${source}: is a directory, give a file`)
  return createReadStream(source, { highWaterMark: 1 << 17 })
}

async function* asBytes(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const chunk of chunks) yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte)

/** As often as anybody compresses a file. */
const mostPacked = 4
const byteOrderMark = [0xef, 0xbb, 0xbf]
const greaterThan = 62
const atSign = 64

/** Formats that bioinformaticians have at hand and that are better unpacked by their own tools. */
const foreignFormats = [
  { magic: [0x50, 0x4b, 0x03, 0x04], format: 'zip', unpack: 'unzip -p' },
  { magic: [0x42, 0x41, 0x4d, 0x01], format: 'BAM', unpack: 'samtools fastq' },
  { magic: [0x43, 0x52, 0x41, 0x4d], format: 'CRAM', unpack: 'samtools fastq' },
] as const

/** Text that bioinformaticians have at hand and that holds no reads, or not as this program reads them. */
const foreignText = [
  { pattern: /^@(HD|SQ|RG|PG|CO)\t/, format: 'SAM', instead: 'pipe it through samtools fastq' },
  {
    // Name, flag, reference, position, quality and CIGAR of an alignment.
    pattern: /^[^\t\n]+\t\d+\t[^\t\n]+\t\d+\t\d+\t(\*|(\d+[MIDNSHP=X])+)\t/,
    format: 'SAM',
    instead: 'pipe it through samtools fastq',
  },
  { pattern: /^##fileformat=VCF/, format: 'VCF', instead: 'give the reads themselves' },
  { pattern: /^##gff-version/, format: 'GFF', instead: 'give the FASTA file that it annotates' },
  { pattern: /^LOCUS {2,}/, format: 'GenBank', instead: 'turn it into FASTA' },
  { pattern: /^ID {3}\S+; /, format: 'EMBL', instead: 'turn it into FASTA' },
  {
    pattern: /^(<\?xml|<!doctype|<html)/i,
    format: 'a web page or XML',
    instead: 'look at it: the download may have failed',
  },
] as const

/** Takes the mark that some editors put before the first character of a text. */
export async function skipByteOrderMark(bytes: ByteStream): Promise<void> {
  if (startsWith(await bytes.peek(byteOrderMark.length), byteOrderMark))
    await bytes.take(byteOrderMark.length)
}

/** The format of a source, by its first bytes: what looks like no other format is a table. */
async function detectFormat(bytes: ByteStream, name: string): Promise<Format> {
  const head = await bytes.peek(headerBytes)
  if (head.length === 0) throw new EmptyInputError(`${name}: is empty`)
  for (const { magic, format, unpack } of foreignFormats)
    if (startsWith(head, magic))
      throw new InputError(`${name}: ${format} is not supported, pipe it through ${unpack}`)
  // Without a sound first record, only the name tells a damaged TFRecord file from junk.
  if (isRecordHeader(head) || /\.tfrecords?\b[^/]*$/.test(name)) return 'tfrecord'
  await skipByteOrderMark(bytes)
  const text = await bytes.peek(1024)
  const start = new TextDecoder('latin1').decode(text)
  for (const { pattern, format, instead } of foreignText)
    if (pattern.test(start)) throw new InputError(`${name}: ${format} is not supported, ${instead}`)
  const junk = text.subarray(0, 256).find(byte => byte < 9 || (byte > 13 && byte < 32))
  if (junk !== undefined)
    throw new InputError(
      `${name}: not FASTA, FASTQ, TSV, TFRecord or gzip of these (has ${describeByte(junk)})`,
    )
  const first = text.find(byte => byte > 32)
  return first === greaterThan ? 'fasta' : first === atSign ? 'fastq' : 'tsv'
}

/**
 * The error as an InputError where the input is at fault: damaged gzip and failing disks are bad input, too. Any other
 * error comes back as it is.
 */
export function asInputError(error: unknown, file: string, lastRead?: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof InputError || typeof code !== 'string') return error
  const after = lastRead === undefined ? 'before its first read' : `after read ${lastRead}`
  if (code === 'Z_BUF_ERROR') return new InputError(`${file}: gzip data is cut off ${after}`)
  if (code.startsWith('Z_')) return new InputError(`${file}: gzip data is damaged ${after} (${message})`)
  return /^E[A-Z]+$/.test(code) ? new InputError(`${file}: ${message} ${after}`) : error
}
