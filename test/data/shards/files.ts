/** Files in memory for tests of shards. */
import { crc32, deflateRawSync } from 'node:zlib'
import type { Read } from '../../../data/read.js'
import { type ReadOptions, readStretch } from '../../../data/readReads.js'
import { type SeekableFile, type Shard, stretchesOf } from '../../../data/shards/index.js'

/** Bytes as a file that gives them in chunks of `chunkSize`. */
export const fileOf = (bytes: Uint8Array, { name = 'reads', chunkSize = 7 } = {}): SeekableFile => ({
  name,
  size: bytes.length,
  async *bytes(from, to = bytes.length) {
    for (let i = from; i < to; i += chunkSize) yield bytes.subarray(i, Math.min(to, i + chunkSize))
  },
})

/** The reads of one shard of some files. */
export async function readsOfShard(
  files: readonly SeekableFile[],
  shard: Shard,
  options: ReadOptions = {},
): Promise<Read[]> {
  const reads: Read[] = []
  for (const [i, stretch] of (await stretchesOf(files, shard)).entries())
    if (stretch) for await (const read of readStretch(files[i], stretch, options)) reads.push(read)
  return reads
}

/** The reads of all shards of some files, one shard after the other. */
export async function readsOfShards(
  files: readonly SeekableFile[],
  count: number,
  options: ReadOptions = {},
): Promise<Read[]> {
  const shards = Array.from({ length: count }, (_, i) =>
    readsOfShard(files, { index: i + 1, count }, options),
  )
  return (await Promise.all(shards)).flat()
}

/** A block of BGZF (the specification of SAM, section 4.1). `level` 0 stores the data as they are. */
function bgzipBlock(data: Uint8Array, level: number): Buffer {
  const packed = deflateRawSync(data, { level })
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0, 0, 0])
  const size = head.length + packed.length + 8
  head.writeUInt16LE(size - 1, 16)
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc32(data), 0)
  tail.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, packed, tail])
}

/** Bytes as bgzip packs them, in blocks of `blockBytes` and the empty one at the end. */
export function bgzipped(bytes: Uint8Array, blockBytes: number, level = 6): Buffer {
  const packed: Buffer[] = []
  for (let i = 0; i < bytes.length; i += blockBytes)
    packed.push(bgzipBlock(bytes.subarray(i, i + blockBytes), level))
  return Buffer.concat([...packed, bgzipBlock(new Uint8Array(0), level)])
}
