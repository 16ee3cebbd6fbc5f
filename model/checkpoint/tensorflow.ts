/**
 * TensorFlow V2 checkpoints ("tensor bundles": tensorflow/core/util/tensor_bundle, protobuf/tensor_bundle.proto).
 *
 * `PREFIX.index` is a table: the empty key has a BundleHeaderProto, every other key is a variable's name and has a
 * BundleEntryProto: dtype, shape, shard, offset, size, masked CRC32C of the bytes. `PREFIX.data-0000k-of-0000n` are the
 * shards: the variables' little-endian values one after another.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { PbfReader, PbfWriter } from 'pbf'
import { type FieldReaders, maskedCrc32c, readMessage, writeFileAtomic } from '../../data/index.js'
import { decodeTable, encodeTable, hex, type TableEntry } from './table.js'
import {
  bytesOf,
  CheckpointError,
  checkTensor,
  elementBytes,
  elementCount,
  type StoredDtype,
  type StoredTensor,
  type StoredTensors,
  showShape,
  storedDtypes,
  storedTensor,
} from './tensors.js'

type BundleHeader = {
  shards: number
  endianness: number
}

type BundleEntry = {
  dtype: number
  shape: number[]
  shard: number
  offset: number
  size: number
  crc32c: number
  sliced: boolean
}

/** Numbers of tensorflow/core/framework/types.proto. */
const dtypeNumbers: Readonly<Record<StoredDtype, number>> = {
  F32: 1,
  F64: 2,
  I32: 3,
  U8: 4,
  I16: 5,
  I8: 6,
  I64: 9,
  BOOL: 10,
  U16: 17,
  F16: 19,
  U32: 22,
  U64: 23,
}

/** `PREFIX` for `PREFIX`, `PREFIX.index` and `PREFIX.data-00000-of-00001`. */
export const tensorFlowPrefix = (path: string): string => path.replace(/\.(index|data-\d{5}-of-\d{5})$/, '')

const shardPath = (prefix: string, shard: number, shards: number): string =>
  `${prefix}.data-${String(shard).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}`

/**
 * Every variable of a checkpoint, by name, in the order of the names' bytes. `path`: the prefix (`model_900.ckpt`), or
 * the path of its index or of a data file.
 * @throws CheckpointError that names the file, the variable, what was wanted and what was got, for missing, truncated,
 * damaged (every checksum is verified) or foreign files, dtypes without a typed array, partitioned variables.
 */
export async function readTensorFlowCheckpoint(path: string): Promise<Map<string, StoredTensor>> {
  const prefix = tensorFlowPrefix(path)
  const indexPath = `${prefix}.index`
  const { header, entries } = decodeIndex(await readIndex(prefix), indexPath)
  const shards: FileHandle[] = []
  try {
    for (let i = 0; i < header.shards; i++) shards.push(await openShard(shardPath(prefix, i, header.shards)))
    const tensors = new Map<string, StoredTensor>()
    checkOverlap(entries, indexPath)
    for (const [name, entry] of entries) {
      const dtype = checkEntry(name, entry, header, indexPath)
      const file = shardPath(prefix, entry.shard, header.shards)
      tensors.set(
        name,
        storedTensor(dtype, entry.shape, await readValue(shards[entry.shard], name, entry, file)),
      )
    }
    return tensors
  } finally {
    await Promise.all(shards.map(shard => shard.close()))
  }
}

/**
 * Write `PREFIX.data-00000-of-00001`, then `PREFIX.index`, each whole or not at all, as TensorFlow's own saver would:
 * variables in the order of their names' bytes.
 * @throws CheckpointError, before anything is written, for data that do not fill their shape.
 */
export async function writeTensorFlowCheckpoint(prefix: string, tensors: StoredTensors): Promise<void> {
  const sorted = [...tensors]
    .map(([name, tensor]) => ({ name, key: new TextEncoder().encode(name), tensor }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
  const entries: TableEntry[] = [[new Uint8Array(), encodeHeader()]]
  const values: Uint8Array[] = []
  let offset = 0
  for (const { name, key, tensor } of sorted) {
    if (name === '') throw new CheckpointError(prefix, 'a variable needs a name')
    checkTensor(prefix, name, tensor)
    const value = bytesOf(tensor)
    entries.push([key, encodeEntry(tensor, offset, maskedCrc32c(value))])
    values.push(value)
    offset += value.length
  }
  await writeFileAtomic(shardPath(prefix, 0, 1), Buffer.concat(values, offset))
  await writeFileAtomic(`${prefix}.index`, encodeTable(entries))
}

async function readIndex(prefix: string): Promise<Uint8Array> {
  try {
    return await readFile(`${prefix}.index`)
  } catch (cause) {
    throw new CheckpointError(
      `${prefix}.index`,
      `cannot read the index of the TensorFlow checkpoint (a prefix such as model_900.ckpt is wanted): ${(cause as Error).message}`,
      { cause },
    )
  }
}

async function openShard(file: string): Promise<FileHandle> {
  try {
    return await open(file)
  } catch (cause) {
    throw new CheckpointError(
      file,
      `cannot read the data that the index names: ${(cause as Error).message}`,
      { cause },
    )
  }
}

async function readValue(
  shard: FileHandle,
  name: string,
  entry: BundleEntry,
  file: string,
): Promise<Uint8Array> {
  const end = entry.offset + entry.size
  const { size: fileSize } = await shard.stat()
  if (end > fileSize) {
    throw new CheckpointError(
      file,
      `variable ${name} should be bytes ${entry.offset} to ${end}, the file has ${fileSize} (truncated)`,
    )
  }
  const bytes = new Uint8Array(entry.size)
  for (let done = 0; done < entry.size; ) {
    const { bytesRead } = await shard.read(bytes, done, entry.size - done, entry.offset + done)
    if (bytesRead === 0)
      throw new CheckpointError(file, `variable ${name}: the file shrank while it was read`)
    done += bytesRead
  }
  const computed = maskedCrc32c(bytes)
  if (computed !== entry.crc32c) {
    throw new CheckpointError(
      file,
      `variable ${name} fails its checksum: the index has ${hex(entry.crc32c)}, its bytes give ${hex(computed)} (damaged, or data and index of different checkpoints)`,
    )
  }
  return bytes
}

function decodeIndex(
  index: Uint8Array,
  file: string,
): { header: BundleHeader; entries: (readonly [string, BundleEntry])[] } {
  try {
    const [first, ...rest] = decodeTable(index, file)
    if (first?.[0].length !== 0) throw new CheckpointError(file, 'the index has no bundle header')
    const header = readMessage(new PbfReader(first[1]), headerFields, { shards: 0, endianness: 0 })
    if (header.endianness !== 0) throw new CheckpointError(file, 'big-endian checkpoints are not supported')
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    return { header, entries: rest.map(([key, value]) => [utf8.decode(key), decodeEntry(value)] as const) }
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause
    throw new CheckpointError(file, `the index is malformed (${(cause as Error).message})`, { cause })
  }
}

/** The dtype of an entry that can be read. @throws CheckpointError for others. */
function checkEntry(name: string, entry: BundleEntry, header: BundleHeader, file: string): StoredDtype {
  const fail = (problem: string): never => {
    throw new CheckpointError(file, `variable ${name} ${problem}`)
  }
  const dtype = storedDtypes.find(name => dtypeNumbers[name] === entry.dtype)
  if (dtype === undefined) {
    const hint = entry.dtype === 7 ? ' (string: is it a TensorFlow 2 object checkpoint?)' : ''
    return fail(
      `has dtype number ${entry.dtype}${hint}; wanted one of ${Object.keys(dtypeNumbers).join(', ')}`,
    )
  }
  if (entry.sliced) return fail('is partitioned into slices, which is not supported')
  if (!(entry.shard >= 0 && entry.shard < header.shards))
    return fail(`is in shard ${entry.shard} of ${header.shards}`)
  const wanted = elementCount(entry.shape) * elementBytes(dtype)
  if (Number.isNaN(wanted)) return fail(`has the impossible shape ${showShape(entry.shape)}`)
  if (entry.size !== wanted) {
    return fail(`has ${entry.size} bytes, ${dtype} ${showShape(entry.shape)} takes ${wanted}`)
  }
  if (!(entry.offset >= 0 && Number.isSafeInteger(entry.offset + entry.size)))
    return fail(`has the impossible offset ${entry.offset}`)
  return dtype
}

/** @throws CheckpointError when two variables share bytes of a shard. */
function checkOverlap(entries: readonly (readonly [string, BundleEntry])[], file: string): void {
  const inOrder = entries
    .filter(([, { size }]) => size > 0)
    .sort(([, a], [, b]) => a.shard - b.shard || a.offset - b.offset)
  for (const [i, [name, entry]] of inOrder.entries()) {
    if (i === 0) continue
    const [nameBefore, before] = inOrder[i - 1]
    if (entry.shard === before.shard && entry.offset < before.offset + before.size)
      throw new CheckpointError(
        file,
        `variables ${nameBefore} and ${name} share bytes of the data (damaged index)`,
      )
  }
}

// The protocol buffers, field by field; `readMessage` skips fields that do not matter here.

const headerFields: FieldReaders<BundleHeader> = {
  1: { varint: (header, shards) => Object.assign(header, { shards }) },
  2: { varint: (header, endianness) => Object.assign(header, { endianness }) },
}

function encodeHeader(): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, 1) // num_shards
  pbf.writeMessage(3, (producer: number, version) => version.writeVarintField(1, producer), 1)
  return pbf.finish()
}

const decodeEntry = (value: Uint8Array): BundleEntry =>
  readMessage(new PbfReader(value), entryFields, {
    dtype: 0,
    shape: [],
    shard: 0,
    offset: 0,
    size: 0,
    crc32c: 0,
    sliced: false,
  })

type Dim = { size: number }

const dimFields: FieldReaders<Dim> = { 1: { varint: (dim, size) => Object.assign(dim, { size }) } }

const shapeFields: FieldReaders<number[]> = {
  2: { bytes: (shape, pbf, end) => shape.push(readMessage<Dim>(pbf, dimFields, { size: 0 }, end).size) },
}

const entryFields: FieldReaders<BundleEntry> = {
  1: { varint: (entry, dtype) => Object.assign(entry, { dtype }) },
  2: { bytes: ({ shape }, pbf, end) => readMessage(pbf, shapeFields, shape, end) },
  3: { varint: (entry, shard) => Object.assign(entry, { shard }) },
  4: { varint: (entry, offset) => Object.assign(entry, { offset }) },
  5: { varint: (entry, size) => Object.assign(entry, { size }) },
  6: { fixed32: (entry, crc32c) => Object.assign(entry, { crc32c }) },
  7: { bytes: entry => Object.assign(entry, { sliced: true }) },
}

function encodeEntry({ dtype, shape, data }: StoredTensor, offset: number, crc32c: number): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, dtypeNumbers[dtype])
  pbf.writeMessage(2, writeShape, shape)
  // As protocol buffers want it, zero is the absence of the field: the shard (3) and the first offset.
  if (offset > 0) pbf.writeVarintField(4, offset)
  if (data.byteLength > 0) pbf.writeVarintField(5, data.byteLength)
  if (crc32c !== 0) pbf.writeFixed32Field(6, crc32c)
  return pbf.finish()
}

function writeShape(shape: readonly number[], pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(2, (n: number, dim) => n !== 0 && dim.writeVarintField(1, n), size)
  }
}
