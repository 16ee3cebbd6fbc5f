/**
 * The sorted string table of LevelDB, in which TensorFlow keeps the index of a V2 checkpoint
 * (https://github.com/google/leveldb/blob/main/doc/table_format.md; tensorflow/core/lib/io/table_builder.cc).
 *
 * A table is data blocks, an (empty) meta-index block, an index block (the key and the place of every data block), and a
 * 48-byte footer that says where the last two are. A block is entries, then the offsets of its restarts (entries whose
 * key is stored whole) and their number, u32 each. An entry is three varints, the key's tail and the value: how many
 * bytes the key shares with the key before, how many its tail has, and how many the value has. Behind each block come one
 * byte that names its compression and the masked CRC32C of the block and that byte.
 */
import { PbfReader, PbfWriter } from 'pbf'
import { maskedCrc32c, readVarint } from '../../data/index.js'
import { CheckpointError } from './tensors.js'

/** Key and value, in the order of the keys' bytes. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array]

/** Where a block is in the file, in bytes, without its trailer. */
type BlockHandle = {
  offset: number
  size: number
}

const footerBytes = 48
const trailerBytes = 5
const magic = 0xdb4775248b80fb57n
const restartInterval = 16

/** TensorFlow's block size: one block holds the index of a few thousand variables. */
const defaultBlockBytes = 262144

/**
 * All entries of a table.
 * @throws CheckpointError (naming `file`) for a foreign file, a block that lies outside it, fails its checksum, is
 * compressed or malformed, and for keys out of order.
 */
export function decodeTable(table: Uint8Array, file: string): TableEntry[] {
  const entries: TableEntry[] = []
  for (const [separator, handle] of decodeBlock(table, readFooter(table, file), file)) {
    for (const entry of decodeBlock(table, readHandle(new PbfReader(handle)), file)) {
      checkOrder(entries.at(-1)?.[0], entry[0], file)
      entries.push(entry)
    }
    // An index key may be anything from its block's last key on.
    const last = entries.at(-1)?.[0]
    if (last && Buffer.compare(last, separator) > 0) throw outOfOrder(last, file)
  }
  return entries
}

function checkOrder(before: Uint8Array | undefined, key: Uint8Array, file: string): void {
  if (before && Buffer.compare(before, key) >= 0) throw outOfOrder(key, file)
}

const outOfOrder = (key: Uint8Array, file: string) =>
  new CheckpointError(file, `key ${Buffer.from(key)} is out of order (damaged index)`)

/** The bytes of a table of `entries`, which must be sorted by their keys' bytes, each key once. */
export function encodeTable(entries: readonly TableEntry[], blockBytes = defaultBlockBytes): Uint8Array {
  const out = new PbfWriter()
  const index: TableEntry[] = []
  let block: TableEntry[] = []
  let size = 0
  entries.forEach((entry, i) => {
    block.push(entry)
    size += entry[0].length + entry[1].length
    const last = i === entries.length - 1
    if (size < blockBytes && !last) return
    // An index key may be anything from the block's last key up to the first key of the next block.
    index.push([
      last ? shortSuccessor(entry[0]) : entry[0],
      encodeHandle(writeBlock(out, block, restartInterval)),
    ])
    block = []
    size = 0
  })
  const metaIndexHandle = encodeHandle(writeBlock(out, [], restartInterval))
  const indexHandle = encodeHandle(writeBlock(out, index, 1))
  const footer = new Uint8Array(footerBytes)
  footer.set(metaIndexHandle)
  footer.set(indexHandle, metaIndexHandle.length)
  new DataView(footer.buffer).setBigUint64(footerBytes - 8, magic, true)
  writeRaw(out, footer)
  return out.finish()
}

function readFooter(table: Uint8Array, file: string): BlockHandle {
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  const ending = table.length >= footerBytes ? view.getBigUint64(table.length - 8, true) : undefined
  if (ending !== magic) {
    const got = ending === undefined ? `${table.length} bytes` : `0x${ending.toString(16).padStart(16, '0')}`
    throw new CheckpointError(
      file,
      `not the index of a TensorFlow V2 checkpoint, or truncated: wanted the magic number 0x${magic.toString(16)} at its end, got ${got}`,
    )
  }
  const footer = new PbfReader(table.subarray(table.length - footerBytes, table.length - 8))
  try {
    readHandle(footer) // the meta-index, of which TensorFlow makes no use
    return readHandle(footer)
  } catch (cause) {
    throw new CheckpointError(file, 'the footer is damaged', { cause })
  }
}

/** @throws Error when the bytes end before the handle does, or its numbers are impossible in a file. */
function readHandle(pbf: PbfReader): BlockHandle {
  const offset = readVarint(pbf)
  const size = readVarint(pbf)
  if (!(offset >= 0 && size >= 0 && Number.isSafeInteger(offset + size)))
    throw new Error('a block has no place')
  return { offset, size }
}

function encodeHandle({ offset, size }: BlockHandle): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarint(offset)
  pbf.writeVarint(size)
  return pbf.finish()
}

function decodeBlock(table: Uint8Array, { offset, size }: BlockHandle, file: string): TableEntry[] {
  const fail = (problem: string): never => {
    throw new CheckpointError(file, `the block at byte ${offset} ${problem}`)
  }
  const end = offset + size
  if (!(end + trailerBytes <= table.length - footerBytes)) return fail(`of ${size} bytes leaves the file`)
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  const computed = maskedCrc32c(table.subarray(offset, end + 1))
  const stored = view.getUint32(end + 1, true)
  if (computed !== stored)
    return fail(`fails its checksum: ${hex(stored)} is stored, its bytes give ${hex(computed)}`)
  if (table[end] === 1) return fail('is compressed with Snappy, which TensorFlow never uses for checkpoints')
  if (table[end] !== 0) return fail(`has the unknown compression type ${table[end]}`)

  const restarts = size >= 8 ? view.getUint32(end - 4, true) : 0
  const entriesEnd = size - 4 - 4 * restarts
  if (restarts < 1 || entriesEnd < 0) return fail('is malformed (restart points)')
  // Readers that look for one key begin there, so they are checked although all entries are read here.
  const restartAt = (i: number) => view.getUint32(offset + entriesEnd + 4 * i, true)
  const starts = new Set<number>()
  const pbf = new PbfReader(table.subarray(offset, end))
  const entries: TableEntry[] = []
  let key = new Uint8Array()
  while (pbf.pos < entriesEnd) {
    const start = pbf.pos
    const shared = readVarint(pbf)
    const unshared = readVarint(pbf)
    const valueLength = readVarint(pbf)
    const valueStart = pbf.pos + unshared
    const isInside = Math.min(shared, unshared, valueLength) >= 0 && valueStart + valueLength <= entriesEnd
    if (!(isInside && shared <= key.length)) return fail('is malformed (entry)')
    if (shared === 0) starts.add(start)
    key = Buffer.concat([key.subarray(0, shared), pbf.buf.subarray(pbf.pos, valueStart)])
    pbf.pos = valueStart + valueLength
    entries.push([key, pbf.buf.subarray(valueStart, pbf.pos)])
  }
  for (let i = 0; i < restarts; i++)
    if (!starts.has(restartAt(i)) && !(i === 0 && entriesEnd === 0))
      return fail('is malformed (restart points)')
  return entries
}

/** Appends a block, with a restart every `interval` entries. Returns where it is. */
function writeBlock(out: PbfWriter, entries: readonly TableEntry[], interval: number): BlockHandle {
  const offset = out.pos
  const restarts = [0]
  let previous = new Uint8Array()
  entries.forEach(([key, value], i) => {
    let shared = 0
    if (i > 0 && i % interval === 0) restarts.push(out.pos - offset)
    else while (shared < Math.min(previous.length, key.length) && previous[shared] === key[shared]) shared++
    out.writeVarint(shared)
    out.writeVarint(key.length - shared)
    out.writeVarint(value.length)
    writeRaw(out, key.subarray(shared))
    writeRaw(out, value)
    previous = new Uint8Array(key)
  })
  for (const restart of restarts) out.writeFixed32(restart)
  out.writeFixed32(restarts.length)
  const size = out.pos - offset
  writeRaw(out, Uint8Array.of(0))
  out.writeFixed32(maskedCrc32c(out.buf.subarray(offset, out.pos)))
  return { offset, size }
}

function writeRaw(out: PbfWriter, bytes: Uint8Array): void {
  out.realloc(bytes.length)
  out.buf.set(bytes, out.pos)
  out.pos += bytes.length
}

/** The shortest key not below `key`: its first byte that can be raised is, and the rest is cut off. */
function shortSuccessor(key: Uint8Array): Uint8Array {
  const i = key.findIndex(byte => byte !== 0xff)
  if (i < 0) return key
  // A copy: `slice` of a Buffer is a view.
  const successor = new Uint8Array(key.subarray(0, i + 1))
  successor[i]++
  return successor
}

/** A checksum as messages show it. */
export const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
