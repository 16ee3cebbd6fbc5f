/**
 * Files of bgzip (htslib): gzip files of many small members, whose sizes stand in them, so that unpacking can begin at any
 * of them. The format is BGZF in the specification of SAM, section 4.1.
 */
import { gunzipSync } from 'node:zlib'
import { ByteStream } from '../io/bytes.js'
import { InputError } from '../io/inputError.js'
import type { SeekableFile } from './seekableFile.js'

/** What is unpacked of one block, and where the block begins in the file. */
export type Block = { readonly offset: number; readonly data: Uint8Array }

/** A block with its header, in bytes, at most: its size less one is a number of 16 bits. */
const mostBlockBytes = 2 ** 16

/** Before the extra field, whose length is the last two of them. */
const fixedBytes = 12

const u16 = (bytes: Uint8Array, offset: number): number => bytes[offset] | (bytes[offset + 1] << 8)

/** The size in bytes of the block that `bytes` begin with; undefined if they begin with none, or end in its header. */
export function blockSize(bytes: Uint8Array): number | undefined {
  const isGzipWithExtraField = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8 && bytes[3] & 4
  if (!isGzipWithExtraField || bytes.length < fixedBytes) return undefined
  const end = fixedBytes + u16(bytes, fixedBytes - 2)
  // Its subfields: two letters, the length of what follows, and that.
  for (let i = fixedBytes; i + 4 <= end; i += 4 + u16(bytes, i + 2)) {
    const isSize = bytes[i] === 0x42 && bytes[i + 1] === 0x43 && u16(bytes, i + 2) === 2
    if (isSize) return i + 6 <= Math.min(end, bytes.length) ? u16(bytes, i + 4) + 1 : undefined
  }
  return undefined
}

/**
 * Where the first block begins at or after the byte `from`; the size of the file if that is at its end.
 *
 * Packed data may look like a block, even be one. But then the next one, and all after it, must begin where the sizes of
 * those before say, beyond the end of the block that the data are of, which is at most `mostBlockBytes` away.
 * @throws InputError where there is none, though every block is shorter than what was looked at: the file is damaged.
 */
export async function findBlock(file: SeekableFile, from: number): Promise<number> {
  if (from === 0 || from >= file.size) return Math.min(from, file.size)
  const stream = new ByteStream(file.bytes(from))
  const bytes = await stream.peek(3 * mostBlockBytes).finally(() => stream.close())
  const isEnd = (index: number) => from + index === file.size
  const isFollowed = (index: number): boolean => {
    while (index < mostBlockBytes && !isEnd(index)) {
      const size = blockSize(bytes.subarray(index))
      if (size === undefined) return false
      index += size
    }
    return isEnd(index) || blockSize(bytes.subarray(index)) !== undefined
  }
  for (let index = 0; index < mostBlockBytes && !isEnd(index); index++)
    if (isFollowed(index)) return from + index
  if (bytes.length < mostBlockBytes) return file.size
  throw damaged(file, from, `no block begins within ${mostBlockBytes} bytes`)
}

/**
 * The blocks of a file from the one on that begins at byte `from`, up to the one that begins at `to`, or to the end.
 * @throws InputError when the file is damaged, or goes on as something else.
 */
export async function* blocks(file: SeekableFile, from: number, to = file.size): AsyncGenerator<Block> {
  if (from === to) return
  const stream = new ByteStream(file.bytes(from, to))
  try {
    for (;;) {
      const offset = from + stream.offset
      const head = await stream.peek(mostBlockBytes)
      if (head.length === 0) return
      const size = blockSize(head)
      if (size === undefined) throw damaged(file, offset, 'a block is expected, and something else is there')
      if (size > head.length)
        throw damaged(file, offset, `cut off after ${head.length} of the block's ${size} bytes`)
      yield { offset, data: unpack(file, offset, await stream.take(size)) }
    }
  } finally {
    await stream.close()
  }
}

const damaged = ({ name }: SeekableFile, offset: number, what: string): InputError =>
  new InputError(`${name} byte ${offset}: bgzip data is damaged: ${what}`)

/** The data of the block at an offset. A block is so small that doing it elsewhere would take longer. */
function unpack(file: SeekableFile, offset: number, block: Uint8Array): Uint8Array {
  try {
    return gunzipSync(block)
  } catch (error) {
    throw damaged(file, offset, (error as Error).message)
  }
}
