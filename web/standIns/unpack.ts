/**
 * For `data/formats/unpack` in a page: gzip by pako, a port of zlib to JavaScript.
 * (DecompressionStream of browsers ends with an error after the first member of a bgzip file.)
 */
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako'
import { InputError } from '../../data/index.js'

type Unpack = (compressed: AsyncIterable<Uint8Array>, file: string) => AsyncIterable<Uint8Array>

/** A page has no programs to call. */
const refuse =
  (program: string): Unpack =>
  (_, file) => {
    throw new InputError(
      `${file}: is compressed with ${program}, which a page cannot unpack; unpack it first (${program} -d), or compress it with gzip`,
    )
  }

const compressions: readonly { readonly magic: readonly number[]; readonly unpack: Unpack }[] = [
  { magic: [0x1f, 0x8b], unpack: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: refuse('zstd') },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], unpack: refuse('xz') },
  { magic: [0x42, 0x5a, 0x68], unpack: refuse('bzip2') },
]

/** What unpacks a file that begins with `head`; undefined if it is not compressed. */
export const unpackerOf = (head: Uint8Array): Unpack | undefined =>
  compressions.find(({ magic }) => magic.every((byte, i) => head[i] === byte))?.unpack

/**
 * Decompresses gzip data of any number of members; after the last one zeros may follow, as tapes have them.
 * @throws InputError for anything else after a member; Error with the `code` that zlib has in Node for cut (Z_BUF_ERROR)
 * and damaged (Z_DATA_ERROR) data, so that readers say the same of them.
 */
async function* gunzip(compressed: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const stream = new ZStream()
  zlibInflateInit2(stream, gzipOnly)
  let status: number = Z_OK
  let ended = false
  for await (const chunk of compressed) {
    stream.input = chunk
    stream.next_in = 0
    stream.avail_in = chunk.length
    do {
      if (status === Z_STREAM_END && stream.avail_in > 0) {
        const next = chunk[stream.next_in]
        ended ||= next === 0
        if (
          ended ? chunk.subarray(stream.next_in).some(byte => byte !== 0) : next !== compressions[0].magic[0]
        )
          throw new InputError(
            `${file}: the gzip data is followed by something else (several files in one, or damaged?)`,
          )
        if (ended) break
        zlibInflateReset(stream)
      }
      stream.output = new Uint8Array(outputBytes)
      stream.next_out = 0
      stream.avail_out = outputBytes
      status = zlibInflate(stream, Z_NO_FLUSH)
      // No progress without more input is no fault.
      if (status < 0 && status !== Z_BUF_ERROR) throw zlibError('Z_DATA_ERROR', stream.msg)
      if (stream.next_out > 0) yield stream.output.subarray(0, stream.next_out)
    } while (stream.avail_in > 0 || stream.avail_out === 0)
  }
  if (status !== Z_STREAM_END) throw zlibError('Z_BUF_ERROR', 'unexpected end of file')
}

const outputBytes = 1 << 17
/** zlib's windowBits: a window of 32 kB, and a header of gzip. */
const gzipOnly = 15 + 16

const zlibError = (code: string, message: string): Error => Object.assign(new Error(message), { code })
