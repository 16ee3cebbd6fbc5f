import { type Format, type OpenSource, openSource, skipByteOrderMark, tableHeader } from '../formats/index.js'
import { ByteStream } from '../io/bytes.js'
import { bgzipLayout, type Layout, later, type Position, plainLayout } from './positions.js'
import {
  fastaRecordStart,
  fastqRecordStart,
  type RecordStart,
  tfrecordStart,
  tsvBodyStart,
  tsvRecordStart,
} from './recordStart.js'
import type { SeekableFile } from './seekableFile.js'
import { packingOf, type Stretch } from './stretches.js'

const recordStarts: Readonly<Record<Format, RecordStart>> = {
  fasta: fastaRecordStart,
  fastq: fastqRecordStart,
  tfrecord: tfrecordStart,
  tsv: tsvRecordStart,
}

/** The part of a file; `hasFileEnd`: whether it goes on to the file's end. */
export type OpenStretch = OpenSource & { readonly hasFileEnd: boolean }

/**
 * Opens the part of a file that has the reads which begin in a stretch of it, unpacked: its bytes are those of a file of the
 * same format (a table has its header line before them), perhaps without any read. Beside them only the file's beginning
 * is read, and what lies between each end of the stretch and the next read.
 * @throws InputError when the file is damaged there, or of no format that is known; EmptyInputError when it is empty.
 */
export async function openStretch(file: SeekableFile, { start, end }: Stretch): Promise<OpenStretch> {
  const { format, header } = await beginningOf(file)
  const layout = (await packingOf(file)) === 'bgzip' ? bgzipLayout(file) : plainLayout(file)
  const first = await firstRecord(layout, start, format)
  const next = await firstRecord(layout, end, format)
  const records = layout.between(first, next)
  const hasFileEnd = next.offset === file.size
  if (start === 0) {
    const bytes = new ByteStream(records)
    await skipByteOrderMark(bytes)
    return { name: file.name, bytes, format, hasFileEnd }
  }
  const bytes = new ByteStream(header ? afterHeader(header, records) : records)
  return { name: `${file.name} (counted from byte ${first.offset})`, bytes, format, hasFileEnd }
}

/** The format of a file, and its header line if it is a table. */
async function beginningOf(file: SeekableFile): Promise<{ format: Format; header?: Uint8Array }> {
  const source = await openSource(file.bytes(0), file.name)
  try {
    const { format } = source
    return { format, ...(format === 'tsv' && { header: await tableHeader(source) }) }
  } finally {
    await source.bytes.close()
  }
}

/** Where the first record begins from a byte on, or after it. All shards ask for the same bytes, so they agree. */
async function firstRecord(layout: Layout, from: number, format: Format): Promise<Position> {
  if (from === 0) return { offset: 0, within: 0 }
  const position = await layout.find(from, recordStarts[format])
  // Every shard has the header line before its records.
  return format === 'tsv' ? later(position, await layout.find(0, tsvBodyStart)) : position
}

async function* afterHeader(
  header: Uint8Array,
  records: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield header
  yield newline
  yield* records
}

const newline = Uint8Array.of(10)
