import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InputError } from '../io/inputError.js'

/**
 * Decompresses gzip data of any number of members, as bgzip and `cat a.gz b.gz` write them. After the last one zeros may
 * follow, as tapes have them. `file` is what messages call the source.
 * @throws InputError for anything else after a member (zlib would leave it out without a word); zlib's errors for
 * damaged or cut data.
 */
export async function* gunzip(
  compressed: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array> {
  const source = compressed[Symbol.asyncIterator]()
  const output = createGunzip({ chunkSize: 1 << 17 })
  /** Chunks that zlib has not taken in as a whole, and where the first of them begins. */
  const pending: Uint8Array[] = []
  let pendingFrom = 0
  async function* feed(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value, done } = await source.next()
      if (done) return
      while (pending.length > 0 && pendingFrom + pending[0].length <= output.bytesWritten)
        pendingFrom += pending.shift()?.length ?? 0
      pending.push(value)
      yield value
    }
  }
  const checkTrailing = (bytes: Uint8Array) => {
    if (bytes.some(byte => byte !== 0))
      throw new InputError(
        `${file}: the gzip data is followed by something else (several files in one, or damaged?)`,
      )
  }
  try {
    pipeline(Readable.from(feed()), output, () => {}) // an error reaches whoever reads `output`
    yield* output
    // zlib ends at a zero after a member, whatever follows.
    checkTrailing(Buffer.concat(pending).subarray(output.bytesWritten - pendingFrom))
    for (;;) {
      const { value, done } = await source.next()
      if (done) return
      checkTrailing(value)
    }
  } finally {
    output.destroy()
    await source.return?.()
  }
}
