import { unpackerOf } from '../formats/index.js'
import { ByteStream } from '../io/bytes.js'
import { InputError } from '../io/inputError.js'
import { headerBytes } from '../io/records.js'
import { blockSize, blocks } from './bgzip.js'
import type { SeekableFile } from './seekableFile.js'

/** One of `count` shards, `index` counting from 1. */
export type Shard = { readonly index: number; readonly count: number }

/** The bytes from `start` up to `end` of a file as it lies on the disk. */
export type Stretch = { readonly start: number; readonly end: number }

/** How a file is packed, as far as that decides where reading it can begin. */
export type Packing = 'plain' | 'bgzip' | 'indivisible'

/**
 * What a shard has of each of some files, in their order: a stretch of it, or undefined for nothing. The files, one after
 * the other, are cut into parts of equal size in bytes. A file that can only be read from its beginning (gzip that is not
 * bgzip's, zstd, xz, bzip2) goes as a whole to the shard that its first byte is in.
 * @throws InputError when a shard would be a part of such a file that is the only one.
 */
export async function stretchesOf(
  files: readonly SeekableFile[],
  { index, count }: Shard,
): Promise<(Stretch | undefined)[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const border = (i: number) => (i === count ? total : Math.floor((total / count) * i))
  const from = border(index - 1)
  const to = border(index)
  const stretches: (Stretch | undefined)[] = []
  let begin = 0
  for (const file of files) {
    const within = (place: number) => Math.min(Math.max(place - begin, 0), file.size)
    const stretch = { start: within(from), end: within(to) }
    const hasFirstByte = from <= begin && (begin < to || (begin === total && index === count))
    if (count > 1 && (file.size === 0 || (await packingOf(file)) === 'indivisible')) {
      if (files.length === 1 && file.size > 0) throw indivisible(file)
      stretches.push(hasFirstByte ? { start: 0, end: file.size } : undefined)
    } else stretches.push(stretch.start < stretch.end || count === 1 ? stretch : undefined)
    begin += file.size
  }
  return stretches
}

const indivisible = ({ name }: SeekableFile): InputError =>
  new InputError(
    `${name}: is compressed so that it can only be read from its beginning, and cannot be read in shards; compress it with bgzip (of htslib: gunzip -c ${name} | bgzip > NEW.gz), unpack it, or give several files`,
  )

/** How a file is packed, by its beginning. @throws InputError for a file of bgzip whose first block is damaged. */
export async function packingOf(file: SeekableFile): Promise<Packing> {
  const stream = new ByteStream(file.bytes(0))
  const head = await stream.peek(2 ** 10).finally(() => stream.close())
  if (!unpackerOf(head)) return 'plain'
  if (blockSize(head) === undefined) return 'indivisible'
  for await (const { data } of blocks(file, 0))
    if (data.length > 0) return unpackerOf(data.subarray(0, headerBytes)) ? 'indivisible' : 'bgzip'
  return 'bgzip'
}
